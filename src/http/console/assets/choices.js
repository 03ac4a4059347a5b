// A list of choices that is narrowed by typing: for values of selects (ARIA's combobox with a listbox).

import { choicesOf, isMultiple, pill } from "./cells.js";
import { el, icon } from "./dom.js";
import { t } from "./messages.js";

let serial = 0;

/**
 * The list, for a value of a field. `picked(value, isFinal)` is called with each change; a single choice is final.
 */
export function choiceList(field, value, picked) {
  const multiple = isMultiple(field);
  const chosen = new Set([value ?? []].flat());
  const id = `choices-${(serial += 1)}`;
  let at = 0;
  let shown = [];
  // Enter takes the marked choice if there was any move since the last one, and else is done.
  let moved = false;

  const input = el("input", {
    role: "combobox", "aria-expanded": "true", "aria-controls": id, "aria-autocomplete": "list", autocomplete: "off",
    "aria-label": field.name, placeholder: t("cell.find_choice"), class: "choice-input",
  });
  const list = el("ul", { role: "listbox", id, class: "choice-list", "aria-label": field.name, "aria-multiselectable": multiple && "true" });
  const box = el("div", { class: "choices" }, input, list);

  const result = () => {
    const ids = choicesOf(field).map((one) => one.id).filter((one) => chosen.has(one));
    return multiple ? (ids.length ? [...chosen] : null) : (ids[0] ?? null);
  };

  function mark(to) {
    at = Math.max(-1, Math.min(to, shown.length - 1));
    [...list.children].forEach((option, n) => option.classList.toggle("marked", n === at));
    const option = list.children[at];
    option?.scrollIntoView({ block: "nearest" });
    if (option?.id) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
  }

  function fill() {
    const wanted = input.value.trim().toLowerCase();
    shown = choicesOf(field).filter((one) => one.name.toLowerCase().includes(wanted));
    list.replaceChildren(...shown.map((one) => el("li", {
      role: "option", id: `${id}-${one.id}`, "aria-selected": String(chosen.has(one.id)),
      onpointerdown: (event) => { event.preventDefault(); take(one); },
    }, pill(one), chosen.has(one.id) && icon("check"))));
    if (shown.length === 0) list.append(el("li", { class: "quiet", role: "option", "aria-disabled": "true" }, t("cell.no_choice")));
    mark(at);
  }

  function take(one) {
    if (!one) return;
    const had = chosen.has(one.id);
    if (!multiple) chosen.clear();
    if (had) chosen.delete(one.id);
    else chosen.add(one.id);
    moved = false;
    input.value = "";
    if (!multiple && had) chosen.add(one.id);
    fill();
    picked(result(), !multiple);
  }

  input.addEventListener("input", () => { moved = true; at = 0; fill(); });
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      mark(at + step);
      moved = true;
    } else if (event.key === "Enter" && !event.isComposing && moved && shown[at]) {
      event.preventDefault();
      // A single choice is final: the listener of the editor sees the same key and closes.
      if (multiple) event.stopPropagation();
      take(shown[at]);
    } else if (event.key === "Backspace" && input.value === "" && chosen.size > 0) {
      chosen.delete([...chosen].pop());
      fill();
      picked(result(), false);
    }
  });
  at = choicesOf(field).findIndex((one) => chosen.has(one.id));
  fill();
  return {
    box,
    focus: () => { input.focus({ preventScroll: true }); mark(at); },
    /** Takes what is marked, if there was a move: what leaving with Tab means. */
    settle: () => { if (moved && shown[at] && !chosen.has(shown[at].id)) take(shown[at]); },
    value: result,
  };
}
