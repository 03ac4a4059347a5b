// One record beside the grid: all its fields as a form, and what else there is to know of it.

import { isComputed, same, textOf } from "./cells.js";
import { copyText } from "./copy.js";
import { button, el } from "./dom.js";
import { control } from "./editors.js";
import { t } from "./messages.js";
import { deleteRecords, duplicateRecords } from "./pick.js";
import { sight } from "./record.js";
import { hold, refuse, save } from "./save.js";
import { run, toast } from "./toast.js";

export class Panel {
  #app;
  #lines = new Map();
  record = null;

  constructor(app) {
    this.#app = app;
    this.element = el("aside", { class: "panel", "aria-label": t("grid.record"), hidden: true, tabindex: "-1" });
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented) this.close();
      if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
        event.preventDefault();
        this.step(event.key === "ArrowUp" ? -1 : 1);
      }
    });
  }

  open(record) {
    this.#release();
    this.record = record;
    // A list that is loaded again keeps this object, which is what is edited here.
    record.uses = (record.uses ?? 0) + 1;
    this.element.hidden = false;
    this.#fill();
    hold(this.#app, record);
    this.element.focus({ preventScroll: true });
  }

  #release() {
    this.#commit();
    if (this.record) this.record.uses -= 1;
    this.#lines.clear();
  }

  close() {
    this.#release();
    this.record = null;
    this.element.hidden = true;
    this.#app.focusCell();
  }

  /** Saves what is being typed. False if it can't be sent. */
  #commit() {
    const line = [...this.#lines.values()].find(({ held }) => held.element.contains(document.activeElement));
    return !line || this.#changed(line.field);
  }

  step(by) {
    return run(() => this.#step(by), () => this.step(by));
  }

  async #step(by) {
    const app = this.#app;
    const from = app.rows.placeOf(this.record);
    const at = from + by;
    if (from < 0 || at < 0 || at >= app.rows.total || !this.#commit()) return;
    const [record] = await app.rows.range(at, at + 1);
    if (!record || record.draft) return;
    app.active = { row: at, col: Math.max(0, app.active.col) };
    app.anchor = null;
    app.view.reveal(app.active);
    app.view.draw();
    this.open(record);
  }

  #fill() {
    const { record } = this;
    const app = this.#app;
    this.#lines.clear();
    const first = textOf(app.fields[0], record.values[app.fields[0].id]) || t("grid.no_name");
    const head = el("header", { class: "panel-head" }, el("h2", { class: "ellipsis grow" }, first),
      button(t("grid.previous"), { picture: "chevron", hidden: true, kind: "up", run: () => this.step(-1) }),
      button(t("grid.next"), { picture: "chevron", hidden: true, run: () => this.step(1) }),
      button(t("ui.close"), { picture: "close", hidden: true, run: () => this.close() }));
    const form = el("form", { class: "stack", novalidate: true }, app.fields.map((field) => this.#line(field)));
    form.addEventListener("submit", (event) => { event.preventDefault(); this.#commit(); });
    this.element.replaceChildren(head, el("div", { class: "panel-body" }, form, this.#about()), el("footer", { class: "panel-foot" },
      button(t("grid.duplicate"), { picture: "copy", kind: "small", run: () => duplicateRecords(app, [record.id]) }),
      button(t("grid.delete"), { picture: "trash", kind: "small bad", run: () => deleteRecords(app, [record.id]) })));
  }

  #line(field) {
    const { record } = this;
    const app = this.#app;
    const id = `panel-${field.id}`;
    const fault = el("p", { class: "fault", id: `${id}-fault` });
    const value = record.values[field.id] ?? null;
    const tried = record.errors?.[field.id];
    const held = control(field, value, { id, disabled: isComputed(field), changed: () => this.#changed(field) });
    if (tried) fault.textContent = tried.detail;
    held.element.setAttribute("aria-describedby", `${id}-fault`);
    this.#lines.set(field.id, { field, held, fault, seen: sight(record, field.id) });
    const label = el("span", { class: "label" }, field.name, field.required && el("span", { class: "required" }, " *"));
    const shown = isComputed(field) ? el("output", { class: "quiet" }, textOf(field, value) || "—") : held.element;
    const wrapped = held.element.matches("div") || isComputed(field) ? el("div", { class: "field" }, label, shown) : el("label", { class: field.type === "checkbox" ? "check field" : "field" }, ...(field.type === "checkbox" ? [shown, label] : [label, shown]));
    return el("div", {}, wrapped, field.description && el("small", { class: "quiet" }, field.description), fault);
  }

  /** Saves a control that was changed. False if what stands there can't be sent. */
  #changed(field) {
    const line = this.#lines.get(field.id);
    // A control that leaves the page loses the focus, and says so.
    if (!line || isComputed(field)) return true;
    let value;
    try {
      value = line.held.get();
    } catch (error) {
      const { element } = line.held;
      refuse(this.#app, this.record, field, error.message, element.validity?.badInput ? undefined : element.value);
      return false;
    }
    const { seen } = line;
    line.seen = { ...seen, value };
    save(this.#app, this.record, field, value, seen);
    return true;
  }

  /** A record looks different now; what is being typed stays. */
  changed(record) {
    if (record !== this.record) return;
    for (const [id, line] of this.#lines) {
      const error = record.errors?.[id];
      line.fault.textContent = error?.detail ?? "";
      line.held.element.toggleAttribute("aria-invalid", false);
      if (error) line.held.element.setAttribute("aria-invalid", "true");
      const value = record.values[id] ?? null;
      const isSeen = same(value, line.seen.value);
      if (isSeen) line.seen = sight(record, id);
      if (error || isSeen || line.held.element.contains(document.activeElement)) continue;
      const { field } = line;
      const next = control(field, value, { id: `panel-${id}`, disabled: isComputed(field), changed: () => this.#changed(field) });
      if (line.held.element.isConnected) line.held.element.replaceWith(next.element);
      Object.assign(line, { held: next, seen: sight(record, id) });
    }
    this.#aboutFill();
  }

  #about() {
    this.about = el("dl", { class: "about" });
    this.#aboutFill();
    return this.about;
  }

  #aboutFill() {
    const { record } = this;
    const address = `${location.origin}${this.#app.api.path}/records/${record.id}`;
    const copy = (text) => button(t("ui.copy"), { picture: "copy", hidden: true, run: () => copyText(text).then(() => toast(t("ui.copied"))) });
    const time = (at) => textOf({ type: "dateTime" }, at);
    const lines = [
      [t("grid.id"), [el("code", {}, record.id), copy(record.id)]],
      [t("grid.api_address"), [el("code", {}, `GET ${address}`), copy(address)]],
      [t("grid.version"), [String(record.version)]],
      [t("grid.created"), [time(record.createdAt)]],
      [t("grid.updated"), [time(record.updatedAt)]],
    ];
    this.about?.replaceChildren(...lines.flatMap(([name, shown]) => [el("dt", {}, name), el("dd", {}, ...shown)]));
  }
}
