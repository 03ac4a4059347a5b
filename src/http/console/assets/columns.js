// The columns of the grid: which fields are shown and how wide. Kept in the browser, by table.

import { isRight } from "./cells.js";

const WIDTH_MIN = 60;
const WIDTH_MAX = 900;
const WIDTHS = { checkbox: 104, number: 120, autoIncrement: 100, date: 145, dateTime: 205, createdAt: 205, updatedAt: 205, longText: 240, email: 210, url: 210 };
/** The number of a row, with its checkbox and button. */
export const ROW_HEAD = 84;
const ADD_FIELD = 140;

export class Columns {
  #key;
  #kept;
  fields = [];
  list = [];
  offsets = [0];

  constructor(table) {
    this.#key = `undb.grid.${table}`;
    try {
      this.#kept = JSON.parse(localStorage.getItem(this.#key)) ?? {};
    } catch {
      this.#kept = {};
    }
    this.#kept.widths ??= {};
    this.#kept.hidden ??= [];
  }

  #keep() {
    try {
      localStorage.setItem(this.#key, JSON.stringify(this.#kept));
    } catch {
      // A browser that keeps nothing forgets widths; nothing else depends on them.
    }
  }

  take(fields) {
    this.fields = fields;
    this.list = fields.filter((field, n) => n === 0 || !this.#kept.hidden.includes(field.id));
    this.offsets = [0];
    for (const field of this.list) this.offsets.push(this.offsets.at(-1) + this.width(field));
  }

  width(field) {
    return this.#kept.widths[field.id] ?? WIDTHS[field.type] ?? 190;
  }

  resize(field, width) {
    this.#kept.widths[field.id] = Math.round(Math.max(WIDTH_MIN, Math.min(WIDTH_MAX, width)));
    this.#keep();
    this.take(this.fields);
  }

  isHidden(field) {
    return !this.list.includes(field);
  }

  hide(field, hidden) {
    const others = this.#kept.hidden.filter((id) => id !== field.id);
    this.#kept.hidden = hidden ? [...others, field.id] : others;
    this.#keep();
    this.take(this.fields);
  }

  get hiddenCount() {
    return this.fields.length - this.list.length;
  }

  get count() {
    return this.list.length;
  }

  /** For CSS: the widths of all columns of a row. */
  get template() {
    return [ROW_HEAD, ...this.list.map((field) => this.width(field)), ADD_FIELD].map((width) => `${width}px`).join(" ");
  }

  get totalWidth() {
    return ROW_HEAD + this.offsets.at(-1) + ADD_FIELD;
  }

  /** The columns that a part of the row shows; the first one, which stays in place, is not counted. */
  seen(left, width) {
    const from = this.offsets.findIndex((offset) => offset > left);
    const to = this.offsets.findIndex((offset) => offset >= left + width);
    return [Math.max(1, from - 2), to < 0 ? this.count : Math.min(this.count, to + 1)];
  }

  isRight(n) {
    return isRight(this.list[n]);
  }
}
