// Small helpers to make elements. Text always goes in as text, so nothing that somebody typed is ever read as markup.

const icons = new URL("icons.svg", import.meta.url).pathname;
const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes, `on…` listeners and children; what is null or false is left out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** A picture of icons.svg. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${icons}#${name}`);
  svg.append(use);
  return svg;
}

/** A button with an icon, a text, or both. */
export function button(label, { picture, run, kind = "", hidden = false, ...rest } = {}) {
  const attributes = { type: "button", class: kind, onclick: run, ...rest };
  if (hidden) Object.assign(attributes, { "aria-label": label, title: label, class: `icon-button ${kind}` });
  return el("button", attributes, picture && icon(picture), !hidden && el("span", {}, label));
}

/** Puts a popover beside a rectangle, within the window. */
export function place(popover, rect, { over = false } = {}) {
  const { innerWidth: width, innerHeight: height } = window;
  const box = popover.getBoundingClientRect();
  const left = Math.max(4, Math.min(rect.left, width - box.width - 4));
  let top = over ? rect.top : rect.bottom + 2;
  if (top + box.height > height - 4) top = Math.max(4, over ? height - box.height - 4 : rect.top - box.height - 2);
  popover.style.left = `${left}px`;
  popover.style.top = `${top}px`;
}

/** Runs a function once calls have ceased for a while. */
export function debounce(run, ms) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(run, ms, ...args);
  };
}

/** Shows a dialog; resolves with what it was closed with, `""` if it was dismissed. */
export function dialog(title, content, { kind = "" } = {}) {
  const before = document.activeElement;
  const head = el("h2", { id: "dialog-title" }, title);
  const box = el("dialog", { class: `dialog ${kind}`, "aria-labelledby": "dialog-title" }, head, content);
  document.body.append(box);
  box.showModal();
  return new Promise((resolve) => {
    box.addEventListener("close", () => {
      box.remove();
      before?.focus?.({ preventScroll: true });
      resolve(box.returnValue);
    });
  });
}
