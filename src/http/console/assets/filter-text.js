// Filters as text and as rows of conditions. What the rows can't say stays as it is, as a row of its own.

import { isMultiple } from "./cells.js";

const TEXTS = new Set(["string", "longText", "email", "url"]);
const TIMES = new Set(["date", "dateTime", "createdAt", "updatedAt"]);
const WORDS = new Set(["and", "or", "not", "in", "has", "contains", "is", "between", "true", "false", "now", "today", "yesterday", "tomorrow"]);

const COMPARE = ["=", "!=", "<", "<=", ">", ">="];

/** The operators of a field, the likeliest first. */
export function operatorsOf(field) {
  const { type } = field;
  if (TEXTS.has(type)) return ["contains", "not contains", "=", "!=", "starts with", "ends with", "is empty", "is not empty"];
  if (type === "checkbox") return ["= true", "= false"];
  if (type === "select") return isMultiple(field) ? ["has", "not has", "is empty", "is not empty"] : ["=", "!=", "is empty", "is not empty"];
  if (type === "json") return ["contains", "not contains", "is empty", "is not empty"];
  const plain = [...COMPARE, "between"];
  return TIMES.has(type) ? [">=", "<=", ">", "<", "=", "!=", "between", "is empty", "is not empty"] : [...plain, "is empty", "is not empty"];
}

/** How many values an operator takes. */
export const valuesOf = (op) => (op.startsWith("is ") || op.startsWith("= ") ? 0 : op === "between" ? 2 : 1);

/** A field's name as the language writes it. */
export function nameText(name) {
  const bare = /^[\p{L}\p{N}_]+$/u.test(name) && !WORDS.has(name.toLowerCase()) && !/^\d/.test(name) && !/^(starts|ends|start|end|of|with|empty|any|all)$/i.test(name);
  return bare ? name : `{${name.replaceAll("}", "}}")}}`;
}

const literal = (text) => `"${text.replace(/["\\]/g, "\\$&")}"`;
const isMoment = (text) => /^(now|today|yesterday|tomorrow|(start|end)\s+of\s+(day|week|month|quarter|year)|[+-]\d+(h|d|w|mo|y))(\s*[+-]\d+(h|d|w|mo|y))*$/i.test(text);

function valueText(field, value) {
  const text = value.trim();
  if (TIMES.has(field.type)) return isMoment(text) ? text : literal(text);
  const isNumber = field.type === "number" || field.type === "autoIncrement";
  return isNumber && text !== "" && Number.isFinite(Number(text)) ? String(Number(text)) : literal(value);
}

/** The text of one row `{field, op, values}` or `{raw}`; empty if it is not filled in yet. */
function rowText(row) {
  if (row.raw !== undefined) return row.raw.trim();
  const { field, op, values } = row;
  if (values.slice(0, valuesOf(op)).some((value) => value === "" || value === undefined)) return "";
  const name = nameText(field.name);
  const [first, second] = values.map((value) => valueText(field, value));
  if (op === "between") return `${name} between ${first} and ${second}`;
  if (op.startsWith("not ")) return `not ${name} ${op.slice(4)} ${first}`;
  return valuesOf(op) === 0 ? `${name} ${op}` : `${name} ${op} ${first}`;
}

/** The text of rows. */
export function filterText({ join, rows }) {
  const parts = rows.map(rowText).filter(Boolean);
  const wrapped = (part) => (parts.length > 1 && splitTop(part).rows > 1 ? `(${part})` : part);
  return parts.map(wrapped).join(` ${join} `);
}

const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")|(\{(?:[^}]|\}\})*\})|([-+]?\d[\d.eE+-]*(?:mo|[hdwy])?)|([\p{L}\p{N}_]+)|(!=|<=|>=|[=<>(),+-]))/uy;

/** The tokens of a text with their places; null if something in it is none. */
function tokens(text) {
  const found = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const begin = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) return null;
    const [whole, string, braced, number, word, sign] = match;
    found.push({ string, braced, number, word, sign, text: whole.trim(), begin, end: TOKEN.lastIndex });
  }
  return found;
}

/** Splits a text where `and` or `or` joins its outermost parts; `or` binds loosest. */
function splitTop(text) {
  const all = tokens(text);
  if (!all) return { join: "and", parts: [text], rows: 1 };
  for (const join of ["or", "and"]) {
    const cuts = [];
    let [depth, between] = [0, 0];
    for (const token of all) {
      if (token.sign === "(") depth += 1;
      if (token.sign === ")") depth -= 1;
      const word = token.word?.toLowerCase();
      if (depth > 0 || !word) continue;
      if (word === "between") between += 1;
      else if (word === "and" && between > 0) between -= 1;
      else if (word === join) cuts.push(token);
    }
    if (cuts.length === 0) continue;
    const edges = [0, ...cuts.flatMap((cut) => [cut.begin, cut.end]), text.length];
    const parts = [];
    for (let n = 0; n < edges.length; n += 2) parts.push(text.slice(edges[n], edges[n + 1]).trim());
    return { join, parts, rows: parts.length };
  }
  return { join: "and", parts: [text.trim()], rows: 1 };
}

function unquoted(token) {
  if (token?.string) {
    try {
      return JSON.parse(token.string.replace(/[\n\r\t]/g, (control) => JSON.stringify(control).slice(1, -1)));
    } catch {
      return null;
    }
  }
  return token?.number ?? null;
}

/** A condition as a row, if rows have it. */
function rowOf(text, fields) {
  const all = tokens(text) ?? [];
  const negated = all[0]?.word?.toLowerCase() === "not";
  const rest = negated ? all.slice(1) : all;
  const name = rest[0]?.braced ? rest[0].braced.slice(1, -1).replaceAll("}}", "}") : rest[0]?.word;
  const field = fields.find((one) => one.name === name || one.id === name);
  if (!field) return null;
  const words = rest.slice(1).map((token) => token.text);
  const row = (op, ...values) => {
    const whole = negated ? `not ${op}` : op;
    return values.every((value) => value !== null && value !== undefined) && operatorsOf(field).includes(whole) ? { field, op: whole, values } : null;
  };
  const lower = words.map((word) => word.toLowerCase());
  if (field.type === "checkbox" && words.length === 0) return { field, op: negated ? "= false" : "= true", values: [] };
  if (negated && !["contains", "has"].includes(lower[0])) return null;
  if (["is empty", "is not empty", "= true", "= false"].includes(lower.join(" "))) return row(lower.join(" "));
  if (/^(starts|ends) with$/.test(lower.slice(0, 2).join(" ")) && rest.length === 4) return row(lower.slice(0, 2).join(" "), unquoted(rest[3]));
  const timed = (from, to) => {
    const part = rest.slice(from, to);
    const moment = part.map((token) => token.text).join(" ");
    return part.length === 1 && part[0].string ? unquoted(part[0]) : TIMES.has(field.type) && isMoment(moment) ? moment : part.length === 1 ? unquoted(part[0]) : null;
  };
  if (lower[0] === "between") {
    const cut = lower.indexOf("and") + 1;
    return cut > 1 ? row("between", timed(2, cut), timed(cut + 1)) : null;
  }
  return rest.length > 2 ? row(lower[0], timed(2)) : null;
}

/** The rows of a text; a part that rows can't say is `{raw}`. */
export function filterRows(text, fields) {
  if (text.trim() === "") return { join: "and", rows: [] };
  if (/^\s*\{\s*["}]/.test(text)) return { join: "and", rows: [{ raw: text }] };
  const { join, parts } = splitTop(text);
  return { join, rows: parts.map((part) => rowOf(part, fields) ?? { raw: part }) };
}

/** A filter with other names of fields: `names` is a map from the old ones. */
export function renamed(text, names) {
  if (/^\s*\{\s*["}]/.test(text)) {
    try {
      return JSON.stringify(JSON.parse(text, (key, value) => (key === "field" && names.has(value) ? names.get(value) : value)));
    } catch {
      return text;
    }
  }
  const nameOf = ({ braced, word }) => (braced ? braced.slice(1, -1).replaceAll("}}", "}") : word);
  let [out, at] = ["", 0];
  for (const token of tokens(text) ?? []) {
    const now = names.get(nameOf(token));
    const begin = token.end - token.text.length;
    if (now === undefined) continue;
    out += text.slice(at, begin) + nameText(now);
    at = token.end;
  }
  return out + text.slice(at);
}
