// Keys and pointers: what they do in the grid is what they do in a spreadsheet.

import { isComputed } from "./cells.js";
import { ROW } from "./view.js";

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** Listens for keys in the grid. */
export function listenKeys(app) {
  const { sheet } = app.view;
  sheet.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.target.closest(".editing")) return;
    const handled = (event.key in ARROWS || /^(Home|End|Page)/.test(event.key) ? travel(app, event) : act(app, event));
    if (handled) event.preventDefault();
  });
}

function travel(app, event) {
  const { active, columns, rows } = app;
  const strong = event.ctrlKey || event.metaKey;
  const page = Math.max(1, Math.floor(app.view.scroll.view / ROW) - 1);
  const last = { row: rows.total - 1, col: columns.count - 1 };
  const to = { ...active };
  const [down, right] = ARROWS[event.key] ?? [0, 0];
  if (strong && down) to.row = down < 0 ? 0 : last.row;
  else to.row += down;
  if (strong && right) to.col = right < 0 ? 0 : last.col;
  else to.col += right;
  if (event.key === "PageUp" || event.key === "PageDown") to.row = Math.max(0, Math.min(rows.total, to.row + (event.key === "PageUp" ? -page : page)));
  if (event.key === "Home") Object.assign(to, { col: 0, row: strong ? 0 : to.row });
  if (event.key === "End") Object.assign(to, { col: last.col, row: strong ? Math.max(0, last.row) : to.row });
  app.go(to, { extend: event.shiftKey && active.row >= 0 });
  return true;
}

function act(app, event) {
  const { active, rows } = app;
  const strong = event.ctrlKey || event.metaKey;
  const record = rows.at(active.row);
  if (active.row === -1) return actOnHead(app, event);
  if (event.key === "Enter" && event.shiftKey) return app.addRecord();
  if (event.key === "Enter" && strong) return app.openPanel(record);
  if (strong && event.key.toLowerCase() === "a") return app.selectAll();
  if (strong && /^[yz]$/i.test(event.key)) return app.takeBack(event.key.toLowerCase() === "y" || event.shiftKey);
  if (strong || event.altKey) return false;
  switch (event.key) {
    case "Enter":
    case "F2":
      if (active.col === -1 && record) return app.openPanel(record);
      return app.edit();
    case "Tab":
      return tab(app, event);
    case "Escape":
      return app.dismiss();
    case "Delete":
    case "Backspace":
      return active.col >= 0 && app.clear();
    case " ":
      return space(app, record, event.shiftKey);
    case "?":
      return app.help();
    default:
  }
  // A character begins an editor, which has the focus before the browser puts the character in; so does an input method.
  const begins = event.key.length === 1 || event.key === "Process" || event.keyCode === 229;
  if (begins && active.col >= 0) app.edit({ typed: true });
  return false;
}

function tab(app, event) {
  const { active, columns } = app;
  const to = active.col + (event.shiftKey ? -1 : 1);
  // At the edges Tab leaves the grid, so that nobody is caught in it.
  if (to < 0 || to >= columns.count) return false;
  app.go({ ...active, col: to });
  return true;
}

function space(app, record, shift) {
  const field = app.columns.list[app.active.col];
  if (record && (app.active.col === -1 || shift)) return app.pick(record, {});
  if (field?.type === "checkbox") return app.toggle(app.active);
  return app.openPanel(record);
}

function actOnHead(app, event) {
  if (event.key === "?") return app.help();
  if (!["Enter", " ", "F2"].includes(event.key) || event.target.matches("button")) return false;
  if (app.active.col === -1) return app.pickAll();
  return app.headMenu(app.active.col);
}

/** Listens for the mouse, pens and fingers. */
export function listenPointers(app) {
  const { sheet } = app.view;
  const meant = (event) => {
    const cell = event.target.closest?.("[data-col]");
    const row = cell ? app.view.placeOf(cell) : null;
    return row === null ? null : { row, col: Number(cell.dataset.col) };
  };
  let again = false;
  sheet.addEventListener("pointerdown", (event) => {
    const to = meant(event);
    if (event.target.dataset.grip !== undefined) return resize(app, event);
    if (!to || event.button !== 0 || event.target.closest(".editing, button, input")) return undefined;
    again = to.row === app.active.row && to.col === app.active.col;
    if (event.pointerType === "mouse") event.preventDefault();
    if (to.row === -1) return undefined;
    app.go(to, { extend: event.shiftKey && to.col >= 0 });
    if (event.pointerType === "mouse") drag(app, meant);
    return undefined;
  });
  sheet.addEventListener("click", (event) => click(app, event, meant(event), again));
  sheet.addEventListener("dblclick", (event) => {
    const to = meant(event);
    if (to && to.row >= 0 && to.col >= 0 && !event.target.closest("a, .tick")) app.edit();
  });
}

function click(app, event, to, again) {
  const { target } = event;
  if (!to || target.closest(".editing")) return;
  const record = app.rows.at(to.row);
  // The cell gets the focus and not what was pressed in it, so that the next key means that cell.
  if (target.closest("[data-all], [data-pick], [data-open]")) app.go(to);
  if (target.closest("[data-all]")) app.pickAll();
  else if (target.closest("[data-pick]")) app.pick(record, { through: event.shiftKey });
  else if (target.closest("[data-open]")) app.openPanel(record);
  else if (to.row === -1 && to.col >= 0 && target.dataset.grip === undefined) app.headMenu(to.col);
  else if (target.closest("a") && !(event.ctrlKey || event.metaKey)) event.preventDefault();
  else if (target.closest(".tick") && record && !isComputed(app.columns.list[to.col])) app.toggle(to);
  else if (to.row === app.rows.total && to.row >= 0) app.edit({ at: to.col < 0 ? 0 : to.col });
  // A second tap on a cell edits it: fingers have no Enter.
  else if (again && event.pointerType !== "mouse" && to.col >= 0) app.edit();
}

function drag(app, meant) {
  const move = (event) => {
    const to = meant({ target: document.elementFromPoint(event.clientX, event.clientY) ?? app });
    if (to && to.row >= 0 && to.col >= 0 && (to.row !== app.active.row || to.col !== app.active.col)) app.go(to, { extend: true });
  };
  const end = () => {
    document.removeEventListener("pointermove", move);
    document.removeEventListener("pointerup", end);
  };
  document.addEventListener("pointermove", move);
  document.addEventListener("pointerup", end);
}

function resize(app, event) {
  event.preventDefault();
  const grip = event.target;
  const field = app.columns.list[Number(grip.dataset.grip)];
  const [from, width] = [event.clientX, app.columns.width(field)];
  grip.setPointerCapture(event.pointerId);
  const move = (moved) => {
    app.columns.resize(field, width + moved.clientX - from);
    app.view.sheet.style.setProperty("--columns", app.columns.template);
    app.view.sheet.style.width = `${app.columns.totalWidth}px`;
  };
  grip.addEventListener("pointermove", move);
  grip.addEventListener("lostpointercapture", () => {
    grip.removeEventListener("pointermove", move);
    app.view.draw();
  }, { once: true });
}
