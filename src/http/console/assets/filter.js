// The filter: rows of conditions and the same as text, whichever is easier.

import { choicesOf } from "./cells.js";
import { button, debounce, el } from "./dom.js";
import { filterRows, filterText, operatorsOf, valuesOf } from "./filter-text.js";
import { t } from "./messages.js";

/** What operators are called. */
const operatorName = (op) => ({
  "contains": t("filter.contains"), "not contains": t("filter.not_contains"), "starts with": t("filter.starts"), "ends with": t("filter.ends"),
  "is empty": t("filter.is_empty"), "is not empty": t("filter.is_not_empty"), "between": t("filter.between"),
  "has": t("filter.has"), "not has": t("filter.has_not"), "= true": t("filter.is_checked"), "= false": t("filter.is_not_checked"),
  "=": t("filter.equals"), "!=": t("filter.not_equals"), "<": "<", "<=": "≤", ">": ">", ">=": "≥",
})[op];

const TIMED = new Set(["date", "dateTime", "createdAt", "updatedAt"]);
const timeName = (op) => ({ "<": t("filter.before"), "<=": t("filter.until"), ">": t("filter.after"), ">=": t("filter.from") })[op] ?? operatorName(op);

export class FilterBar {
  #app;
  #toolbar;
  #state = { join: "and", rows: [] };

  constructor(app, toolbar) {
    this.#app = app;
    this.#toolbar = toolbar;
    this.rows = el("div", { class: "filter-rows" });
    this.text = el("input", { class: "mono", spellcheck: "false", autocomplete: "off", "aria-label": t("filter.text"), "aria-describedby": "filter-fault", placeholder: t("filter.text_hint") });
    this.fault = el("p", { class: "fault", id: "filter-fault", role: "alert" });
    this.text.addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.isComposing) this.#textDone(); });
    this.text.addEventListener("change", () => this.#textDone());
    this.element = el("div", { class: "filter-bar", role: "group", "aria-label": t("filter.filter"), hidden: true }, this.rows,
      el("div", { class: "filter-text" }, el("label", { class: "text-label" }, el("span", {}, t("filter.text")), this.text),
        el("a", { href: "/swagger-ui/", class: "quiet small-link", target: "_blank", rel: "noopener" }, t("filter.language"))),
      this.fault);
    this.applySoon = debounce(() => this.#rowsDone(), 350);
  }

  toggle() {
    this.element.hidden = !this.element.hidden;
    this.#toolbar.filterButton.setAttribute("aria-expanded", String(!this.element.hidden));
    if (this.element.hidden) return;
    if (this.#state.rows.length === 0) this.#add();
    this.rows.querySelector("select, input")?.focus();
  }

  /** Shows the filter that the toolbar has. Conditions that are not filled in yet stay. */
  show() {
    const { filter } = this.#toolbar;
    const { fields } = this.#app;
    this.text.value = filter;
    const rows = this.#state.rows.map((row) => (row.field ? { ...row, field: fields.find((one) => one.id === row.field.id) } : row));
    const kept = { ...this.#state, rows: rows.filter((row) => row.raw !== undefined || row.field) };
    this.#state = kept.rows.length > 0 && filterText(kept) === filter.trim() ? kept : filterRows(filter, fields);
    this.#fill();
  }

  #textDone() {
    const text = this.text.value;
    this.#state = filterRows(text, this.#app.fields);
    this.#fill();
    this.#toolbar.setFilter(text);
  }

  #rowsDone() {
    this.text.value = filterText(this.#state);
    this.#toolbar.setFilter(this.text.value);
  }

  /** Says what is wrong with the text, and puts the cursor there. */
  failed(problem) {
    const detail = problem?.about("filter") ?? "";
    this.fault.textContent = detail;
    this.text.toggleAttribute("aria-invalid", false);
    if (!detail) return;
    this.text.setAttribute("aria-invalid", "true");
    if (this.element.hidden) this.toggle();
    const at = Number(detail.match(/^Character (\d+)/)?.[1] ?? 0);
    if (at > 0 && document.activeElement === this.text) this.text.setSelectionRange(at - 1, this.text.value.length);
  }

  /** Begins a condition about a field. */
  begin(field) {
    if (this.element.hidden) {
      this.element.hidden = false;
      this.#toolbar.filterButton.setAttribute("aria-expanded", "true");
    }
    this.#add(field);
  }

  #add(field = this.#app.fields[0]) {
    if (!field) return;
    this.#state.rows.push({ field, op: operatorsOf(field)[0], values: [""] });
    this.#fill();
    [...this.rows.querySelectorAll(".filter-row")].at(-1)?.querySelector("select")?.focus();
  }

  #fill() {
    const { rows } = this.#state;
    const add = button(t("filter.add"), { picture: "plus", kind: "small plain", run: () => this.#add() });
    const clear = rows.length > 0 && button(t("filter.clear"), { kind: "small plain", run: () => { this.#state.rows = []; this.#fill(); this.#rowsDone(); } });
    this.rows.replaceChildren(...rows.map((row, n) => this.#row(row, n)), el("div", { class: "filter-ends" }, add, clear || ""));
  }

  #row(row, n) {
    const remove = button(t("grid.remove"), { picture: "close", hidden: true, run: () => { this.#state.rows.splice(n, 1); this.#fill(); this.#rowsDone(); } });
    return el("div", { class: "filter-row" }, this.#joiner(n), row.raw === undefined ? this.#condition(row) : this.#raw(row), remove);
  }

  #joiner(n) {
    if (n === 0) return el("span", { class: "joiner" }, t("filter.where"));
    const name = { and: t("filter.and"), or: t("filter.or") };
    if (n > 1) return el("span", { class: "joiner" }, name[this.#state.join]);
    const select = el("select", { class: "joiner", "aria-label": t("filter.join"), onchange: () => { this.#state.join = select.value; this.#fill(); this.#rowsDone(); } },
      el("option", { value: "and" }, name.and), el("option", { value: "or" }, name.or));
    select.value = this.#state.join;
    return select;
  }

  #raw(row) {
    const input = el("input", { class: "mono", value: row.raw, "aria-label": t("filter.text"), onchange: () => { row.raw = input.value; this.#rowsDone(); } });
    return input;
  }

  #condition(row) {
    const { fields } = this.#app;
    const field = el("select", { "aria-label": t("field.field"), onchange: () => {
      row.field = fields.find((one) => one.id === field.value);
      [row.op] = operatorsOf(row.field);
      row.values = [""];
      this.#fill();
      this.#rowsDone();
    } }, fields.map((one) => el("option", { value: one.id }, one.name)));
    field.value = row.field.id;
    const named = TIMED.has(row.field.type) ? timeName : operatorName;
    const op = el("select", { "aria-label": t("filter.operator"), onchange: () => { row.op = op.value; this.#fill(); this.#rowsDone(); } },
      operatorsOf(row.field).map((one) => el("option", { value: one }, named(one))));
    op.value = row.op;
    const values = Array.from({ length: valuesOf(row.op) }, (_, at) => this.#value(row, at));
    return el("span", { class: "condition" }, field, op, values);
  }

  #value(row, at) {
    const set = (value) => { row.values[at] = value; this.applySoon(); };
    if (row.field.type === "select") {
      const select = el("select", { "aria-label": t("filter.value"), onchange: () => set(select.value) },
        el("option", { value: "" }, "—"), choicesOf(row.field).map((one) => el("option", { value: one.name }, one.name)));
      select.value = choicesOf(row.field).find((one) => one.id === row.values[at])?.name ?? row.values[at] ?? "";
      return select;
    }
    const dated = TIMED.has(row.field.type);
    return el("input", { value: row.values[at] ?? "", "aria-label": t("filter.value"), placeholder: dated ? t("filter.day_hint") : null,
      inputmode: row.field.type === "number" ? "decimal" : null, oninput: (event) => set(event.target.value) });
  }
}
