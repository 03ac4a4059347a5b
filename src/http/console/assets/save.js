// Saving one value: shown at once, sent with the record's entity tag, and taken back if the server refuses it. What
// somebody else has changed meanwhile is never overwritten unasked.

import { tagOf } from "./api.js";
import { isComputed, same, textOf } from "./cells.js";
import { dialog, el } from "./dom.js";
import { t } from "./messages.js";
import { announce, failure, toast } from "./toast.js";

/** Says that a record looks different now. */
export function touch(app, record) {
  record.stamp = (record.stamp ?? 0) + 1;
  app.view.schedule();
  app.panel.changed(record);
}

/** A record that is not on the server yet. */
export function draft() {
  return { id: null, draft: true, values: {}, version: 0 };
}

/** Gets the record's entity tag before it is needed, when an editor opens. */
export async function hold(app, record) {
  if (record.draft || tagOf(record)) return;
  try {
    const now = await app.api.record(record.id);
    if (now.version !== record.version) adopt(app, record, now);
  } catch {
    // Saving asks again, and says what is wrong.
  }
}

/** Takes over a record as it is on the server, but for values that are being saved. */
function adopt(app, record, now) {
  const values = { ...now.values };
  for (const id of record.saving ?? []) values[id] = record.values[id];
  Object.assign(record, { ...now, values });
  touch(app, record);
}

/**
 * Saves a value. `seen` is the value that was there when its editor was opened. Resolves with whether it is saved.
 */
export function save(app, record, field, value, seen = record.values[field.id]) {
  const held = record.values[field.id];
  const wrong = record.errors?.[field.id];
  if (same(value, seen) && !wrong) return Promise.resolve(true);
  record.saving ??= new Set();
  record.saving.add(field.id);
  record.busy = (record.busy ?? 0) + 1;
  if (wrong) record.errors = { ...record.errors, [field.id]: undefined };
  record.values = { ...record.values, [field.id]: value };
  touch(app, record);
  const send = () => {
    record.saving.add(field.id);
    return record.draft ? make(app, record, field) : change(app, record, field, { value, seen, held });
  };
  // One after the other: each needs the tag that the one before answers.
  const sent = (record.chain ?? Promise.resolve()).then(send).finally(() => {
    record.busy -= 1;
    record.saving.delete(field.id);
    touch(app, record);
  });
  record.chain = sent.catch(() => {});
  return sent;
}

/** Shows what is wrong with a value at its cell; what was tried is there again when it is edited next. */
export function refuse(app, record, field, detail, tried) {
  record.errors = { ...record.errors, [field.id]: { detail, tried } };
  touch(app, record);
  announce(t("cell.refused", { field: field.name, detail }));
}

async function make(app, record, field) {
  const filled = app.fields.filter((one) => !isComputed(one) && record.values[one.id] !== undefined && record.values[one.id] !== null);
  if (filled.length === 0) return false;
  try {
    const now = await app.api.create(Object.fromEntries(filled.map((one) => [one.id, record.values[one.id]])));
    record.draft = false;
    record.errors = undefined;
    record.saving.delete(field.id);
    adopt(app, record, now);
    app.grew(1);
    announce(t("grid.record_made"));
    return true;
  } catch (problem) {
    const wrong = app.fields.filter((one) => problem.about?.(one.id));
    for (const one of wrong) refuse(app, record, one, problem.about(one.id), record.values[one.id]);
    if (wrong.length === 0) failure(problem);
    return false;
  }
}

async function change(app, record, field, { value, seen, held }) {
  const done = (now) => {
    record.saving.delete(field.id);
    adopt(app, record, now);
    announce(t("cell.saved", { field: field.name }));
    return true;
  };
  try {
    // What came in while the editor was open counts as a change of somebody else's.
    if (!same(held, seen)) return await conflict(app, record, field, { value, theirs: held, done });
    if (!tagOf(record)) {
      const now = await app.api.record(record.id);
      const theirs = now.values[field.id];
      adopt(app, record, now);
      if (!same(theirs, seen)) return await conflict(app, record, field, { value, theirs, done });
    }
    return await write(app, record, field, { value, seen, done });
  } catch (problem) {
    record.saving.delete(field.id);
    record.values = { ...record.values, [field.id]: held };
    if (problem.code === "record_not_found") gone(app, record, { ...record.values, [field.id]: value });
    else refuse(app, record, field, problem.about?.(field.id) ?? problem.text ?? problem.message, value);
    return false;
  }
}

async function write(app, record, field, { value, seen, done }) {
  try {
    return done(await app.api.update(record, { [field.id]: value }));
  } catch (problem) {
    if (problem.status !== 412) throw problem;
  }
  const now = await app.api.record(record.id);
  const theirs = now.values[field.id];
  adopt(app, record, now);
  // Another field was changed: both changes stand.
  if (same(theirs, seen)) return write(app, record, field, { value, seen, done });
  if (same(theirs, value)) return done(now);
  return conflict(app, record, field, { value, theirs, done });
}

/** Shows both values, and does what is chosen. Dismissed, theirs stays, and mine is in the editor when it opens next. */
async function conflict(app, record, field, { value, theirs, done }) {
  announce(t("cell.changed_elsewhere", { field: field.name }));
  const side = (title, shown, name) => el("div", { class: "side" }, el("h3", {}, title), el("pre", {}, textOf(field, shown) || t("cell.empty")),
    el("button", { value: name, class: name === "mine" ? "primary" : "" }, name === "mine" ? t("cell.write_mine") : t("cell.keep_theirs")));
  const form = el("form", { method: "dialog" }, el("p", {}, t("cell.changed_elsewhere", { field: field.name })),
    el("div", { class: "sides" }, side(t("cell.theirs"), theirs, "theirs"), side(t("cell.mine"), value, "mine")));
  const choice = await dialog(t("cell.conflict"), form, { kind: "conflict" });
  app.focusCell();
  if (choice === "mine") return write(app, record, field, { value, seen: theirs, done });
  record.saving.delete(field.id);
  record.values = { ...record.values, [field.id]: theirs };
  if (choice !== "theirs") refuse(app, record, field, t("cell.not_written"), value);
  touch(app, record);
  return false;
}

function gone(app, record, values) {
  const again = async () => {
    try {
      await app.api.createMany([{ id: record.id, values: app.writable(values) }]);
      app.grew(1);
      app.reload();
    } catch (problem) {
      failure(problem);
    }
  };
  toast(t("grid.gone_elsewhere"), { kind: "bad", stays: true, action: { label: t("grid.make_again"), run: again } });
}
