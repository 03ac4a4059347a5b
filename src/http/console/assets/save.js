// Saving one value: shown at once, sent with the record's entity tag, and taken back if the server refuses it. What
// somebody else has changed meanwhile is never overwritten unasked.

import { tagOf } from "./api.js";
import { isComputed, same, textOf } from "./cells.js";
import { dialog, el } from "./dom.js";
import { t } from "./messages.js";
import { confirm, isForeign, lock, sight, unlock } from "./record.js";
import { announce, failure, toast } from "./toast.js";

/** So often a value is sent again because somebody saves other values of the same record all the time. */
const TRIES_MAX = 5;

/** Whether a call failed for what has nothing to do with the call: no server answers, or the session is over. */
const isAway = (problem) => problem.status === 0 || problem.status === 401 || problem.status >= 500;

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
export function adopt(app, record, now, own) {
  confirm(record, now, own);
  touch(app, record);
}

/**
 * Saves a value. `seen` is the sight of it when its editor was opened. Resolves with whether it is saved.
 */
export function save(app, record, field, value, seen = sight(record, field.id)) {
  const { id } = field;
  if (same(value, seen.value) && !record.errors?.[id]) return Promise.resolve(true);
  if (!record.draft) record.base ??= record.values;
  lock(record, id);
  record.busy = (record.busy ?? 0) + 1;
  forgive(record, id);
  record.values = { ...record.values, [id]: value };
  touch(app, record);
  const send = () => (record.draft ? make(app, record, id) : change(app, record, field, value, seen));
  // One after the other: each needs the tag that the one before answers.
  const sent = (record.chain ?? Promise.resolve()).then(send).finally(() => {
    record.busy -= 1;
    touch(app, record);
  });
  record.chain = sent.catch(() => {});
  return sent;
}

/** Nothing is wrong with a value any more. */
export function forgive(record, id) {
  if (record.errors?.[id]) record.errors = { ...record.errors, [id]: undefined };
}

/**
 * Shows what is wrong with a value at its cell; what was tried is there again when it is edited next. `told` says that there
 * is a note of it already.
 */
export function refuse(app, record, field, detail, tried, told = false) {
  record.errors = { ...record.errors, [field.id]: { detail, tried } };
  touch(app, record);
  const text = t("cell.refused", { field: field.name, detail });
  // At the focused cell the reason is shown; of any other one nobody would know it.
  if (told || app.isAt(record, field)) announce(text);
  else toast(text, { kind: "bad" });
}

async function make(app, record, id) {
  const filled = app.fields.filter((one) => !isComputed(one) && record.values[one.id] !== undefined && record.values[one.id] !== null);
  if (filled.length === 0) {
    unlock(record, id);
    return false;
  }
  try {
    const now = await app.api.create(Object.fromEntries(filled.map((one) => [one.id, record.values[one.id]])));
    record.draft = false;
    for (const one of filled) forgive(record, one.id);
    unlock(record, id);
    adopt(app, record, now, Object.keys(now.values));
    app.rows.arrived(record);
    app.made(record);
    announce(t("grid.record_made"));
    return true;
  } catch (problem) {
    unlock(record, id);
    const wrong = app.fields.filter((one) => problem.about?.(one.id));
    for (const one of wrong) refuse(app, record, one, problem.about(one.id), record.values[one.id]);
    if (isAway(problem)) app.away(problem, () => save(app, record, filled[0], record.values[filled[0].id], { value: null }));
    else if (wrong.length === 0) failure(problem);
    return false;
  }
}

/** Saves a value of a record that is there. What the server has confirmed last is what a refused value gives way to. */
async function change(app, record, field, value, seen) {
  const { id } = field;
  const job = { value, mark: seen.mark, done: (now) => {
    unlock(record, id);
    forgive(record, id);
    if (now) adopt(app, record, now, [id]);
    app.saved(record, id, seen.value);
    announce(t("cell.saved", { field: field.name }));
    return true;
  } };
  try {
    if (!tagOf(record)) adopt(app, record, await app.api.record(record.id));
    if (!record.unsure && same(value, record.base[id])) return job.done(null);
    // What came in while the editor was open counts as a change of somebody else's.
    if (isForeign(record, id, job)) return await conflict(app, record, field, job);
    return await write(app, record, field, job);
  } catch (problem) {
    if (problem.status === 0) record.unsure = { ...record.unsure, [id]: value };
    restore(record, id);
    if (problem.code === "record_not_found") gone(app, record, { ...record.values, [id]: value });
    else refuse(app, record, field, problem.about?.(id) ?? problem.text ?? problem.message, value, isAway(problem));
    // What was tried stays at its cell until it is sent again.
    if (isAway(problem)) app.away(problem, () => record.errors?.[id]?.tried === value && save(app, record, field, value));
    return false;
  }
}

/** Puts back what the server has, unless the next value of the same field is on its way already. */
function restore(record, id) {
  unlock(record, id);
  if (!record.saving.has(id)) record.values = { ...record.values, [id]: record.base[id] ?? null };
}

async function write(app, record, field, job) {
  const { id } = field;
  for (let tries = 0; ; tries += 1) {
    try {
      return job.done(await app.api.update(record, { [id]: job.value }));
    } catch (problem) {
      if (problem.status !== 412 || tries === TRIES_MAX) throw problem;
    }
    adopt(app, record, await app.api.record(record.id));
    if (same(record.base[id], job.value)) return job.done(null);
    if (isForeign(record, id, job)) return conflict(app, record, field, job);
    // Another field was changed: both changes stand.
  }
}

/** Shows both values, and does what is chosen. Dismissed, theirs stays, and mine is in the editor when it opens next. */
async function conflict(app, record, field, job) {
  const { id } = field;
  const theirs = record.base[id] ?? null;
  announce(t("cell.changed_elsewhere", { field: field.name }));
  const side = (title, shown, name) => el("div", { class: "side" }, el("h3", {}, title), el("pre", {}, textOf(field, shown) || t("cell.empty")),
    el("button", { value: name, class: name === "mine" ? "primary" : "" }, name === "mine" ? t("cell.write_mine") : t("cell.keep_theirs")));
  const form = el("form", { method: "dialog" }, el("p", {}, t("cell.changed_elsewhere", { field: field.name })),
    el("div", { class: "sides" }, side(t("cell.theirs"), theirs, "theirs"), side(t("cell.mine"), job.value, "mine")));
  const choice = await dialog(t("cell.conflict"), form, { kind: "conflict" });
  app.focusCell();
  if (choice === "mine") return write(app, record, field, { ...job, mark: sight(record, id).mark });
  restore(record, id);
  if (choice !== "theirs") refuse(app, record, field, t("cell.not_written"), job.value);
  touch(app, record);
  return false;
}

function gone(app, record, values) {
  const again = async () => {
    await app.api.createMany([{ id: record.id, values: app.whole(values) }]);
    app.grew(1);
    await app.reload();
  };
  toast(t("grid.gone_elsewhere"), { kind: "bad", stays: true, action: { label: t("grid.make_again"), run: again } });
}
