// Menus (ARIA's menu pattern) and panels that open at a button. The browser closes them and gives the focus back.

import { el, icon, place } from "./dom.js";

/** When each opener's popup was closed: the press on the opener that closes it must not open it again. */
const closedAt = new WeakMap();
const AGAIN_MS = 200;

/** Shows a popup at its opener; false if this press has just closed it. */
function open(opener, box) {
  if (performance.now() - (closedAt.get(opener) ?? -AGAIN_MS) < AGAIN_MS) return false;
  document.body.append(box);
  box.addEventListener("beforetoggle", (event) => {
    if (event.newState === "closed") closedAt.set(opener, performance.now());
  });
  box.addEventListener("toggle", (event) => {
    if (event.newState !== "closed") return;
    box.remove();
    opener.setAttribute("aria-expanded", "false");
  });
  // Some browsers don't focus a button that is pressed; to the one that has the focus it is given back.
  opener.focus({ preventScroll: true });
  box.showPopover();
  opener.setAttribute("aria-expanded", "true");
  return true;
}

/**
 * Opens a menu. An item is `{label, run, picture, checked, disabled, apart}`; one with `checked` stays open and is drawn
 * anew by `items()`.
 */
export function openMenu(opener, items, label) {
  const menu = el("div", { class: "popup", role: "menu", popover: "auto", "aria-label": label });
  const fill = () => {
    const at = [...menu.children].indexOf(document.activeElement);
    menu.replaceChildren(...items().filter(Boolean).map((item) => el("button", {
      type: "button", class: item.apart ? "plain apart" : "plain", tabindex: "-1", disabled: item.disabled,
      role: item.checked === undefined ? "menuitem" : "menuitemcheckbox", "aria-checked": item.checked === undefined ? null : String(item.checked),
      onclick: () => { if (item.checked === undefined) close(); item.run(); if (item.checked !== undefined) fill(); },
    }, el("span", { class: "slot" }, item.checked === true ? icon("check") : item.picture && icon(item.picture)), item.label)));
    (menu.children[at] ?? menu.querySelector("button:enabled"))?.focus();
  };
  const close = () => menu.hidePopover();
  menu.addEventListener("keydown", (event) => {
    const all = [...menu.children].filter((item) => !item.disabled);
    const at = all.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    event.stopPropagation();
    if (event.key === "Tab") { event.preventDefault(); close(); }
    if (to === undefined) return;
    event.preventDefault();
    all.at(to % all.length)?.focus();
  });
  if (!open(opener, menu)) return;
  fill();
  place(menu, opener.getBoundingClientRect());
}

/** Opens a panel of controls at a button; `content` is an element. */
export function openPopup(opener, content, label) {
  const box = el("div", { class: "popup form", role: "dialog", popover: "auto", "aria-label": label }, content);
  if (!open(opener, box)) return;
  place(box, opener.getBoundingClientRect());
  box.querySelector("select, input, button")?.focus();
}
