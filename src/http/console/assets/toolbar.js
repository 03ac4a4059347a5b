// What stands above the grid: adding, filter, sort, search, fields, and how many records there are. Filter, sort and search
// are in the page's address, so that it can be shared and loaded again.

import { button, debounce, el } from "./dom.js";
import { FilterBar } from "./filter.js";
import { renamed } from "./filter-text.js";
import { openMenu, openPopup } from "./menu.js";
import { number, t } from "./messages.js";

const SORTS_MAX = 8;

export class Toolbar {
  #app;

  constructor(app) {
    this.#app = app;
    this.filter = "";
    this.sort = [];
    this.search = el("input", { type: "search", class: "search", placeholder: t("grid.search"), "aria-label": t("grid.search"), maxlength: "1000" });
    this.search.addEventListener("input", debounce(() => { app.unpick(); this.apply(); }, 300));
    this.count = el("span", { class: "count quiet" });
    this.filterButton = button(t("filter.filter"), { picture: "filter", run: () => this.bar.toggle(), "aria-expanded": "false" });
    this.sortButton = button(t("grid.sort"), { picture: "sort", run: () => this.#sortPopup() });
    this.fieldsButton = button(t("field.fields"), { picture: "eye", run: () => this.#fieldsMenu() });
    this.bar = new FilterBar(app, this);
    const tools = el("div", { class: "toolbar", role: "toolbar", "aria-label": t("grid.tools") },
      button(t("grid.add_record"), { picture: "plus", kind: "primary", run: () => app.addRecord() }),
      this.filterButton, this.sortButton, this.fieldsButton,
      el("label", { class: "search-box" }, el("span", { class: "visually-hidden" }, t("grid.search")), this.search),
      el("span", { class: "grow" }), this.count,
      button(t("grid.help"), { picture: "help", hidden: true, run: () => app.help() }));
    this.element = el("div", { class: "tools" }, tools, this.bar.element);
    this.fromAddress();
  }

  fromAddress() {
    const address = new URLSearchParams(location.search);
    this.filter = address.get("filter") ?? "";
    this.sort = (address.get("sort") ?? "").split(",").filter(Boolean);
    this.search.value = address.get("search") ?? "";
    this.bar.show();
    this.#labels();
  }

  #toAddress() {
    const address = new URLSearchParams();
    const { filter, sort, search } = this.question();
    if (filter) address.set("filter", filter);
    if (sort) address.set("sort", sort.join(","));
    if (search) address.set("search", search);
    history.replaceState(null, "", address.size ? `?${address}` : location.pathname);
  }

  /** What the records are asked with. */
  question() {
    const question = {};
    const search = this.search.value.trim();
    if (this.filter.trim()) question.filter = this.filter.trim();
    if (this.sort.length) question.sort = this.sort;
    if (search) question.search = search;
    return question;
  }

  /** Asks with what stands here now. */
  apply() {
    this.#toAddress();
    this.#labels();
    const app = this.#app;
    app.active = { row: 0, col: Math.max(0, app.active.col) };
    app.anchor = null;
    app.view.scroll.to(0);
    return app.reload();
  }

  setFilter(text) {
    if (text.trim() === this.filter.trim()) return;
    this.filter = text;
    // What is ticked is what is seen: nothing that the new filter hides is deleted with it.
    this.#app.unpick();
    this.apply();
  }

  setSort(keys) {
    this.sort = keys;
    this.apply();
  }

  #labels() {
    const set = (node, text, on) => {
      node.querySelector("span").textContent = text;
      node.classList.toggle("on", on);
    };
    set(this.filterButton, this.filter.trim() ? t("filter.filtered") : t("filter.filter"), Boolean(this.filter.trim()));
    set(this.sortButton, this.sort.length ? t.count("grid.sorted", this.sort.length) : t("grid.sort"), this.sort.length > 0);
    const hidden = this.#app.columns?.fields ? this.#app.columns.hiddenCount : 0;
    set(this.fieldsButton, hidden ? t.count("field.hidden", hidden) : t("field.fields"), hidden > 0);
  }

  /** Fields are others now than they were `before`, or the same with other names. */
  fieldsChanged(before = []) {
    const names = before.map((old) => [old.name, this.#app.fields.find((field) => field.id === old.id)?.name]);
    const changed = new Map(names.filter(([old, now]) => now !== undefined && now !== old));
    if (changed.size > 0 && this.filter) {
      this.filter = renamed(this.filter, changed);
      this.#toAddress();
    }
    const ids = new Set([...this.#app.fields.map((field) => field.id), "id", "version", "createdAt", "updatedAt"]);
    const named = new Map(this.#app.fields.map((field) => [field.name, field.id]));
    const kept = this.sort
      .map((key) => { const [sign, name] = key.startsWith("-") ? ["-", key.slice(1)] : ["", key]; return sign + (named.get(name) ?? name); })
      .filter((key) => ids.has(key.replace(/^-/, "")));
    this.sort = kept;
    this.bar.show();
    this.#labels();
  }

  filterFailed(problem) {
    this.bar.failed(problem);
  }

  /** "1,234 of 300,000 records", or all of them. */
  counted() {
    const { rows, table } = this.#app;
    const all = Math.max(rows.total, table?.recordCount ?? 0);
    const { filter, search } = this.question();
    return filter || search ? t.count("grid.count_of", all, { shown: number(rows.total) }) : t.count("grid.count", rows.total);
  }

  showCount() {
    const text = this.#app.rows.loaded ? this.counted() : "";
    this.count.textContent = this.#app.rows.far ? t("grid.far", { count: text }) : text;
  }

  /** What is shown where no record is, and what to do next. */
  nothing() {
    const { filter, search } = this.question();
    const clear = () => {
      this.search.value = "";
      this.filter = "";
      this.bar.show();
      this.apply();
    };
    if (filter || search) return [el("p", {}, t("grid.no_match")), button(t("grid.show_all"), { run: clear })];
    return [el("p", {}, t("grid.no_records")), el("p", { class: "quiet" }, t("grid.no_records_hint")),
      button(t("grid.add_record"), { picture: "plus", kind: "primary", run: () => this.#app.addRecord() })];
  }

  #fieldsMenu() {
    const { columns, fields, view } = this.#app;
    const adding = { label: t("field.add"), picture: "plus", apart: true, run: () => this.#app.addField() };
    const items = () => [...fields.map((field, n) => ({
      label: field.name, checked: !columns.isHidden(field), disabled: n === 0,
      run: () => {
        columns.hide(field, !columns.isHidden(field));
        this.#app.active.col = Math.min(this.#app.active.col, columns.count - 1);
        this.#labels();
        view.reset();
      },
    })), adding];
    openMenu(this.fieldsButton, items, t("field.fields"));
  }

  #sortPopup() {
    const content = el("div", { class: "sorts" });
    const sortable = this.#app.fields.filter((field) => field.type !== "json");
    const fill = () => {
      const line = (key, n) => {
        const id = key.replace(/^-/, "");
        const name = el("select", { "aria-label": t("field.field"), onchange: () => change(n, (key.startsWith("-") ? "-" : "") + name.value) },
          [...sortable.map((field) => [field.id, field.name]), ["id", t("grid.made_order")], ["updatedAt", t("grid.changed_order")]]
            .map(([value, text]) => el("option", { value, disabled: value !== id && this.sort.some((other) => other.replace(/^-/, "") === value) }, text)));
        name.value = id;
        const order = el("select", { "aria-label": t("grid.order"), onchange: () => change(n, (order.value === "-" ? "-" : "") + id) },
          el("option", { value: "" }, t("grid.ascending")), el("option", { value: "-" }, t("grid.descending")));
        order.value = key.startsWith("-") ? "-" : "";
        return el("div", { class: "sort-line" }, name, order, button(t("grid.remove"), { picture: "close", hidden: true, run: () => change(n, null) }));
      };
      const free = sortable.find((field) => !this.sort.some((key) => key.replace(/^-/, "") === field.id));
      content.replaceChildren(...this.sort.map(line), this.sort.length ? "" : el("p", { class: "quiet" }, t("grid.no_sort")),
        button(t("grid.add_sort"), { picture: "plus", kind: "small", disabled: !free || this.sort.length >= SORTS_MAX, run: () => change(this.sort.length, free.id) }));
    };
    const change = (n, key) => {
      const keys = [...this.sort];
      keys.splice(n, 1, ...(key ? [key] : []));
      // Nothing may follow the id, which no two records share.
      const end = keys.findIndex((one) => /^-?id$/.test(one));
      this.setSort(end < 0 ? keys : keys.slice(0, end + 1));
      fill();
      content.querySelectorAll("select")[n * 2]?.focus();
    };
    fill();
    openPopup(this.sortButton, content, t("grid.sort"));
  }
}
