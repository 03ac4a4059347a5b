// The grid of a table: the element, its state, and what can be done with it. What is drawn is view.js, keys and pointers are
// keys.js, saving is save.js.

import { Api, Problem } from "./api.js";
import { fill, listenClipboard } from "./clipboard.js";
import { isComputed } from "./cells.js";
import { Columns } from "./columns.js";
import { button, el } from "./dom.js";
import { openEditor } from "./editors.js";
import { listenKeys, listenPointers } from "./keys.js";
import { t } from "./messages.js";
import { Panel } from "./panel.js";
import { PickBar, deleteRecords } from "./pick.js";
import { Rows } from "./rows.js";
import { sight } from "./record.js";
import { draft, forgive, hold, refuse, save, touch } from "./save.js";
import { announce, failure, run } from "./toast.js";
import { Toolbar } from "./toolbar.js";
import { Undo } from "./undo.js";
import { View } from "./view.js";
import { write } from "./write.js";

/** Records that one call may change. */
const CHANGED_MAX = 10_000;

/** `<undb-grid data-space data-base data-table>`. */
class Grid extends HTMLElement {
  fields = [];
  active = { row: 0, col: 0 };
  anchor = null;
  /** Records that are ticked, by id. */
  picked = new Set();
  undos = new Undo();
  /** The one that was ticked last, which more are ticked from. */
  #lastPick = null;
  #editor = null;
  #tabFrom = null;
  /** What could not be sent while no server answered. */
  #unsent = [];

  connectedCallback() {
    this.api = new Api(this.dataset);
    this.columns = new Columns(this.dataset.table);
    this.rows = new Rows(this.api, { changed: () => this.#changed(), failed: (problem) => this.#broken(problem), moved: () => new Error(t("grid.list_moved")) });
    this.layer = el("div", { class: "layer" });
    this.bubble = el("div", { class: "bubble", id: "cell-error", popover: "manual" });
    this.note = el("div", { class: "notes" });
    this.empty = el("div", { class: "nothing", hidden: true });
    this.view = new View(this);
    this.panel = new Panel(this);
    this.pickBar = new PickBar(this);
    this.toolbar = new Toolbar(this);
    const sheet = el("div", { class: "sheet-box" }, this.view.box, this.empty, this.pickBar.element);
    this.replaceChildren(this.toolbar.element, this.note, el("div", { class: "main" }, sheet, this.panel.element), this.layer, this.bubble);
    listenKeys(this);
    listenPointers(this);
    listenClipboard(this);
    this.view.box.addEventListener("scroll", () => { this.#editor?.follow(); this.#showError(); }, { passive: true });
    window.addEventListener("beforeunload", (event) => { if (this.rows.isUnsaved) event.preventDefault(); });
    this.#open();
  }

  /** The table and its first page, asked for together. */
  async #open() {
    const table = this.api.table();
    const first = this.reload().catch(() => {});
    try {
      this.takeFields(await table);
    } catch (problem) {
      this.#broken(problem, () => this.#open());
    }
    await first;
    this.view.reset();
    this.#changed();
  }

  takeFields(table) {
    const before = this.fields;
    this.table = table;
    this.fields = table.fields;
    this.rows.passField = table.fields[0].id;
    this.columns.take(this.fields);
    this.active.col = Math.min(this.active.col, this.columns.count - 1);
    this.toolbar.fieldsChanged(before);
    this.view.reset();
  }

  /** Fields have changed: gets them and the records anew. */
  async reloadFields() {
    this.takeFields(await this.api.table());
    await this.reload();
  }

  get sort() {
    return this.toolbar.question().sort ?? [];
  }

  /** Asks for the records again, with what the toolbar says. */
  async reload() {
    this.setAttribute("aria-busy", "true");
    this.#lastPick = null;
    this.view.box.classList.add("waiting");
    try {
      if (!(await this.rows.load(this.toolbar.question()))) return;
      this.note.replaceChildren();
      this.toolbar.filterFailed(null);
      announce(this.toolbar.counted());
    } catch (problem) {
      if (problem instanceof Problem && problem.about("filter")) this.#filterFailed(problem);
      else this.#broken(problem, () => this.reload());
    } finally {
      this.removeAttribute("aria-busy");
      this.view.box.classList.remove("waiting");
    }
    if (this.columns.count) this.view.drawHead();
  }

  /** What was shown stays; on the first load everything is shown, and the note says that the filter is not applied. */
  #filterFailed(problem) {
    this.toolbar.filterFailed(problem);
    if (this.rows.loaded) return null;
    const { filter, ...question } = this.toolbar.question();
    return this.rows.load(question).catch((other) => this.#broken(other, () => this.reload()));
  }

  #broken(problem, again = () => this.rows.retry()) {
    const ended = problem.status === 401;
    const action = ended
      && el("a", { class: "button small", target: this.rows.isUnsaved && "_blank", href: `/login?next=${encodeURIComponent(location.pathname + location.search)}` }, t("grid.sign_in"));
    const retry = button(t("grid.retry"), { kind: "small", run: () => { this.note.replaceChildren(); for (const call of [again, ...this.#unsent.splice(0)]) call(); } });
    const request = problem.requestId && el("span", { class: "quiet mono" }, t("grid.request", { id: problem.requestId }));
    this.note.replaceChildren(el("div", { class: "note bad banner", role: "alert" },
      el("span", { class: "grow" }, ended ? t("grid.session_over") : problem.text ?? problem.message), request, action, retry));
  }

  /** A value could not be sent, which is to be sent again once that may help. */
  away(problem, again) {
    this.#unsent.push(again);
    this.#broken(problem);
  }

  #changed() {
    if (!this.columns.count) return;
    this.toolbar.showCount();
    const nothing = this.rows.loaded && this.rows.total === 0;
    if (nothing && this.empty.hidden) this.empty.replaceChildren(...this.toolbar.nothing());
    this.empty.hidden = !nothing;
    this.view.schedule();
    this.#showError();
  }

  /** The selected cells, as far as there is more than none. */
  area() {
    const { active, anchor } = this;
    if (active.row < 0 || active.col < 0) return null;
    const from = anchor ?? active;
    const [top, bottom] = [Math.min(from.row, active.row), Math.max(from.row, active.row)];
    const [left, right] = [Math.min(from.col, active.col), Math.max(from.col, active.col)];
    return { top, bottom, left: Math.max(0, left), right };
  }

  /** Moves the focus to a cell. */
  go({ row, col }, { extend = false, tabbing = false } = {}) {
    const before = this.active;
    if (!tabbing) this.#tabFrom = null;
    this.anchor = extend ? (this.anchor ?? before) : null;
    this.active = {
      row: Math.max(extend ? 0 : -1, Math.min(row, this.rows.total)),
      col: Math.max(extend ? 0 : -1, Math.min(col, this.columns.count - 1)),
    };
    if (before.row !== this.active.row) this.#leave(before.row);
    this.focusCell();
  }

  /** A new record that got no value was not meant. */
  #leave(row) {
    const record = this.rows.at(row);
    if (!record?.draft || record.busy || Object.values(record.values).some((value) => value !== null)) return;
    this.rows.discard(record);
    if (this.active.row > row) this.active.row -= 1;
  }

  focusCell() {
    this.view.reveal(this.active);
    this.view.draw();
    this.view.cell(this.active.row, this.active.col)?.focus({ preventScroll: true });
    this.#showError();
  }

  /** Shows what is wrong with the focused cell below it. */
  #showError() {
    const record = this.rows.at(this.active.row);
    const field = this.columns.list[this.active.col];
    const error = record?.errors?.[field?.id];
    const cell = this.view.cell(this.active.row, this.active.col);
    if (!error || !cell?.isConnected || this.#editor) {
      if (this.bubble.matches(":popover-open")) this.bubble.hidePopover();
      return;
    }
    this.bubble.textContent = error.detail;
    cell.setAttribute("aria-describedby", "cell-error");
    if (!this.bubble.matches(":popover-open")) this.bubble.showPopover();
    const rect = cell.getBoundingClientRect();
    this.bubble.style.left = `${Math.max(4, Math.min(rect.left, innerWidth - this.bubble.offsetWidth - 4))}px`;
    this.bubble.style.top = `${rect.bottom + 4}px`;
  }

  /** Opens the editor of the focused cell; in the last row it begins a record. */
  edit({ typed = false, at = this.active.col } = {}) {
    const field = this.columns.list[at];
    if (!field) return false;
    this.active.col = at;
    this.anchor = null;
    if (isComputed(field)) {
      announce(t("cell.computed", { field: field.name }));
      return false;
    }
    if (this.active.row >= this.rows.total) this.#begin();
    const record = this.rows.at(this.active.row);
    if (!record) return false;
    if (field.type === "checkbox") return typed ? false : this.toggle(this.active);
    this.focusCell();
    this.#openEditor(record, field, typed);
    return true;
  }

  #openEditor(record, field, typed) {
    const cell = this.view.cell(this.active.row, this.active.col);
    if (!cell) return;
    const tried = record.errors?.[field.id]?.tried;
    const seen = sight(record, field.id);
    const { value } = seen;
    record.uses = (record.uses ?? 0) + 1;
    this.bubble.matches(":popover-open") && this.bubble.hidePopover();
    const closed = (move) => {
      this.#editor = null;
      record.uses -= 1;
      this.#moveOn(move);
    };
    hold(this, record);
    this.#editor = openEditor(cell, field, value, {
      typed,
      text: tried === undefined || tried === null || typeof tried === "object" ? undefined : String(tried),
      layer: this.layer,
      done: (result, move) => { save(this, record, field, result, seen); closed(move); },
      failed: (detail, text, move) => { refuse(this, record, field, detail, text); closed(move === null ? null : "stay"); },
      cancelled: () => {
        forgive(record, field.id);
        touch(this, record);
        closed("stay");
      },
    });
  }

  /** Where the focus goes when an editor is closed. Enter goes back to where Tab began, a row below. */
  #moveOn(move) {
    const { row, col } = this.active;
    if (move === null) return this.view.schedule();
    if (move === "right" || move === "left") this.#tabFrom ??= col;
    if (move === "new") return this.addRecord();
    const down = { row: row + 1, col: this.#tabFrom ?? col };
    const to = { down, right: { row, col: col + 1 }, left: { row, col: Math.max(0, col - 1) } }[move] ?? { row, col };
    if (move === "right" && col + 1 >= this.columns.count) Object.assign(to, down);
    return this.go(to, { tabbing: to.row === row });
  }

  #begin() {
    this.empty.hidden = true;
    this.active.row = this.rows.append(draft());
  }

  /** Goes to the last row and begins a record there. */
  addRecord() {
    const col = this.columns.list.findIndex((field) => !isComputed(field) && field.type !== "checkbox");
    this.go({ row: this.rows.total, col: Math.max(0, col) });
    return this.edit();
  }

  /** The table has so many more records now, or fewer. */
  grew(by) {
    this.table.recordCount += by;
    this.#changed();
  }

  /** A record was made. */
  made(record) {
    this.grew(1);
    this.undos.push(() => deleteRecords(this, [record.id]));
  }

  /** A value was saved where another one stood. */
  saved(record, id, before) {
    const expected = { version: record.version, values: { [id]: record.base[id] } };
    this.undos.push(() => write(this, [{ record, values: { [id]: before }, expected }]));
  }

  /** Remembers what takes back a deed; what a note offers that tells of it. */
  taking(back) {
    return this.undos.action(this.undos.push(back));
  }

  /** Takes back what was done last, or does `again` what was taken back. */
  takeBack(again) {
    // What is on its way is what was done last.
    run(() => this.rows.saved().then(() => (again ? this.undos.redo() : this.undos.undo())));
    return true;
  }

  /** Whether a cell has the focus. */
  isAt(record, field) {
    return this.rows.at(this.active.row) === record && this.columns.list[this.active.col] === field;
  }

  /** Saves a value that was set without an editor. */
  async toggle({ row, col }) {
    const field = this.columns.list[col];
    if (row >= this.rows.total) this.#begin();
    const record = this.rows.at(Math.min(row, this.rows.total - 1));
    if (!record || field.type !== "checkbox" || isComputed(field)) return false;
    this.active = { row, col };
    this.focusCell();
    return save(this, record, field, record.values[field.id] !== true);
  }

  /** Empties the selected cells. */
  clear() {
    const area = this.area();
    run(() => fill(this, area, null));
    return true;
  }

  selectAll() {
    if (this.rows.total === 0) return true;
    this.anchor = { row: 0, col: 0 };
    this.active = { row: this.rows.total - 1, col: this.columns.count - 1 };
    this.view.draw();
    this.view.cell(this.active.row, this.active.col)?.focus({ preventScroll: true });
    return true;
  }

  /** What Escape does: less is selected. */
  dismiss() {
    const record = this.rows.at(this.active.row);
    const field = this.columns.list[this.active.col];
    if (record?.errors?.[field?.id]) {
      forgive(record, field.id);
      touch(this, record);
    } else if (this.anchor) {
      this.anchor = null;
      this.view.draw();
    } else if (this.picked.size > 0) this.unpick();
    else if (this.panel.record) this.panel.close();
    else return false;
    return true;
  }

  /** Ticks a record, or takes its tick; `through` also those between it and the last one that was. */
  pick(record, { through = false }) {
    return run(() => this.#pick(record, through));
  }

  async #pick(record, through) {
    if (!record || record.draft) return;
    const at = this.rows.placeOf(record);
    const on = !this.picked.has(record.id);
    const last = through && this.#lastPick ? this.rows.placeOf(this.rows.find(this.#lastPick)) : -1;
    const [from, to] = last < 0 ? [at, at] : [Math.min(at, last), Math.max(at, last)];
    const all = at < 0 ? [record] : await this.rows.range(from, Math.min(to + 1, from + CHANGED_MAX));
    for (const one of all) {
      if (on && one && !one.draft) this.picked.add(one.id);
      else this.picked.delete(one?.id);
    }
    this.#lastPick = record.id;
    this.#picked();
  }

  /** Ticks all records that are listed, or none. */
  async pickAll() {
    if (this.picked.size > 0) return this.unpick();
    return run(async () => {
      for (const one of await this.pickBar.collect(CHANGED_MAX)) if (one && !one.draft) this.picked.add(one.id);
      this.#picked();
    }, () => this.pickAll());
  }

  unpick() {
    this.picked.clear();
    this.#lastPick = null;
    this.#picked();
  }

  #picked() {
    this.pickBar.show();
    this.view.drawHead();
    this.view.draw();
  }

  /** Values without those that the server gives. */
  writable(values) {
    const fields = this.fields.filter((field) => !isComputed(field) && values[field.id] !== null && values[field.id] !== undefined);
    return Object.fromEntries(fields.map((field) => [field.id, values[field.id]]));
  }

  /** The same for a record that is made again: what was empty is not filled with its default. */
  whole(values) {
    return Object.fromEntries(this.fields.filter((field) => !isComputed(field)).map((field) => [field.id, values[field.id] ?? (field.type === "checkbox" ? false : null)]));
  }

  openPanel(record) {
    if (!record || record.draft) return this.edit();
    this.panel.open(record);
    return true;
  }

  // What is seldom needed is loaded when it is.
  help() {
    return run(async () => (await import("./help.js")).help(), () => this.help());
  }

  headMenu(col) {
    this.go({ row: -1, col });
    return run(async () => (await import("./head-menu.js")).headMenu(this, col), () => this.headMenu(col));
  }

  addField() {
    return run(async () => (await import("./field-editor.js")).fieldDialog(this, null), () => this.addField());
  }

  failed(problem) {
    failure(problem);
  }
}

customElements.define("undb-grid", Grid);
