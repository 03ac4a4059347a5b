// The records of the grid by their place in the list, of which only those around what is seen are held.
//
// A list goes forward only, by cursors. Those that were passed are kept, so that every place once seen is one call away.
// A far jump has two ways. In the order of ids a place is sought: the count of records from an id on tells the id's place,
// and a few such calls close in on the one that is wanted. In any other order pages are passed over, a thousand at a time
// and with one field only; their cursors stay.

import { ID_MAX, ID_MIN, idGuess, idPace } from "./ids.js";
import { Places } from "./places.js";
import { isKept, isUnsaved, listed } from "./record.js";

const PAGE = 200;
const PAGE_MAX = 1000;
const AHEAD = 400;
const BEHIND = 200;
const HELD = 8000;
const SAMPLE = 50;
const SEEK_PAUSE_MS = 3000;
/** So near a known record a place is reached by one page. */
const STEP = 800;
const PROBES_MAX = 80;
/** From so many records on the server takes its time for the first far place, and is asked before anybody waits for it. */
const MANY = 50_000;
const QUIET_MS = 150;
/** So often a list that others change is loaded again; then its pages are passed over for a while. */
const RESTARTS_MAX = 3;
const PASS_MS = 60_000;
const MOVED = Symbol("moved");

/** What records tell of the ids where they are. */
const known = (records) => ({ id: records[0].id, pace: idPace(records[0].id, records.at(-1).id, records.length) });

/** Records by place. `moved()` makes the error for a range of which a part belongs to another list. */
export class Rows {
  #api;
  #changed;
  #failed;
  #moved;
  #question = {};
  #asked = {};
  #held = new Map();
  /** Places whose records are held, but are asked for again. */
  #stale = new Set();
  #byId = new Map();
  #cursors = new Places();
  #anchors = new Places();
  #server = 0;
  #seen = [0, 0];
  // Raised whenever places change: what was asked for before is dropped.
  #turn = 0;
  #loads = 0;
  #loading = null;
  #lists = 0;
  #ranges = 0;
  #restarts = 0;
  #probes = 0;
  #seekFrom = 0;
  #busy = false;
  // After a failure nothing is asked for until somebody says so.
  #paused = false;
  /** Records made here since the list was loaded: they stand at its end, whatever filter and sort say. */
  extras = [];
  loaded = false;
  /** Whether a far place is being looked for. */
  far = false;

  constructor(api, { changed, failed, moved = () => new Error("moved") }) {
    this.#api = api;
    this.#moved = moved;
    this.#changed = changed;
    this.#failed = failed;
  }

  get total() {
    return this.#server + this.extras.length;
  }

  get question() {
    return this.#question;
  }

  at(index) {
    return index < this.#server ? this.#held.get(index) : this.extras[index - this.#server];
  }

  find(id) {
    return this.#byId.get(id) ?? this.extras.find((record) => record.id === id);
  }

  placeOf(record) {
    const extra = this.extras.indexOf(record);
    if (extra >= 0) return this.#server + extra;
    return record && this.#held.get(record.place) === record ? record.place : -1;
  }

  get isUnsaved() {
    return [...this.#byId.values(), ...this.extras].some(isUnsaved);
  }

  /** Waits for what is being saved. */
  saved() {
    return Promise.all([...this.#byId.values(), ...this.extras].map((record) => record.chain));
  }

  /** Asks anew. What is shown stays until the first answer. */
  load(question) {
    this.#asked = question;
    const loading = this.#load(question).finally(() => { if (this.#loading === loading) this.#loading = null; });
    this.#loading = loading;
    return loading;
  }

  /** Waits for the list that was asked for last. */
  async ready() {
    while (this.#loading) await this.#loading;
  }

  async #load(question) {
    const load = ++this.#loads;
    const page = await this.#api.page({ ...question, limit: PAGE });
    if (load !== this.#loads) return false;
    this.#turn += 1;
    this.#lists += 1;
    this.#question = question;
    this.#clear();
    this.#server = page.total;
    this.loaded = true;
    this.#paused = false;
    this.#cursors.set(0, null);
    this.#took(0, page);
    this.#changed();
    if (page.total > MANY && this.#seeks()) setTimeout(() => load === this.#loads && this.#prepare(), QUIET_MS);
    return true;
  }

  /** Has the server get ready for questions about far places. What it answers is of no use, a failure neither. */
  #prepare() {
    const { filter } = this.#question;
    const everyone = `id >= "${ID_MIN}"`;
    this.#ask({ filter: filter ? `(${filter}) and ${everyone}` : everyone, limit: 1, fields: [this.passField], total: true }).catch(() => {});
  }

  /** Forgets the list. Its records are kept for the next one, so that each stays the same object. */
  #clear() {
    for (const record of this.extras) if (!record.draft) this.#byId.set(record.id, record);
    this.extras = this.extras.filter((record) => record.draft);
    for (const [id, record] of this.#byId) {
      if (record.place === undefined && !isKept(record)) this.#byId.delete(id);
      record.place = undefined;
    }
    this.#held.clear();
    this.#stale.clear();
    this.#cursors.clear();
    this.#anchors.clear();
    this.#probes = 0;
  }

  /** Asks again for what is held, which is shown until then. A list that is on its way will have all that is new. */
  refresh() {
    if (this.#loading) return undefined;
    this.#turn += 1;
    for (const [place, record] of this.#held) if (!isKept(record)) this.#stale.add(place);
    return this.want(...this.#seen);
  }

  /** Goes on after a failure. */
  retry() {
    this.#paused = false;
    return this.want(...this.#seen);
  }

  /** Says what is seen, and gets what is missing of it and around it. */
  async want(first, last) {
    this.#seen = [first, last];
    // Where nothing is missing nothing happens: a change that is told draws the grid, and drawing wants.
    if (this.#busy || this.#paused || !this.loaded || this.#missing() === null) return;
    this.#busy = true;
    try {
      for (let place = this.#missing(); place !== null; place = this.#missing()) await this.#get(place);
    } catch (problem) {
      this.#paused = true;
      this.#failed(problem);
    } finally {
      this.#busy = false;
      this.far = false;
      this.#changed();
    }
  }

  #lacks(place) {
    return !this.#held.has(place) || this.#stale.has(place);
  }

  #missing() {
    const [first, last] = this.#seen;
    const gap = (from, to) => {
      for (let n = Math.max(0, from); n < Math.min(to, this.#server); n += 1) if (this.#lacks(n)) return n;
      return null;
    };
    return gap(first, last) ?? gap(last, last + AHEAD) ?? gap(first - BEHIND, first);
  }

  async #get(place) {
    const turn = this.#turn;
    const start = this.#cursors.floor(place);
    const near = start && place - start.place < PAGE_MAX;
    const apply = near ? await this.#ahead(start, place) : await this.#leap(start, place);
    if (turn !== this.#turn) return;
    if (apply === MOVED) return void (await this.#restart());
    apply();
    this.#changed();
  }

  /** Loads the list again, because others have changed it so much that places can't be told from what is known. */
  #restart() {
    this.#restarts += 1;
    if (this.#restarts % RESTARTS_MAX === 0) this.#seekFrom = performance.now() + PASS_MS;
    return this.load(this.#asked);
  }

  /** A far place: sought by ids where that can be, or else by passing pages over. */
  async #leap(start, place) {
    if (!this.#seeks()) return this.#pass(start);
    try {
      return await this.#seek(place);
    } catch (problem) {
      // The first such question about a large table may take the server longer than it allows one to.
      if (problem.status !== 503) throw problem;
      this.#seekFrom = performance.now() + SEEK_PAUSE_MS;
      return this.#pass(start);
    }
  }

  async #ahead({ place: start, value: cursor }, place) {
    const limit = this.#ranges > 0 ? PAGE_MAX : Math.min(PAGE_MAX, Math.max(PAGE, place - start + PAGE));
    const page = await this.#ask({ cursor, limit });
    return () => this.#took(start, page);
  }

  async #pass({ place: start, value: cursor }) {
    this.far = true;
    const page = await this.#ask({ cursor, limit: PAGE_MAX, fields: [this.passField] });
    return () => {
      if (page.nextCursor) this.#cursors.set(start + page.records.length, page.nextCursor);
      else this.#server = start + page.records.length;
    };
  }

  #ask(more) {
    const body = { ...this.#question, total: false, ...more };
    if (!body.cursor) delete body.cursor;
    return this.#api.page(body);
  }

  /** Whether places can be sought by id: in the order of ids, and with a filter in its text form. */
  #seeks() {
    const { sort = [], filter = "" } = this.#question;
    const byId = sort.length === 0 || sort[0] === "id" || sort[0] === "-id";
    return byId && performance.now() > this.#seekFrom && !/^\{\s*["}]/.test(filter) && this.#probes < PROBES_MAX;
  }

  async #seek(place) {
    const down = this.#question.sort?.[0] === "-id";
    const [after, before, back] = down ? ["<", ">", ["id"]] : [">", "<", ["-id"]];
    const low = this.#anchors.floor(place) ?? { place: -1, value: { id: down ? ID_MAX : ID_MIN } };
    const high = this.#anchors.ceiling(place);
    const backwards = async (question, end, limit) => {
      const { records } = await this.#ask({ ...question, sort: back, limit });
      // Fewer than were asked for are all there are: the list begins with them.
      if (records.length < Math.min(limit, end)) return MOVED;
      return () => this.#put(end - records.length, records.reverse());
    };
    if (!high) return backwards({}, this.#server, PAGE);
    const within = (...tests) => [this.#question.filter && `(${this.#question.filter})`, ...tests].filter(Boolean).join(" and ");
    if (place - low.place <= STEP) {
      const limit = place - low.place + PAGE;
      const { records } = await this.#ask({ filter: within(`id ${after}= "${low.value.id}"`), limit });
      if (low.place < 0 || (records.length < limit && low.place + records.length !== this.#server)) return MOVED;
      return () => this.#put(low.place, records);
    }
    if (high.place - place <= STEP) {
      return backwards({ filter: within(`id ${before} "${high.value.id}"`) }, high.place, high.place - place + PAGE);
    }
    this.far = true;
    this.#probes += 1;
    const guess = idGuess(low, high, place, this.#probes);
    const end = this.#anchors.last();
    const filter = within(`id ${after}= "${guess}"`, `id ${before}= "${end.value.id}"`);
    const { total, records } = await this.#ask({ filter, limit: SAMPLE, fields: [this.passField], total: true });
    const found = end.place + 1 - total;
    if (records.length === 0 || found <= low.place || found > high.place) return MOVED;
    // The first record from the guess on has this place, so all before it lie before the guess: a gap between bursts
    // gets narrower though no new record is found.
    return () => this.#anchors.set(found, { ...known(records), bound: guess });
  }

  #took(start, page) {
    this.#settle(page);
    const end = start + page.records.length;
    if (page.nextCursor) this.#cursors.set(end, page.nextCursor);
    else this.#server = end;
    this.#put(start, page.records);
  }

  /** Records that were made here and now come with the list are in it at their own place. */
  #settle({ records, nextCursor }) {
    const listed = new Set(records.map((record) => record.id));
    const settled = this.extras.filter((record) => listed.has(record.id));
    if (settled.length === 0) return;
    for (const record of settled) {
      const other = this.#byId.get(record.id);
      // A list that was asked for while the record was being made.
      if (other && other !== record && this.#held.get(other.place) === other) this.#held.set((record.place = other.place), record);
      this.#byId.set(record.id, record);
    }
    this.extras = this.extras.filter((record) => !listed.has(record.id));
    if (nextCursor) this.#server += settled.length;
  }

  #put(start, records) {
    // A list that has become shorter meanwhile ends where nothing comes any more.
    if (records.length === 0) this.#server = Math.min(this.#server, Math.max(0, start));
    records.forEach((record, n) => {
      const place = start + n;
      if (place < 0 || place >= this.#server) return;
      const kept = this.#byId.get(record.id) ?? record;
      if (kept !== record) listed(kept, record);
      // Where it was before is asked for again.
      if (kept.place !== place && this.#held.get(kept.place) === kept) this.#held.delete(kept.place);
      kept.place = place;
      this.#stale.delete(place);
      this.#held.set(place, kept);
      this.#byId.set(kept.id, kept);
    });
    if (records.length > 0) {
      this.#probes = 0;
      this.#anchor(start, known(records));
      this.#anchor(start + records.length - 1, { ...known(records), id: records.at(-1).id });
    }
    if (this.#held.size > HELD && this.#ranges === 0) this.#forget();
  }

  #anchor(place, value) {
    const held = this.#anchors.floor(place);
    if (held?.place !== place || held.value.id !== value.id) this.#anchors.set(place, value);
  }

  #forget() {
    const middle = (this.#seen[0] + this.#seen[1]) / 2;
    for (const [place, record] of this.#held) {
      if (Math.abs(place - middle) > HELD / 4 && !isKept(record)) {
        this.#held.delete(place);
        this.#stale.delete(place);
        this.#byId.delete(record.id);
      }
    }
  }

  /** Takes records out of the list; what follows moves up. Where one was that is not held only the server knows. */
  async remove(ids) {
    const gone = new Set(ids);
    const extras = new Set(this.extras.map((record) => record.id));
    const places = ids.filter((id) => !extras.has(id)).map((id) => this.placeOf(this.#byId.get(id))).sort((a, b) => a - b);
    this.extras = this.extras.filter((record) => !gone.has(record.id));
    for (const id of gone) this.#byId.delete(id);
    this.#turn += 1;
    this.#lists += 1;
    if (this.#loading || places[0] < 0) return void (await this.load(this.#asked));
    return this.#close(gone, places);
  }

  #close(gone, places) {
    const left = [...this.#held].filter(([, record]) => !gone.has(record.id));
    this.#held = new Map(left.map(([place, record]) => {
      record.place = place - Places.below(places, place);
      return [record.place, record];
    }));
    this.#stale = new Set([...this.#stale].map((place) => place - Places.below(places, place)));
    this.#cursors.shift(places);
    this.#cursors.set(0, null);
    this.#anchors.shift(places);
    this.#server -= places.length;
    this.#changed();
  }

  /** Adds a record at the end. */
  append(record) {
    this.extras.push(record);
    this.#changed();
    return this.total - 1;
  }

  discard(record) {
    this.extras = this.extras.filter((other) => other !== record);
    this.#changed();
  }

  /** A draft has become a record; a list that came meanwhile may have it already. */
  arrived(record) {
    if (this.placeOf(this.#byId.get(record.id)) >= 0) this.#settle({ records: [record] });
    this.#changed();
  }

  /**
   * The records of some places, whether they are held or not; a place without one is a hole, so that the n-th is that of
   * the n-th place. If another list comes meanwhile the places mean nothing any more, and that is an error.
   */
  async range(from, to, progress = () => {}) {
    const list = this.#lists;
    const found = [];
    this.#ranges += 1;
    try {
      for (let place = from; place < Math.min(to, this.total); place += 1) {
        while (place < this.#server && this.#lacks(place)) {
          await this.#get(place);
          progress(place - from, to - from);
          if (list !== this.#lists) throw this.#moved();
        }
        found[place - from] = this.at(place);
      }
    } finally {
      this.#ranges -= 1;
    }
    return found;
  }
}
