// Values of fields: how each is shown, copied, and read from text.

import { el } from "./dom.js";
import { language, t } from "./messages.js";

export { same } from "./record.js";

const numbers = new Intl.NumberFormat(language, { maximumFractionDigits: 15 });
const days = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone: "UTC" });
const moments = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });

/** Types whose values the server gives. */
export const COMPUTED = new Set(["autoIncrement", "createdAt", "updatedAt"]);
/** Types of moments. */
const MOMENTS = new Set(["dateTime", "createdAt", "updatedAt"]);

export const isComputed = (field) => COMPUTED.has(field.type);
export const isMultiple = (field) => field.type === "select" && field.options?.multiple === true;
export const choicesOf = (field) => field.options?.choices ?? [];

const choice = (field, id) => choicesOf(field).find((one) => one.id === id || one.name === id);

export const isEmpty = (value) => value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);

function written(format, value) {
  const at = new Date(value);
  return Number.isNaN(at.valueOf()) ? String(value) : format.format(at);
}

/** A value as people read it. */
export function textOf(field, value) {
  if (isEmpty(value)) return "";
  if (field.type === "checkbox") return value === true ? t("cell.yes") : t("cell.no");
  if (field.type === "number" && typeof value === "number") return numbers.format(value);
  if (field.type === "date") return written(days, `${value}T00:00:00Z`);
  if (MOMENTS.has(field.type)) return written(moments, value);
  if (field.type === "select") return [value].flat().map((id) => choice(field, id)?.name ?? id).join(", ");
  return typeof value === "string" && field.type !== "json" ? value : JSON.stringify(value);
}

/** A value as it is copied: what a spreadsheet or this grid can read again. */
export function plainOf(field, value) {
  if (field.type === "checkbox") return value === true ? "true" : "false";
  if (isEmpty(value)) return "";
  if (field.type === "select") return textOf(field, value);
  return typeof value === "object" || field.type === "json" ? JSON.stringify(value) : String(value);
}

/** The mark of a choice. */
export function pill(one, fallback) {
  return el("span", { class: `pill c-${one?.color ?? "gray"}` }, one?.name ?? String(fallback));
}

function link(field, value) {
  const href = field.type === "email" ? `mailto:${value}` : value;
  if (!/^(https?:|mailto:)/i.test(href)) return value;
  return el("a", { href, target: "_blank", rel: "noopener noreferrer", tabindex: "-1", title: t("cell.open_link") }, value);
}

function content(field, value) {
  if (field.type === "checkbox") {
    return el("span", { class: value === true ? "tick on" : "tick", role: "img", "aria-label": textOf(field, value === true) });
  }
  if (isEmpty(value)) return "";
  if (field.type === "select") return el("span", { class: "pills" }, [value].flat().map((id) => pill(choice(field, id), id)));
  if (field.type === "email" || field.type === "url") return link(field, value);
  return textOf(field, value);
}

/** Shows a value in a cell. */
export function show(cell, field, value) {
  cell.replaceChildren(content(field, value));
}

/** Shown at the right: what is compared by its size. */
export const isRight = (field) => field.type === "number" || field.type === "autoIncrement";

const pad = (n) => String(n).padStart(2, "0");

/** A moment as an input of local time takes it. */
export function toLocal(value) {
  const at = new Date(value);
  if (isEmpty(value) || Number.isNaN(at.valueOf())) return "";
  const day = `${String(at.getFullYear()).padStart(4, "0")}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
  const seconds = at.getSeconds() ? `:${pad(at.getSeconds())}` : "";
  return `${day}T${pad(at.getHours())}:${pad(at.getMinutes())}${seconds}`;
}

const MOMENT = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(:\d{2}(?:[.]\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?)?$/i;

/** Browsers take nearly every text with a number in it for a time, and a 31st of February for the 3rd of March. */
function moment(text) {
  const [found, year, month, day, hour, minute, second = "", zone = ""] = MOMENT.exec(text) ?? [];
  const date = `${year}-${pad(month)}-${pad(day)}`;
  const noon = new Date(`${date}T12:00:00Z`);
  if (!found || Number.isNaN(noon.valueOf()) || noon.getUTCDate() !== Number(day)) return null;
  const at = new Date(hour === undefined ? date : `${date}T${pad(hour)}:${minute}${second}${zone.toUpperCase().replace(/^(...)(\d\d)$/, "$1:$2")}`);
  return Number.isNaN(at.valueOf()) ? null : { day: hour === undefined ? date : null, at: at.toISOString() };
}

/** What can't be read is said in the visitor's own language, where the server knows but one. */
function must(value, message) {
  if (value === null || value === undefined) throw new Error(t(message));
  return value;
}

/** A number, with or without commas between its thousands. */
function numberOf(text) {
  const plain = /^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$/.test(text) ? text.replaceAll(",", "") : text;
  return Number.isFinite(Number(plain)) ? Number(plain) : null;
}

function jsonOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(t("cell.not_json"));
  }
}

const YES = new Set(["true", "1", "yes", "x", "✓", "是"]);
const NO = new Set(["false", "0", "no", "", "否"]);

/** The names in a text, with commas between them. Those of choices come first: a name may have a comma in it. */
function namesIn(text, choices) {
  const known = choices.map((one) => one.name).sort((a, b) => b.length - a.length);
  const found = [];
  for (let rest = text.trim(); rest !== ""; rest = rest.replace(/^\s*(,\s*)*/, "").trim()) {
    const fits = (name) => rest.toLowerCase().startsWith(name.toLowerCase()) && /^\s*(,|$)/.test(rest.slice(name.length));
    const name = known.find(fits) ?? rest.split(",", 1)[0];
    if (name.trim()) found.push(name.trim());
    rest = rest.slice(name.length);
  }
  return found;
}

const READERS = {
  number: (text) => must(numberOf(text), "cell.not_number"),
  checkbox: (text) => must(YES.has(text.toLowerCase()) ? true : NO.has(text.toLowerCase()) ? false : null, "cell.not_checkbox"),
  date: (text) => must(moment(text)?.day, "cell.not_date"),
  dateTime: (text) => must(moment(text)?.at, "cell.not_moment"),
  json: jsonOf,
  select: (text, field) => {
    const named = (name) => choicesOf(field).find((one) => one.name.toLowerCase() === name.toLowerCase())?.id ?? name;
    if (!isMultiple(field)) return named(text);
    return namesIn(text, choicesOf(field)).map(named);
  },
};

/** The value that a text means; throws what a person should read if it means none. What is good is judged by the server. */
export function read(field, text) {
  const trimmed = field.type === "longText" || field.type === "string" ? text : text.trim();
  if (trimmed === "" && field.type !== "checkbox") return null;
  const reader = READERS[field.type];
  return reader ? reader(trimmed, field) : trimmed;
}
