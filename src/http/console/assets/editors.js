// Editors of values: within a cell of the grid, and as controls of a form.

import { choiceList } from "./choices.js";
import { choicesOf, isMultiple, read, toLocal } from "./cells.js";
import { el, place } from "./dom.js";
import { t } from "./messages.js";

const KINDS = { date: "date", dateTime: "datetime-local", email: "email", url: "url" };

const isDated = (field) => field.type === "date" || field.type === "dateTime";

/** The text that an input begins with. */
function begin(field, value) {
  if (value === null || value === undefined) return "";
  if (field.type === "dateTime") return toLocal(value);
  if (field.type === "json") return JSON.stringify(value, null, 2);
  return String(value);
}

/** An input for one line. What is checked is checked by the server, so none has a type that refuses text. */
function input(field, value, attributes = {}) {
  const dated = isDated(field);
  return el("input", {
    type: dated ? KINDS[field.type] : "text", inputmode: field.type === "number" ? "decimal" : KINDS[field.type],
    step: field.type === "dateTime" && begin(field, value).length > 16 && "1", max: dated && (field.type === "date" ? "9999-12-31" : "9999-12-31T23:59:59"),
    autocomplete: "off", spellcheck: "false", value: begin(field, value), ...attributes,
  });
}

/**
 * A control of a form for a value: `{element, get, focus}`. `get` throws if what stands there can't be sent. A date is
 * `changed` when it is left: on the way to 2026 there is a year 2, which is a date, too.
 */
export function control(field, value, { id, changed = () => {}, disabled = false } = {}) {
  if (field.type === "checkbox") {
    const box = el("input", { type: "checkbox", id, disabled, onchange: changed });
    box.checked = value === true;
    return { element: box, get: () => box.checked, focus: () => box.focus() };
  }
  if (field.type === "select") {
    if (isMultiple(field)) return checks(field, value, { id, changed, disabled });
    const options = [el("option", { value: "" }, "—"), ...choicesOf(field).map((one) => el("option", { value: one.id }, one.name))];
    const select = el("select", { id, disabled, onchange: changed }, options);
    select.value = value ?? "";
    return { element: select, get: () => select.value || null, focus: () => select.focus() };
  }
  const dated = isDated(field);
  const long = field.type === "longText" || field.type === "json";
  const node = long
    ? el("textarea", { id, rows: 4, disabled, class: field.type === "json" ? "mono" : "", value: begin(field, value), onchange: changed })
    : input(field, value, { id, disabled, [dated ? "onblur" : "onchange"]: changed });
  return { element: node, get: () => readNode(field, value, node), focus: () => node.focus() };
}

/** The value itself if its text was not touched: a moment's milliseconds, which no input shows, are not lost. */
const unchanged = (field, value, node) => (node.value === begin(field, value) ? value : undefined);

/** What an input holds. A date of which a part is missing looks empty to scripts; it must not empty what was there. */
function readNode(field, value, node) {
  if (node.validity?.badInput) throw new Error(t("cell.not_complete"));
  return unchanged(field, value, node) ?? read(field, node.value);
}

function checks(field, value, { id, changed, disabled }) {
  const chosen = new Set(value ?? []);
  const boxes = choicesOf(field).map((one) => {
    const box = el("input", { type: "checkbox", value: one.id, disabled, onchange: changed });
    box.checked = chosen.has(one.id);
    return el("label", { class: "check" }, box, one.name);
  });
  const element = el("div", { id, role: "group", "aria-label": field.name, class: "checks" }, boxes);
  const get = () => {
    const ids = [...element.querySelectorAll("input:checked")].map((box) => box.value);
    return ids.length ? ids : null;
  };
  return { element, get, focus: () => element.querySelector("input")?.focus() };
}

const MOVES = { Enter: "down", Tab: "right" };

/**
 * Opens an editor in a cell. `typed` begins with nothing, for the character that is being typed; `text` with what could
 * not be saved before. Calls
 * `done(value, move)` once, or `failed(detail, text)` if what stands there can't be sent, or `cancelled()`.
 */
export function openEditor(cell, field, value, { typed = false, text, done, failed, cancelled, layer }) {
  const shape = field.type === "select" ? listEditor : field.type === "longText" || field.type === "json" ? areaEditor : lineEditor;
  const editor = shape(cell, field, { value, layer, text: typed ? "" : (text ?? begin(field, value)), typed: typed || text !== undefined });
  let open = true;
  const end = (act) => {
    if (!open) return;
    open = false;
    document.removeEventListener("pointerdown", outside, true);
    act();
  };
  const commit = (move) => end(() => {
    let result;
    try {
      editor.settle?.();
      result = editor.get();
    } catch (error) {
      const tried = editor.text;
      editor.close();
      return failed(error.message, tried, move);
    }
    editor.close();
    return done(result, move);
  });
  const cancel = () => end(() => { editor.close(); cancelled(); });
  const outside = (event) => { if (!editor.node.contains(event.target) && !cell.contains(event.target)) commit(null); };
  editor.node.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      if (editor.keeps) commit("stay");
      else cancel();
    } else if (event.key === "Tab" || (event.key === "Enter" && !(editor.lines && (event.shiftKey || event.altKey)))) {
      event.preventDefault();
      event.stopPropagation();
      commit(event.key === "Tab" && event.shiftKey ? "left" : event.key === "Enter" && event.shiftKey ? "new" : MOVES[event.key]);
    } else event.stopPropagation();
  });
  editor.node.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !editor.node.contains(event.relatedTarget)) commit(null);
  });
  document.addEventListener("pointerdown", outside, true);
  editor.final = () => commit("stay");
  editor.focus();
  return { commit, cancel, follow: () => editor.follow?.() };
}

function lineEditor(cell, field, { value, text, typed }) {
  // The parts of a date that a browser offers go by its own language: who types one in a grid writes it as everywhere else.
  const written = typed && isDated(field) && { type: "text", placeholder: t(`cell.${field.type}_form`) };
  const node = input(field, null, { value: text, class: "cell-input", "aria-label": field.name, ...written });
  cell.classList.add("editing");
  cell.append(node);
  return {
    node,
    // Of a date that is not complete no text is known: its editor begins with what was there.
    get text() { return node.validity.badInput ? undefined : node.value; },
    get: () => readNode(field, value, node),
    focus: () => { node.focus({ preventScroll: true }); if (node.type === "text") node.setSelectionRange(node.value.length, node.value.length); },
    close: () => { cell.classList.remove("editing"); node.remove(); },
  };
}

/** What is larger than a cell lies over it, above everything else. */
function over(cell, layer, content, kind) {
  const node = el("div", { class: `editor ${kind}`, popover: "manual" }, content);
  layer.append(node);
  node.style.minWidth = `${cell.getBoundingClientRect().width}px`;
  node.showPopover();
  const follow = () => place(node, cell.getBoundingClientRect(), { over: true });
  follow();
  return { node, follow, close: () => node.remove() };
}

function areaEditor(cell, field, { value, text, layer }) {
  const area = el("textarea", { rows: 7, "aria-label": field.name, class: field.type === "json" ? "mono" : "", spellcheck: "false", value: text });
  const box = over(cell, layer, [area, el("p", { class: "hint" }, t("cell.area_hint"))], "area");
  return {
    ...box,
    lines: true,
    get text() { return area.value; },
    get: () => readNode(field, value, area),
    focus: () => { area.focus({ preventScroll: true }); area.setSelectionRange(area.value.length, area.value.length); },
  };
}

function listEditor(cell, field, { value, layer }) {
  const editor = { final: () => {} };
  const list = choiceList(field, value, (_, isFinal) => isFinal && setTimeout(() => editor.final()));
  const hint = isMultiple(field) && el("p", { class: "hint" }, t("cell.multiple_hint"));
  return Object.assign(editor, over(cell, layer, [list.box, hint], "list"), {
    get text() { return ""; },
    // Each tick is a choice already.
    keeps: isMultiple(field),
    get: list.value,
    settle: list.settle,
    focus: list.focus,
  });
}
