// The HTTP API, as every client calls it; the session's cookie says who calls, a header which space is meant.

import { t } from "./messages.js";

/** What the server refused, as problem+json (RFC 9457); or that it could not be reached. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || t("grid.failed"));
    this.status = status;
    this.code = body.code ?? "network";
    this.requestId = body.requestId ?? "";
    this.faults = body.errors ?? [];
  }

  /** What it says about one field, if anything. */
  about(field) {
    return this.faults.find((fault) => fault.pointer.split("/").includes(field))?.detail;
  }

  /** All it says. */
  get text() {
    return this.faults.slice(0, 3).map((fault) => fault.detail).join(" ") || this.message;
  }
}

/** What may be on its way when the page goes: a browser lets so many bytes of such calls be sent after it. */
const LASTING_MAX = 60_000;
let lasting = 0;

/** The key under which the server knows a call again that is repeated. */
export const callKey = () => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;

const known = new Map();

/**
 * The entity tag of a record. Lists don't answer it, but it is `"sequence-version-schema"`, of which only the version
 * changes while the page is open: so one answer that has it is enough for all later versions.
 */
export function tagOf(record) {
  const [sequence, , schema] = known.get(record.id) ?? [];
  return sequence === undefined ? null : `"${sequence}-${record.version}-${schema}"`;
}

function remember(answer) {
  const tag = answer.etag?.match(/^"(\d+)-(\d+)-([0-9a-f]+)"$/);
  if (tag && answer.body?.data) known.set(answer.body.data.id, tag.slice(1));
  return answer;
}

/** Ids in one filter. */
export const IDS_MAX = 1000;

/** Calls about one table. Fields and choices go by their ids, so that a new name breaks nothing. */
export class Api {
  constructor({ space, base, table }) {
    this.space = space;
    this.path = `/api/openapi/bases/${base}/tables/${table}`;
    this.tables = `/api/openapi/bases/${base}/tables`;
  }

  async call(method, path, { body, match, once = method === "POST", key, lasts = false } = {}) {
    const headers = { "x-undb-space": this.space };
    if (body !== undefined) headers["content-type"] = "application/json";
    if (match) headers["if-match"] = match;
    if (once) headers["idempotency-key"] = key ?? callKey();
    const content = body === undefined ? undefined : JSON.stringify(body);
    const size = lasts ? new Blob([content]).size : 0;
    const keepalive = lasts && lasting + size < LASTING_MAX;
    lasting += keepalive ? size : 0;
    let response;
    try {
      response = await fetch(this.path + path, { method, headers, body: content, keepalive });
    } catch {
      throw new Problem(0, { title: t("grid.unreachable") });
    } finally {
      lasting -= keepalive ? size : 0;
    }
    const text = await response.text();
    const answer = text && /json/.test(response.headers.get("content-type")) ? JSON.parse(text) : {};
    if (!response.ok) throw new Problem(response.status, { ...answer, requestId: response.headers.get("x-request-id") });
    return remember({ body: answer, etag: response.headers.get("etag") });
  }

  async table() {
    return (await this.call("GET", "")).body;
  }

  /** A page of records. */
  async page(question) {
    return (await this.call("POST", "/records/query?keys=id", { body: question, once: false })).body;
  }

  async record(id) {
    return (await this.call("GET", `/records/${id}?keys=id`)).body.data;
  }

  async create(values) {
    return (await this.call("POST", "/records?keys=id", { body: { values } })).body.data;
  }

  async update(record, values) {
    const options = { body: { values }, match: tagOf(record), lasts: true };
    return (await this.call("PATCH", `/records/${record.id}?keys=id`, options)).body.data;
  }

  async duplicate(id) {
    return (await this.call("POST", `/records/${id}/duplicate?keys=id`)).body.data;
  }

  createMany(records, key) {
    return this.many("POST", "/records/bulk?keys=id", "records", records, key);
  }

  updateMany(records) {
    return this.many("PATCH", "/records?keys=id", "records", records);
  }

  deleteMany(ids) {
    return this.many("DELETE", "/records", "ids", ids);
  }

  /** A change of many records: as one call, which does all or nothing. */
  async many(method, path, member, items, key) {
    return (await this.call(method, path, { body: { [member]: items }, key })).body;
  }

  /** Records as they are now, those that are there, by their ids. */
  async byIds(ids) {
    const found = new Map();
    for (let n = 0; n < ids.length; n += IDS_MAX) {
      const filter = { field: "id", op: "in", value: ids.slice(n, n + IDS_MAX) };
      const { records } = await this.page({ filter, limit: IDS_MAX, total: false });
      for (const record of records) found.set(record.id, record);
    }
    return found;
  }

  async fieldCreate(field) {
    return (await this.call("POST", "/fields", { body: field })).body;
  }

  async fieldUpdate(id, changes, { dryRun = false } = {}) {
    return (await this.call("PATCH", `/fields/${id}${dryRun ? "?dryRun=true" : ""}`, { body: changes })).body;
  }

  async fieldDelete(id) {
    await this.call("DELETE", `/fields/${id}`);
  }
}
