// Making, changing, moving and deleting fields.

import { COMPUTED, isComputed, same, textOf } from "./cells.js";
import { button, dialog, el } from "./dom.js";
import { control } from "./editors.js";
import { t } from "./messages.js";
import { failure, toast } from "./toast.js";

const COLORS = ["gray", "red", "orange", "amber", "green", "teal", "cyan", "blue", "indigo", "purple", "pink", "rose"];

const typeNames = () => ({
  string: t("field.string"), longText: t("field.long_text"), number: t("field.number"), checkbox: t("field.checkbox"), date: t("field.date"),
  dateTime: t("field.date_time"), select: t("field.select"), email: t("field.email"), url: t("field.url"), json: t("field.json"),
  autoIncrement: t("field.auto_increment"), createdAt: t("field.created_at"), updatedAt: t("field.updated_at"),
});

/** What can be empty or the same, and so can be required or unique. */
const takesRequired = (type) => type !== "checkbox" && !COMPUTED.has(type);
const UNIQUE = new Set(["string", "number", "date", "dateTime", "email", "url"]);

const colorNames = () => ({
  gray: t("field.gray"), red: t("field.red"), orange: t("field.orange"), amber: t("field.amber"), green: t("field.green"), teal: t("field.teal"),
  cyan: t("field.cyan"), blue: t("field.blue"), indigo: t("field.indigo"), purple: t("field.purple"), pink: t("field.pink"), rose: t("field.rose"),
});

/** The choices of a select, to be edited. */
function choicesEditor(choices) {
  const list = el("ul", { class: "choice-lines" });
  const names = colorNames();
  const line = (choice) => {
    const name = el("input", { value: choice.name, "aria-label": t("field.choice"), maxlength: "255" });
    const color = el("select", { "aria-label": t("field.color") }, COLORS.map((one) => el("option", { value: one }, names[one])));
    color.value = choice.color ?? COLORS[0];
    const dot = el("span", { class: `dot c-${color.value}` });
    color.addEventListener("change", () => { dot.className = `dot c-${color.value}`; });
    name.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); add(); } });
    const node = el("li", {}, dot, name, color, button(t("grid.remove"), { picture: "close", hidden: true, run: () => node.remove() }));
    node.read = () => ({ ...(choice.id && { id: choice.id }), name: name.value.trim(), color: color.value });
    return node;
  };
  const add = () => {
    const node = line({ name: "", color: COLORS[(list.children.length * 5 + 7) % COLORS.length] });
    list.append(node);
    node.querySelector("input").focus();
  };
  list.append(...choices.map(line));
  const element = el("div", {}, list, button(t("field.add_choice"), { picture: "plus", kind: "small", run: add }));
  return { element, get: () => [...list.children].map((node) => node.read()).filter((choice) => choice.name) };
}

/** Asks for everything about a field, a new one or one that is there. */
export function fieldDialog(app, field) {
  const names = typeNames();
  const id = (name) => `field-${name}`;
  const name = el("input", { id: id("name"), value: field?.name ?? "", maxlength: "255", autocomplete: "off" });
  const type = el("select", { id: id("type") }, Object.entries(names).map(([value, text]) => el("option", { value, disabled: field && COMPUTED.has(value) !== isComputed(field) }, text)));
  type.value = field?.type ?? "string";
  type.disabled = Boolean(field && isComputed(field));
  const choices = choicesEditor(field?.options?.choices ?? []);
  const check = (label, value) => {
    const box = el("input", { type: "checkbox" });
    box.checked = value === true;
    return { box, label: el("label", { class: "check" }, box, label) };
  };
  const multiple = check(t("field.multiple"), field?.options?.multiple);
  const required = check(t("field.required"), field?.required);
  const unique = check(t("field.unique"), field?.unique);
  const description = el("textarea", { id: id("description"), rows: 2, maxlength: "2000", value: field?.description ?? "" });
  const options = el("fieldset", {}, el("legend", {}, t("field.choices")), choices.element, multiple.label);
  const byDefault = el("div", {});
  let standard;

  const shape = () => {
    options.hidden = type.value !== "select";
    required.label.hidden = !takesRequired(type.value);
    unique.label.hidden = !UNIQUE.has(type.value);
    const plain = !COMPUTED.has(type.value) && type.value !== "select";
    const held = field && field.type === type.value ? field.default : null;
    // A select's default is one of its choices, which may be new: it is written by name.
    const like = { name: t("field.default"), type: type.value === "select" ? "string" : type.value };
    standard = COMPUTED.has(type.value) ? null : control(like, type.value === "select" ? [held ?? []].flat().join(", ") : held, { id: id("default") });
    byDefault.replaceChildren(...(standard ? [el("label", { for: id("default") }, t("field.default"), !plain && el("small", {}, t("field.default_choice"))), standard.element] : []));
  };
  type.addEventListener("change", shape);
  shape();

  const faults = el("div", { role: "alert" });
  const report = el("div", {});
  const submit = el("button", { class: "primary" }, field ? t("ui.save") : t("field.add"));
  const form = el("form", { class: "stack field-form", novalidate: true }, faults, report,
    el("label", {}, t("field.name"), name), el("label", {}, t("field.type"), type), options, required.label, unique.label, byDefault,
    el("label", {}, t("ui.description"), description),
    el("div", { class: "buttons" }, button(t("ui.cancel"), { run: () => form.closest("dialog").close() }), submit));

  const wanted = () => {
    const isSelect = type.value === "select";
    const chosen = choices.get();
    const all = { name: name.value.trim(), type: type.value, description: description.value.trim() || null };
    if (takesRequired(type.value)) all.required = required.box.checked;
    if (UNIQUE.has(type.value)) all.unique = unique.box.checked;
    if (isSelect) all.options = { choices: chosen, multiple: multiple.box.checked };
    const value = standard?.get() ?? null;
    all.default = isSelect && value !== null && multiple.box.checked ? value.split(",").map((one) => one.trim()).filter(Boolean) : value;
    if (type.value === "checkbox" && all.default === false) all.default = null;
    return all;
  };

  const show = (problem) => {
    const { faults: list = [], message } = problem;
    faults.replaceChildren(el("div", { class: "note bad" }, el("p", {}, problem.code === "values_do_not_convert" || list.length === 0 ? message : ""),
      el("ul", {}, list.slice(0, 10).map((fault) => el("li", {}, fault.detail)))));
    const at = list[0]?.pointer.split("/")[1];
    form.querySelector(`#${id(at ?? "name")}`)?.setAttribute("aria-invalid", "true");
    faults.scrollIntoView({ block: "nearest" });
  };

  let confirmed = null;
  form.addEventListener("input", () => { confirmed = null; report.replaceChildren(); submit.textContent = field ? t("ui.save") : t("field.add"); });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    faults.replaceChildren();
    form.querySelectorAll("[aria-invalid]").forEach((one) => one.removeAttribute("aria-invalid"));
    submit.disabled = true;
    try {
      const all = wanted();
      const changes = field ? changed(field, all) : all;
      if (!field) {
        if (changes.default === null) delete changes.default;
        await app.api.fieldCreate(changes);
      } else if (Object.keys(changes).length > 0) {
        if (!confirmed && (changes.type || changes.options)) {
          const dry = await app.api.fieldUpdate(field.id, changes, { dryRun: true });
          if (dry.modifiedCount > 0) {
            confirmed = changes;
            reportShow(report, app, field, dry);
            submit.textContent = t("field.convert");
            return;
          }
        }
        await app.api.fieldUpdate(field.id, changes);
      }
      form.closest("dialog").close("done");
      await app.reloadFields();
      toast(field ? t("field.saved", { name: all.name }) : t("field.added", { name: all.name }));
      if (!field) app.go({ row: -1, col: app.columns.count - 1 });
    } catch (problem) {
      show(problem);
    } finally {
      submit.disabled = false;
    }
  });
  const shown = dialog(field ? t("field.edit") : t("field.add"), form);
  name.focus();
  return shown;
}

/** What of a field would be other than it is. */
function changed(field, all) {
  const held = { ...field, description: field.description ?? null, default: field.default ?? null };
  const entries = Object.entries(all).filter(([key, value]) => !(key === "options" ? sameOptions(value, field.options) : same(value, held[key])));
  const changes = Object.fromEntries(entries);
  // With another type the default is another one, too.
  if (changes.type && all.options) changes.options = all.options;
  return changes;
}

const sameOptions = (a, b) => same(a.choices, b?.choices) && a.multiple === (b?.multiple === true);

/** What a change would make of the values that are there. */
function reportShow(report, app, field, dry) {
  const text = (value) => (value === null ? t("cell.empty") : typeof value === "string" ? value : textOf({ ...field, type: "json" }, value));
  report.replaceChildren(el("div", { class: "note warn" }, el("p", {}, t.count("field.converts", dry.modifiedCount)),
    el("ul", { class: "mono" }, dry.changes.slice(0, 5).map(({ before, after }) => el("li", {}, `${text(before)} → ${text(after)}`)))));
  report.scrollIntoView({ block: "nearest" });
}

/** Moves a field to another place. */
export async function fieldMove(app, field, position) {
  try {
    await app.api.fieldUpdate(field.id, { position });
    await app.reloadFields();
    const col = app.columns.list.findIndex((one) => one.id === field.id);
    app.go({ row: -1, col: Math.max(0, col) });
  } catch (problem) {
    failure(problem);
  }
}

/** Deletes a field once its name is typed. */
export async function fieldDelete(app, field) {
  const typed = el("input", { id: "delete-name", autocomplete: "off" });
  const sure = el("button", { value: "yes", class: "bad", disabled: true }, t("field.delete"));
  typed.addEventListener("input", () => { sure.disabled = typed.value.trim() !== field.name; });
  const form = el("form", { method: "dialog", class: "stack" }, el("p", {}, t.count("field.delete_about", app.table.recordCount, { name: field.name })),
    el("label", {}, t("field.type_name", { name: field.name }), typed),
    el("div", { class: "buttons" }, button(t("ui.cancel"), { run: () => form.closest("dialog").close() }), sure));
  const asked = dialog(t("field.delete"), form);
  typed.focus();
  if ((await asked) !== "yes") return;
  try {
    await app.api.fieldDelete(field.id);
    await app.reloadFields();
    toast(t("field.deleted", { name: field.name }));
    app.go({ row: -1, col: Math.min(app.active.col, app.columns.count - 1) });
  } catch (problem) {
    failure(problem);
  }
}
