// A record as it is shown here, and what of it the server has confirmed. There is one object for a record, whichever list
// it comes with, so that an editor, the panel and a pending save all mean the same one.

/** Whether two values are the same. */
export const same = (a, b) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

const isThere = (value) => value !== null && value !== undefined;

/** Whether something of a record is here only, and would be lost with the page. */
export function isUnsaved(record) {
  if (record.busy > 0 || Object.values(record.errors ?? {}).some(Boolean)) return true;
  return Boolean(record.draft) && Object.values(record.values).some(isThere);
}

/** Whether a record has to stay the object it is: it is being saved, holds what could not be saved, or is open somewhere. */
export const isKept = (record) => record.uses > 0 || isUnsaved(record);

/** What is seen of a value now: `mark` tells later whether somebody else has changed it since. */
export const sight = (record, id) => ({ value: record.values[id] ?? null, mark: record.foreign?.[id] ?? 0 });

/** Whether somebody else has changed a value since it was seen. */
export const isForeign = (record, id, seen) => (record.foreign?.[id] ?? 0) !== seen.mark;

/** Locks a value that is being saved: an answer about its record does not put back what stood there before. */
export function lock(record, id) {
  record.saving ??= new Map();
  record.saving.set(id, (record.saving.get(id) ?? 0) + 1);
}

export function unlock(record, id) {
  const left = (record.saving?.get(id) ?? 0) - 1;
  if (left > 0) record.saving.set(id, left);
  else record.saving?.delete(id);
}

/** A value that the server says, other than it said last, is somebody else's; but for what was sent from here. */
function judge(record, id, value, own) {
  const base = record.base ?? record.values;
  if (own.includes(id) || same(value, base[id])) return;
  const sent = record.saving?.has(id) && same(value, record.values[id]);
  // A call whose answer was lost may have been done all the same.
  const unsure = record.unsure && id in record.unsure && same(value, record.unsure[id]);
  if (!sent && !unsure) record.foreign = { ...record.foreign, [id]: (record.foreign?.[id] ?? 0) + 1 };
}

/** Takes over a record as the server says it is; `own` are the fields whose values it has from here. */
export function confirm(record, now, own = []) {
  for (const id of new Set([...Object.keys(now.values), ...Object.keys(record.base ?? record.values)])) judge(record, id, now.values[id], own);
  const values = { ...now.values };
  for (const id of record.saving?.keys() ?? []) values[id] = record.values[id];
  const { id, version, createdAt, updatedAt, displayValues } = now;
  Object.assign(record, { id, version, createdAt, updatedAt, displayValues, values, base: now.values });
  if (own.length > 0) record.unsure = undefined;
  record.stamp = (record.stamp ?? 0) + 1;
}

/** The same for a record of a list, which may have been on its way longer than the answer to a later save. */
export function listed(record, now) {
  if (now.createdAt === record.createdAt && now.version < record.version) return;
  if (now.version === record.version && now.createdAt === record.createdAt && same(now.values, record.base ?? record.values)) return;
  confirm(record, now);
}
