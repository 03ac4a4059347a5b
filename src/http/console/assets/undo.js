// What was done last, to be taken back: by Ctrl+Z, and by the buttons of notes, which mean the same deeds.

import { t } from "./messages.js";
import { run } from "./toast.js";

const KEPT_MAX = 100;

export class Undo {
  #done = [];
  #undone = [];
  /** Where deeds go that are done now: what takes a deed back is one itself. */
  #target = null;
  /** Settled when nothing is being taken back. */
  #turn = Promise.resolve();

  /** Remembers what takes back a deed that was done: `back` resolves with false if it could not. */
  push(back) {
    const deed = { back };
    if (this.#target === null) this.#undone = [];
    const list = this.#target ?? this.#done;
    list.push(deed);
    if (list.length > KEPT_MAX) list.shift();
    return deed;
  }

  /** The deed that was done last. */
  get last() {
    return this.#done.at(-1);
  }

  /** What a note offers that tells of a deed. */
  action(deed) {
    return { label: t("grid.undo"), run: () => this.take(deed) };
  }

  /** Takes the last deed back. */
  undo() {
    return this.#next(() => this.last);
  }

  /** Does again what was taken back last. */
  redo() {
    return this.#next(() => this.#undone.at(-1));
  }

  /** Takes one deed back, unless it has been. Resolves with false if it is to be tried again. */
  take(deed) {
    return this.#next(() => deed);
  }

  /** One after the other: which deed is the last, and which list a deed belongs to, is told by when its turn comes. */
  #next(chosen) {
    this.#turn = this.#turn.then(() => this.#take(chosen()));
    return this.#turn;
  }

  async #take(deed) {
    const [from, to] = this.#undone.includes(deed) ? [this.#undone, this.#done] : [this.#done, this.#undone];
    const at = from.indexOf(deed);
    if (at < 0) return true;
    from.splice(at, 1);
    this.#target = to;
    const done = await run(deed.back);
    this.#target = null;
    if (done === false) from.splice(at, 0, deed);
    return done !== false;
  }
}
