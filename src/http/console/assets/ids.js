// Ids of records as numbers: 128 bits in Crockford's base32, which sort as they are written.

const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";

export const ID_MIN = `rec${"0".repeat(26)}`;
export const ID_MAX = `rec7${"z".repeat(25)}`;

const toNumber = (id) => [...id.slice(3)].reduce((sum, digit) => sum * 32n + BigInt(DIGITS.indexOf(digit)), 0n);

function toId(number) {
  let text = "";
  for (let n = 0, rest = number; n < 26; n += 1, rest /= 32n) text = DIGITS[Number(rest % 32n)] + text;
  return `rec${text}`;
}

/** The id that lies so far (0 to 1) between two others. */
export function idBetween(low, high, part) {
  const [from, to] = [toNumber(low), toNumber(high)];
  return toId(from + ((to - from) * BigInt(Math.round(part * 1e6))) / 1_000_000n);
}

/** How far apart the ids of some records that follow each other are, on average. */
export const idPace = (first, last, count) => (count > 1 ? (toNumber(last) - toNumber(first)) / BigInt(count - 1) : null);

/** The id so many records after one, if they go on at a pace; null if that is none. */
export function idAfter(id, pace, count) {
  const number = toNumber(id) + pace * BigInt(count);
  return number > 0n && number < 1n << 128n ? toId(number) : null;
}

/**
 * An id near the one at a place that is wanted, between two known ones (`{place, value: {id, pace, bound}}`). Records come
 * in bursts (one import is some milliseconds), so ids are not spread evenly: by turns the pace of the records before is
 * taken to go on, which finds the place within a burst or the beginning of the next one, and what is left is divided.
 */
export function idGuess(low, high, place, probes) {
  const bound = high.value.bound ?? high.value.id;
  const inside = (id) => id !== null && (id > low.value.id) === (bound > id);
  const onward = probes % 2 && low.value.pace ? idAfter(low.value.id, low.value.pace, place - low.place) : null;
  if (inside(onward)) return onward;
  return idBetween(low.value.id, bound, probes % 4 ? (place - low.place) / (high.place - low.place) : 0.5);
}
