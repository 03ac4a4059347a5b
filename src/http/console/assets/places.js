// What is known of some places of a list, in their order.

/** A map from places to values that finds the nearest known one. */
export class Places {
  #keys = [];
  #values = new Map();

  clear() {
    this.#keys = [];
    this.#values.clear();
  }

  /** How many of some sorted numbers are below one. */
  static below(sorted, number) {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle] < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  set(place, value) {
    if (!this.#values.has(place)) this.#keys.splice(Places.below(this.#keys, place), 0, place);
    this.#values.set(place, value);
  }

  #entry(place) {
    return place === undefined ? null : { place, value: this.#values.get(place) };
  }

  /** The last one at or before a place. */
  floor(place) {
    return this.#entry(this.#keys[Places.below(this.#keys, place + 1) - 1]);
  }

  /** The first one after a place. */
  ceiling(place) {
    return this.#entry(this.#keys[Places.below(this.#keys, place + 1)]);
  }

  last() {
    return this.#entry(this.#keys.at(-1));
  }

  /** Moves everything up because records at sorted places are gone; what was known of those is forgotten. */
  shift(gone) {
    const left = this.#keys.filter((place) => Places.below(gone, place) === Places.below(gone, place + 1));
    const values = new Map(left.map((place) => [place - Places.below(gone, place), this.#values.get(place)]));
    this.#values = values;
    this.#keys = [...values.keys()].sort((a, b) => a - b);
  }
}
