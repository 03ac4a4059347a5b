// Copying and pasting areas of cells, as the tab-separated text that spreadsheets exchange; and filling areas.

import { isComputed, plainOf, read, same } from "./cells.js";
import { t } from "./messages.js";
import { refuse, touch } from "./save.js";
import { failure, progress, toast } from "./toast.js";

const AREA_MAX = 10_000;

const quoted = (text) => (/["\t\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Rows of cells as tab-separated text. */
export const toTsv = (lines) => lines.map((line) => line.map(quoted).join("\t")).join("\n");

/** Tab-separated text as rows of cells; a cell in quotes may hold tabs and line ends. */
export function fromTsv(text) {
  const lines = [[]];
  const pattern = /(?:"((?:[^"]|"")*)"(?=[\t\r\n]|$)|([^\t\r\n]*))(\t|\r\n|\r|\n|$)/gy;
  const whole = text.replace(/(\r\n|\r|\n)$/, "");
  for (let found = pattern.exec(whole); found; found = pattern.exec(whole)) {
    lines.at(-1).push(found[1] === undefined ? found[2] : found[1].replaceAll('""', '"'));
    if (found[3] === "") break;
    if (found[3] !== "\t") lines.push([]);
  }
  return lines;
}

/** Listens for what the browser's menu and keys do with the clipboard. */
export function listenClipboard(app) {
  const inGrid = (event) => app.view.sheet.contains(document.activeElement) && !event.target.closest?.("input, textarea") && app.area();
  document.addEventListener("copy", (event) => inGrid(event) && copy(app, event));
  document.addEventListener("cut", (event) => {
    if (inGrid(event) && copy(app, event)) app.clear();
  });
  document.addEventListener("paste", (event) => {
    if (!inGrid(event)) return;
    event.preventDefault();
    paste(app, event.clipboardData.getData("text/plain"));
  });
}

/** The clipboard can be written at once only: what is not here yet is got first, and then copied by another press. */
function copy(app, event) {
  event.preventDefault();
  const area = bounded(app, app.area());
  if (!area) return false;
  const fields = app.columns.list.slice(area.left, area.right + 1);
  const records = [];
  for (let place = area.top; place <= Math.min(area.bottom, app.rows.total - 1); place += 1) records.push(app.rows.at(place));
  if (records.some((record) => !record)) {
    collect(app, area).then(() => toast(t("grid.copy_ready"), { action: { label: t("ui.copy"), run: () => { app.focusCell(); document.execCommand("copy"); } } }));
    return false;
  }
  event.clipboardData.setData("text/plain", toTsv(records.map((record) => fields.map((field) => plainOf(field, record.values[field.id])))));
  const cells = records.length * fields.length;
  toast(t.count("grid.cells_copied", cells));
  return true;
}

/** An area of no more rows than one call may change. */
function bounded(app, area) {
  if (area && area.bottom - area.top >= AREA_MAX) {
    toast(t.count("grid.too_many_rows", AREA_MAX), { kind: "bad" });
    return null;
  }
  return area;
}

async function collect(app, area) {
  const shown = progress(t("grid.fetching"));
  try {
    return await app.rows.range(area.top, area.bottom + 1, (done, total) => shown.update(done, total));
  } finally {
    shown.end();
  }
}

/** Puts one value into every cell of an area. */
export async function fill(app, wanted, value) {
  const area = bounded(app, wanted);
  if (!area) return;
  const fields = app.columns.list.slice(area.left, area.right + 1).filter((field) => !isComputed(field));
  const records = (await collect(app, area)).filter((record) => !record.draft);
  const empty = (field) => (field.type === "checkbox" && value === null ? false : value);
  await write(app, records.map((record) => ({ record, values: Object.fromEntries(fields.map((field) => [field.id, empty(field)])) })));
}

/** Writes values of many records by one call; a note offers to take it back. Resolves with whether it is done. */
export async function write(app, wanted) {
  const changes = wanted
    .map(({ record, values }) => ({ record, values: Object.fromEntries(Object.entries(values).filter(([id, value]) => !same(value, record.values[id]))) }))
    .filter(({ values }) => Object.keys(values).length > 0);
  if (changes.length === 0) return true;
  const before = changes.map(({ record, values }) => ({ record, values: Object.fromEntries(Object.keys(values).map((id) => [id, record.values[id] ?? null])) }));
  show(app, changes);
  try {
    await app.api.updateMany(changes.map(({ record, values }) => ({ id: record.id, values })));
  } catch (problem) {
    show(app, before);
    blame(app, problem, changes);
    return false;
  }
  await app.rows.refresh();
  toast(t.count("grid.records_changed", changes.length), { action: { label: t("grid.undo"), run: () => write(app, before) } });
  return true;
}

function show(app, changes) {
  for (const { record, values } of changes) {
    record.values = { ...record.values, ...values };
    touch(app, record);
  }
}

/** Shows the faults of a call about many records at the cells that they point to. */
function blame(app, problem, changes) {
  let pointed = 0;
  for (const { pointer, detail } of problem.faults ?? []) {
    const [, , n, , id] = pointer.split("/");
    const [change, field] = [changes[n], app.fields.find((one) => one.id === id)];
    if (!change?.record || !field) continue;
    refuse(app, change.record, field, detail, change.values[id]);
    pointed += 1;
  }
  if (pointed === 0) failure(problem);
  else toast(t.count("grid.values_refused", pointed), { kind: "bad" });
}

async function paste(app, text) {
  const lines = fromTsv(text);
  if (text === "" || lines.length === 0) return;
  let area = app.area();
  const [height, width] = [lines.length, Math.max(...lines.map((line) => line.length))];
  // One cell fills the selected area; else the text says how large the area is.
  const one = height === 1 && width === 1;
  if (!one) area = { top: area.top, left: area.left, bottom: area.top + height - 1, right: area.left + width - 1 };
  area = bounded(app, area);
  if (!area) return;
  const fields = app.columns.list.slice(area.left, area.right + 1);
  const faults = [];
  const valuesOf = (row) => {
    const cells = one ? fields.map(() => lines[0][0]) : lines[row];
    const values = {};
    fields.forEach((field, n) => {
      if (isComputed(field) || cells[n] === undefined) return;
      try {
        values[field.id] = read(field, cells[n]);
      } catch (error) {
        faults.push({ row, field, detail: error.message, text: cells[n] });
      }
    });
    return values;
  };
  const held = await collect(app, { top: area.top, bottom: Math.min(area.bottom, app.rows.total - 1) });
  const rows = Array.from({ length: area.bottom - area.top + 1 }, (_, row) => valuesOf(row));
  if (faults.length > 0) {
    for (const { row, field, detail, text: tried } of faults) if (held[row]) refuse(app, held[row], field, detail, tried);
    toast(t.count("grid.values_refused", faults.length), { kind: "bad" });
    return;
  }
  const changes = held.filter((record) => !record.draft).map((record, row) => ({ record, values: rows[row] }));
  const made = one ? [] : rows.slice(held.length);
  if (!(await write(app, changes))) return;
  if (made.length > 0) await create(app, made);
  app.anchor = { row: area.top, col: area.left };
  app.active = { row: Math.min(area.bottom, app.rows.total - 1), col: Math.min(area.right, app.columns.count - 1) };
  app.focusCell();
}

async function create(app, made) {
  try {
    const { ids } = await app.api.createMany(made.map((values) => ({ values: app.writable(values) })));
    await showMade(app, ids);
    toast(t.count("grid.records_made", ids.length), { action: { label: t("grid.undo"), run: () => unmake(app, ids) } });
  } catch (problem) {
    const where = problem.faults?.[0]?.pointer.split("/")[2];
    const place = where === undefined ? "" : `${t("grid.pasted_row", { n: Number(where) + 1 })} `;
    toast(place + (problem.text ?? problem.message), { kind: "bad", stays: true });
  }
}

/** Takes back what was made. */
export async function unmake(app, ids) {
  try {
    await app.api.deleteMany(ids);
    app.grew(-ids.length);
    await app.reload();
  } catch (problem) {
    failure(problem);
  }
}

/** Puts new records at the end of the list, whatever the filter says. */
export async function showMade(app, ids) {
  app.grew(ids.length);
  for (let n = 0; n < ids.length; n += 1000) {
    const part = ids.slice(n, n + 1000);
    const filter = { conjunction: "and", children: [{ field: "id", op: "in", value: part }] };
    const { records } = await app.api.page({ filter, limit: 1000, total: false });
    for (const record of records) app.rows.append(record);
  }
}
