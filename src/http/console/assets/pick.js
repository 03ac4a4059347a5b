// What can be done with the records that are ticked: at the lower edge of the grid, while there are any.

import { IDS_MAX, callKey } from "./api.js";
import { isComputed } from "./cells.js";
import { showMade, unmake } from "./clipboard.js";
import { button, dialog, el } from "./dom.js";
import { control } from "./editors.js";
import { t } from "./messages.js";
import { announce, failure, progress, run, toast } from "./toast.js";
import { write } from "./write.js";

/** So much goes in one call that makes records again: of 16 MiB a call may have, and 10,000 records. */
const BODY_MAX = 6 << 20;
const RECORDS_MAX = 10_000;

export class PickBar {
  #app;

  constructor(app) {
    this.#app = app;
    this.text = el("span", { class: "count" });
    this.element = el("div", { class: "pick-bar", role: "toolbar", "aria-label": t("grid.selected_records"), hidden: true }, this.text,
      button(t("grid.edit_field"), { kind: "small", run: () => run(() => this.edit()) }),
      button(t("grid.duplicate"), { kind: "small", picture: "copy", run: () => run(() => this.duplicate()) }),
      button(t("grid.delete"), { kind: "small bad", picture: "trash", run: () => deleteRecords(app, [...app.picked]) }),
      button(t("grid.unselect"), { picture: "close", hidden: true, run: () => { app.unpick(); app.focusCell(); } }));
  }

  show() {
    const { size } = this.#app.picked;
    this.element.hidden = size === 0;
    this.text.textContent = t.count("grid.selected", size);
    announce(t.count("grid.selected", size));
  }

  /** The listed records, up to a number. */
  async collect(most) {
    const { rows } = this.#app;
    // What the toolbar says is what is meant, though its list may be on its way yet.
    await rows.ready();
    if (rows.total > most) toast(t.count("grid.selected_first", most));
    const shown = progress(t("grid.fetching"));
    try {
      return await rows.range(0, Math.min(rows.total, most), (done, total) => shown.update(done, total));
    } finally {
      shown.end();
    }
  }

  /** One field, one value, for all that are ticked. */
  async edit() {
    const app = this.#app;
    const fields = app.fields.filter((field) => !isComputed(field) && !field.unique);
    const choice = el("select", { id: "bulk-field" }, fields.map((field) => el("option", { value: field.id }, field.name)));
    const place = el("div", {});
    let held;
    const chosen = () => {
      held = control(fields.find((field) => field.id === choice.value), null, { id: "bulk-value" });
      place.replaceChildren(el("label", { for: "bulk-value" }, t("grid.new_value")), held.element);
    };
    choice.addEventListener("change", chosen);
    chosen();
    const form = el("form", { method: "dialog", class: "stack" }, el("label", {}, t("field.field"), choice), place,
      el("div", { class: "buttons" }, el("button", { value: "" }, t("ui.cancel")), el("button", { value: "yes", class: "primary" }, t.count("grid.change_records", app.picked.size))));
    // Enter in the value means the button that changes, which is not the first one.
    form.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target.matches("input")) { event.preventDefault(); form.querySelector(".primary").click(); } });
    if ((await dialog(t("grid.edit_field"), form)) !== "yes") return;
    let value;
    try {
      value = held.get();
    } catch (error) {
      failure(error);
      return;
    }
    const ids = [...app.picked];
    const far = await app.api.byIds(ids.filter((id) => !app.rows.find(id)));
    const records = ids.map((id) => app.rows.find(id) ?? far.get(id)).filter(Boolean);
    if (await write(app, records.map((record) => ({ record, values: { [choice.value]: value } })))) app.unpick();
  }

  async duplicate() {
    await duplicateRecords(this.#app, [...this.#app.picked]);
    this.#app.unpick();
  }
}

/** Copies records; the copies stand at the end, and a note offers to take them back. */
export async function duplicateRecords(app, ids) {
  const made = [];
  const shown = progress(t("grid.duplicating"));
  try {
    for (let n = 0; n < ids.length; n += IDS_MAX) {
      const filter = { field: "id", op: "in", value: ids.slice(n, n + IDS_MAX) };
      const answer = await app.api.call("POST", "/records/duplicate", { body: { filter } });
      made.push(...answer.body.ids);
      shown.update(made.length, ids.length);
    }
    await showMade(app, made);
  } catch (problem) {
    failure(problem);
  } finally {
    shown.end();
  }
  if (made.length === 0) return;
  toast(t.count("grid.records_made", made.length), { action: app.taking(() => unmake(app, made)) });
  app.go({ row: app.rows.total - 1, col: app.active.col });
}

/** Deletes records at once; a note offers to make them again under their own ids. */
export async function deleteRecords(app, ids) {
  if (ids.length === 0) return false;
  const shown = progress(t("grid.deleting"));
  let kept;
  try {
    // As they are on the server now, which is what an undo has to bring back.
    kept = [...(await app.api.byIds(ids)).values()];
    if (kept.length > 0) await app.api.deleteMany(kept.map((record) => record.id));
  } catch (problem) {
    failure(problem);
    return false;
  } finally {
    shown.end();
  }
  toast(t.count("grid.deleted", kept.length), { action: app.taking(restorer(app, kept)) });
  for (const id of ids) app.picked.delete(id);
  app.pickBar.show();
  if (ids.includes(app.panel.record?.id)) app.panel.close();
  app.grew(-kept.length);
  await run(() => app.rows.remove(ids));
  app.go({ row: Math.min(app.active.row, Math.max(0, app.rows.total - 1)), col: app.active.col });
  return true;
}

/** What makes deleted records again. What of it is done stays done if it is called again after a failure. */
function restorer(app, kept) {
  const parts = portions(kept.map(({ id, values }) => ({ id, values: app.whole(values) })));
  return async () => {
    while (parts.length > 0) {
      const { records, key } = parts[0];
      await app.api.createMany(records, key);
      parts.shift();
      app.grew(records.length);
    }
    await app.reload();
    const ids = kept.map((record) => record.id);
    toast(t.count("grid.restored", ids.length), { action: app.taking(() => deleteRecords(app, ids)) });
  };
}

/** Records in portions of what one call may have, each with the key that lets it be repeated. */
function portions(records) {
  const parts = [];
  let size = Infinity;
  for (const record of records) {
    const own = new Blob([JSON.stringify(record)]).size;
    if (size + own > BODY_MAX || parts.at(-1).records.length === RECORDS_MAX) {
      parts.push({ records: [], key: callKey() });
      size = 0;
    }
    parts.at(-1).records.push(record);
    size += own;
  }
  return parts;
}
