// Copying and pasting areas of cells, as the tab-separated text that spreadsheets exchange; and filling areas.

import { isComputed, plainOf, read } from "./cells.js";
import { t } from "./messages.js";
import { refuse, save } from "./save.js";
import { progress, run, toast } from "./toast.js";
import { write } from "./write.js";

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
    const text = event.clipboardData.getData("text/plain");
    run(() => paste(app, text));
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
    run(() => copyLater(app, area, fields));
    return false;
  }
  put(event, records, fields);
  return true;
}

function put(event, records, fields) {
  event.preventDefault();
  event.clipboardData.setData("text/plain", toTsv(records.map((record) => fields.map((field) => plainOf(field, record.values[field.id])))));
  toast(t.count("grid.cells_copied", records.length * fields.length));
}

/** Gets the records, and copies those: the grid may hold fewer than were asked for. */
async function copyLater(app, area, fields) {
  const records = (await collect(app, { ...area, bottom: Math.min(area.bottom, app.rows.total - 1) })).filter(Boolean);
  const again = () => {
    const listen = (event) => { event.stopImmediatePropagation(); put(event, records, fields); };
    document.addEventListener("copy", listen, { capture: true, once: true });
    app.focusCell();
    document.execCommand("copy");
    document.removeEventListener("copy", listen, { capture: true });
  };
  toast(t("grid.copy_ready"), { stays: true, action: { label: t("ui.copy"), run: again } });
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
  const empty = (field) => (field.type === "checkbox" && value === null ? false : value);
  const values = Object.fromEntries(fields.map((field) => [field.id, empty(field)]));
  await into(app, (await collect(app, area)).map((record) => record && { record, values }));
}

/** Writes into records and drafts, holes left out. Resolves with whether it is done. */
function into(app, places) {
  const changes = places.filter(Boolean);
  for (const { record, values } of changes) if (record.draft) for (const field of app.fields) if (field.id in values) save(app, record, field, values[field.id]);
  return write(app, changes.filter(({ record }) => !record.draft));
}

async function paste(app, text) {
  const lines = fromTsv(text);
  if (text === "" || lines.length === 0) return;
  let area = app.area();
  const [height, width] = [lines.length, lines.reduce((most, line) => Math.max(most, line.length), 0)];
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
    for (const { row, field, detail, text: tried } of faults) if (held[row]) refuse(app, held[row], field, detail, tried, true);
    const [{ row, field, detail }] = faults;
    toast(`${t.count("grid.values_refused", faults.length)} ${t("grid.pasted_row", { n: row + 1 })} ${field.name}: ${detail}`, { kind: "bad", stays: true });
    return;
  }
  // Each row goes into the record of its own place.
  const changes = Array.from(held, (record, row) => record && { record, values: rows[row] });
  const made = one && held.length > 0 ? [] : rows.slice(held.length);
  if (!(await into(app, changes))) return;
  if (made.length > 0) await create(app, made);
  app.anchor = { row: area.top, col: area.left };
  app.active = { row: Math.min(area.bottom, app.rows.total - 1), col: Math.min(area.right, app.columns.count - 1) };
  app.focusCell();
}

async function create(app, made) {
  try {
    const { ids } = await app.api.createMany(made.map((values) => ({ values: app.writable(values) })));
    await showMade(app, ids);
    toast(t.count("grid.records_made", ids.length), { action: app.taking(() => unmake(app, ids)) });
  } catch (problem) {
    const where = problem.faults?.[0]?.pointer.split("/")[2];
    const place = where === undefined ? "" : `${t("grid.pasted_row", { n: Number(where) + 1 })} `;
    toast(place + (problem.text ?? problem.message), { kind: "bad", stays: true });
  }
}

/** Takes back what was made. */
export async function unmake(app, ids) {
  await app.api.deleteMany(ids);
  app.grew(-ids.length);
  await app.reload();
}

/** Puts new records at the end of the list, whatever the filter says. */
export async function showMade(app, ids) {
  app.grew(ids.length);
  const made = await app.api.byIds(ids);
  for (const id of ids) if (made.has(id)) app.rows.append(made.get(id));
}
