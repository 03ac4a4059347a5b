// What of the grid is drawn: the head and the rows that are seen, and the one that has the focus wherever it is.

import { isComputed, isRight, show } from "./cells.js";
import { ROW_HEAD } from "./columns.js";
import { el, icon } from "./dom.js";
import { number, t } from "./messages.js";
import { Scroll } from "./scroll.js";

export const ROW = 34;
const HEAD = 36;
const OVERSCAN = 8;
const ICONS = { string: "A", longText: "¶", number: "#", checkbox: "☑", date: "▦", dateTime: "◷", select: "◉", email: "@", url: "↗", json: "{}", autoIncrement: "№", createdAt: "◷", updatedAt: "◷" };

/** The sign of a field's type. */
export const typeSign = (type) => el("span", { class: "type-sign", "aria-hidden": "true" }, ICONS[type] ?? "•");

export class View {
  #app;
  #rows = new Map();
  #frame = 0;
  #columnsSeen = [1, 1];
  #width = 0;
  #left = 0;
  #marked = "";

  constructor(app) {
    this.#app = app;
    this.head = el("div", { class: "row head-row", role: "row", "aria-rowindex": "1" });
    this.body = el("div", { class: "body", role: "rowgroup" });
    this.sheet = el("div", { class: "sheet", role: "grid", "aria-multiselectable": "true", "aria-label": document.title }, el("div", { role: "rowgroup", class: "heads" }, this.head), this.body);
    this.box = el("div", { class: "scroller", tabindex: "-1" }, this.sheet);
    this.scroll = new Scroll(this.box, this.body, { changed: () => this.draw(), head: HEAD });
    new ResizeObserver(([{ contentRect }]) => {
      this.#width = contentRect.width;
      this.scroll.resized(contentRect.height);
      this.schedule();
    }).observe(this.box);
    this.box.addEventListener("scroll", () => { this.#left = this.box.scrollLeft; }, { passive: true, capture: true });
  }

  /** Draws in the next frame, however often it is called before. */
  schedule() {
    this.#frame ||= requestAnimationFrame(() => this.draw());
  }

  /** Columns have changed: everything is drawn anew. */
  reset() {
    const { columns } = this.#app;
    this.sheet.style.setProperty("--columns", columns.template);
    this.sheet.style.width = `${columns.totalWidth}px`;
    this.sheet.setAttribute("aria-colcount", columns.count + 2);
    for (const row of this.#rows.values()) row.node.remove();
    this.#rows.clear();
    this.drawHead();
    this.draw();
  }

  drawHead() {
    const { columns, sort } = this.#app;
    const heads = columns.list.map((field, n) => {
      const key = sort.find((one) => one.replace(/^-/, "") === field.id);
      const order = key ? (key.startsWith("-") ? "descending" : "ascending") : null;
      const cell = el("div", {
        role: "columnheader", class: `cell head-cell${n === 0 ? " first" : ""}`, "data-col": n, "aria-colindex": n + 2, tabindex: "-1",
        "aria-sort": order, title: field.description ?? field.name, "aria-haspopup": "menu",
      }, typeSign(field.type), el("span", { class: "ellipsis" }, field.name), field.required && el("span", { class: "required", title: t("field.required") }, "*"),
      el("span", { class: "grow" }), order && el("span", { class: "order", "aria-hidden": "true" }, order === "ascending" ? "↑" : "↓"), icon("chevron"),
      el("span", { class: "grip", "data-grip": n, "aria-hidden": "true" }));
      cell.style.gridColumn = n + 2;
      return cell;
    });
    const all = el("input", { type: "checkbox", "aria-label": t("grid.select_all"), tabindex: "-1", "data-all": true });
    all.checked = this.#app.picked.size > 0;
    all.indeterminate = all.checked && this.#app.picked.size < this.#app.rows.total;
    const corner = el("div", { role: "columnheader", class: "cell row-head", "data-col": -1, "aria-colindex": 1, tabindex: "-1" }, all);
    const add = el("div", { role: "columnheader", class: "add-head", "aria-colindex": columns.count + 2 },
      el("button", { type: "button", class: "add-field", tabindex: "-1", onclick: () => this.#app.addField() }, icon("plus"), t("field.add")));
    add.style.gridColumn = columns.count + 2;
    this.head.replaceChildren(corner, ...heads, add);
    this.#mark();
  }

  draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const { rows, active, columns } = this.#app;
    if (columns.count === 0) return;
    const total = rows.total;
    const count = total + 1;
    this.scroll.size(count * ROW);
    this.sheet.setAttribute("aria-rowcount", count + 1);
    const top = Math.floor(this.scroll.top / ROW);
    const bottom = Math.ceil((this.scroll.top + this.scroll.view) / ROW);
    const [from, to] = [Math.max(0, top - OVERSCAN), Math.min(count, bottom + OVERSCAN)];
    this.#columnsSeen = this.#app.columns.seen(this.#left, this.#width);
    const wanted = new Set([active.row]);
    for (let n = from; n < to; n += 1) wanted.add(n);
    wanted.delete(-1);
    if (active.row >= count) wanted.delete(active.row);
    const free = [];
    for (const [place, row] of this.#rows) {
      if (wanted.has(place)) continue;
      this.#rows.delete(place);
      free.push(row);
    }
    const filled = [];
    for (const place of wanted) if (this.#drawRow(place, free)) filled.push(this.#rows.get(place));
    for (const row of free) row.node.remove();
    const area = this.#app.area() ?? {};
    const marked = [active.row, active.col, area.top, area.left, area.bottom, area.right].join();
    if (marked !== this.#marked) this.#mark();
    else for (const row of filled) this.#markRow(row);
    this.#marked = marked;
    rows.want(Math.max(0, top), Math.min(total, bottom));
  }

  #drawRow(place, free) {
    let row = this.#rows.get(place);
    if (!row) {
      row = free.pop() ?? this.#newRow();
      row.place = place;
      row.stamp = "";
      row.node.setAttribute("aria-rowindex", place + 2);
      this.#rows.set(place, row);
    }
    row.node.style.transform = `translateY(${place * ROW - this.scroll.shift}px)`;
    const record = this.#app.rows.at(place);
    const isAdd = place === this.#app.rows.total;
    const stamp = `${record?.stamp ?? 0} ${isAdd} ${this.#columnsSeen} ${this.#app.picked.has(record?.id)}`;
    if (row.record === record && row.stamp === stamp) return false;
    row.record = record;
    row.stamp = stamp;
    this.#fill(row, record, isAdd);
    return true;
  }

  #newRow() {
    const node = el("div", { class: "row", role: "row" });
    const head = el("div", { role: "rowheader", class: "cell row-head", "data-col": -1, "aria-colindex": 1, tabindex: "-1" });
    node.append(head);
    this.body.append(node);
    return { node, head, cells: new Map() };
  }

  #fill(row, record, isAdd) {
    const { node, head, cells } = row;
    const { columns, picked } = this.#app;
    node.classList.toggle("add-row", isAdd);
    node.classList.toggle("blank", !record && !isAdd);
    node.classList.toggle("picked", Boolean(record) && picked.has(record.id));
    node.classList.toggle("draft", Boolean(record?.draft));
    node.setAttribute("aria-selected", String(Boolean(record) && picked.has(record.id)));
    this.#fillHead(head, row.place, record, isAdd);
    const [from, to] = this.#columnsSeen;
    const wanted = new Set([0, this.#app.active.row === row.place ? this.#app.active.col : 0]);
    for (let n = from; n < to; n += 1) wanted.add(n);
    wanted.delete(-1);
    for (const [n, cell] of cells) {
      if (!wanted.has(n) || n >= columns.count) {
        cell.remove();
        cells.delete(n);
      }
    }
    for (const n of [...wanted].sort((a, b) => a - b)) {
      if (n >= columns.count) continue;
      const cell = cells.get(n) ?? this.#newCell(row, n);
      if (!cell.classList.contains("editing")) this.#fillCell(cell, columns.list[n], record, isAdd && n === 0);
    }
  }

  #fillHead(head, place, record, isAdd) {
    if (isAdd) {
      head.replaceChildren(el("span", { class: "row-number" }, icon("plus")));
      head.setAttribute("aria-label", t("grid.add_record"));
      return;
    }
    head.removeAttribute("aria-label");
    const check = el("input", { type: "checkbox", tabindex: "-1", "aria-label": t("grid.select_row", { n: number(place + 1) }), "data-pick": true });
    check.checked = Boolean(record) && this.#app.picked.has(record.id);
    const open = el("button", { type: "button", class: "open-row", tabindex: "-1", "aria-label": t("grid.open_record"), title: t("grid.open_record"), "data-open": true }, icon("expand"));
    head.replaceChildren(check, el("span", { class: "row-number" }, number(place + 1)), open);
  }

  #newCell(row, n) {
    const field = this.#app.columns.list[n];
    const computed = isComputed(field);
    const cell = el("div", {
      role: "gridcell", class: `cell${n === 0 ? " first" : ""}${isRight(field) ? " right" : ""}${computed ? " computed" : ""}`,
      "data-col": n, "aria-colindex": n + 2, tabindex: "-1", "aria-readonly": computed && "true",
    });
    cell.style.gridColumn = n + 2;
    row.cells.set(n, cell);
    row.node.append(cell);
    return cell;
  }

  #fillCell(cell, field, record, isHint) {
    const error = record?.errors?.[field.id];
    cell.classList.toggle("saving", Boolean(record?.saving?.has(field.id)));
    cell.classList.toggle("wrong", Boolean(error));
    if (error) cell.setAttribute("aria-invalid", "true");
    else cell.removeAttribute("aria-invalid");
    if (record) show(cell, field, record.values[field.id]);
    else cell.replaceChildren(isHint ? el("span", { class: "quiet" }, t("grid.add_record")) : "");
  }

  /** Marks the focused cell and the selected ones. */
  #mark() {
    const { active, columns } = this.#app;
    for (const row of this.#rows.values()) this.#markRow(row);
    [...this.head.querySelectorAll("[data-col]")].forEach((cell, n) => this.#tabbable(cell, active.row === -1 && n - 1 === Math.min(active.col, columns.count - 1)));
  }

  #markRow({ place, cells, head }) {
    const { active } = this.#app;
    const area = this.#app.area();
    const several = area && (area.top < area.bottom || area.left < area.right);
    const inside = several && place >= area.top && place <= area.bottom;
    for (const [n, cell] of cells) {
      cell.classList.toggle("selected", Boolean(inside) && n >= area.left && n <= area.right);
      this.#tabbable(cell, place === active.row && n === active.col);
    }
    this.#tabbable(head, place === active.row && active.col === -1);
  }

  #tabbable(cell, isActive) {
    if (cell.classList.toggle("active", isActive) !== (cell.tabIndex === 0)) cell.tabIndex = isActive ? 0 : -1;
  }

  /** The element of a cell, if it is drawn. */
  cell(place, col) {
    if (place === -1) return this.head.querySelector(`[data-col="${col}"]`);
    const row = this.#rows.get(place);
    return col === -1 ? row?.head : row?.cells.get(col);
  }

  placeOf(node) {
    if (this.head.contains(node)) return -1;
    for (const [place, row] of this.#rows) if (row.node.contains(node)) return place;
    return null;
  }

  /** Scrolls as little as is needed to see a cell. */
  reveal({ row, col }) {
    if (row >= 0) {
      const top = row * ROW;
      if (top < this.scroll.top) this.scroll.to(top);
      else if (top + ROW > this.scroll.top + this.scroll.view) this.scroll.to(top + ROW - this.scroll.view);
    }
    if (col < 1) {
      if (window.innerWidth < 700) this.box.scrollLeft = 0;
      this.#left = this.box.scrollLeft;
      return;
    }
    const { columns } = this.#app;
    const fixed = window.innerWidth < 700 ? ROW_HEAD : ROW_HEAD + columns.offsets[1];
    const [left, right] = [ROW_HEAD + columns.offsets[col], ROW_HEAD + columns.offsets[col + 1]];
    if (left < this.box.scrollLeft + fixed) this.box.scrollLeft = left - fixed;
    else if (right > this.box.scrollLeft + this.box.clientWidth) this.box.scrollLeft = Math.min(left - fixed, right - this.box.clientWidth);
    // The event that tells of it comes later than the cell is needed.
    this.#left = this.box.scrollLeft;
  }
}
