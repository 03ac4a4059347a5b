// Menus that open at a button (ARIA's menu pattern).

import { el, icon, place } from "./dom.js";

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
    menu.children[Math.max(0, at)]?.focus();
  };
  const close = () => menu.hidePopover();
  document.body.append(menu);
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
  menu.addEventListener("toggle", (event) => {
    if (event.newState !== "closed") return;
    const inside = menu.contains(document.activeElement) || document.activeElement === document.body;
    menu.remove();
    opener.setAttribute("aria-expanded", "false");
    if (inside) opener.focus({ preventScroll: true });
  });
  menu.showPopover();
  fill();
  place(menu, opener.getBoundingClientRect());
  opener.setAttribute("aria-expanded", "true");
}

/** Opens a panel of controls at a button; `content` is an element. Returns it. */
export function openPopup(opener, content, label) {
  const box = el("div", { class: "popup form", role: "dialog", popover: "auto", "aria-label": label }, content);
  document.body.append(box);
  box.addEventListener("toggle", (event) => {
    if (event.newState !== "closed") return;
    const inside = box.contains(document.activeElement) || document.activeElement === document.body;
    box.remove();
    opener.setAttribute("aria-expanded", "false");
    if (inside) opener.focus({ preventScroll: true });
  });
  box.showPopover();
  place(box, opener.getBoundingClientRect());
  opener.setAttribute("aria-expanded", "true");
  box.querySelector("input, select, button")?.focus();
  return box;
}
