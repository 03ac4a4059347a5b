// Writing values of many records at once. What somebody else has changed meanwhile is not overwritten unasked, nor by
// taking such a write back.

import { same, textOf } from "./cells.js";
import { dialog, el } from "./dom.js";
import { t } from "./messages.js";
import { confirm } from "./record.js";
import { refuse, save, touch } from "./save.js";
import { failure, toast } from "./toast.js";

const LISTED_MAX = 10;

/** The object that stands for a record now: a list that was loaded again may have made another one. */
const live = (app, record) => app.rows.find(record.id) ?? record;

/**
 * Writes values of records that are there: `[{record, values}]`; a note offers to take it back. Resolves with whether it is
 * done.
 */
export async function write(app, wanted) {
  const all = wanted.map(({ record, ...rest }) => ({ record: live(app, record), ...rest }));
  // What is being saved comes first: its answer says what is to be written over.
  await Promise.all(all.map(({ record }) => record.chain));
  const changes = all.map(differing).filter(({ values }) => Object.keys(values).length > 0);
  if (changes.length === 0) return true;
  const [{ record, values }] = changes;
  if (changes.length === 1 && Object.keys(values).length === 1 && !changes[0].expected) return writeOne(app, record, values);
  const now = await app.api.byIds(changes.map((change) => change.record.id));
  const left = await settle(app, changes, now);
  return left.length > 0 && send(app, left, now);
}

/** Only what is not so already. */
function differing({ record, values, expected }) {
  const held = record.base ?? record.values;
  return { record, expected, values: Object.fromEntries(Object.entries(values).filter(([id, value]) => !same(value, held[id]) || record.errors?.[id])) };
}

/** One value is saved as if it was typed: with the record's entity tag. */
async function writeOne(app, record, values) {
  const [[id, value]] = Object.entries(values);
  const before = app.undos.last;
  const done = await save(app, record, app.fields.find((field) => field.id === id), value);
  const deed = app.undos.last;
  if (done && deed !== before) toast(t.count("grid.records_changed", 1), { action: app.undos.action(deed) });
  return done;
}

/** Takes over what the records are now, and asks about values that are other than they were seen or written. */
async function settle(app, changes, now) {
  const there = changes.filter(({ record }) => now.has(record.id));
  if (there.length < changes.length) toast(t.count("grid.gone_skipped", changes.length - there.length), { kind: "bad" });
  const theirs = [];
  for (const { record, values, expected } of there) {
    const fresh = now.get(record.id);
    const seen = expected ?? { version: record.version, values: record.base ?? record.values };
    for (const id of Object.keys(values)) {
      const isSeen = fresh.version === seen.version || same(fresh.values[id], seen.values[id]);
      if (!isSeen && !same(fresh.values[id], values[id])) theirs.push({ record, id, theirs: fresh.values[id], mine: values[id] });
    }
    confirm(record, fresh);
    touch(app, record);
  }
  if (theirs.length === 0) return there;
  const choice = await ask(app, theirs);
  if (choice === "mine") return there;
  if (choice !== "theirs") return [];
  const kept = new Set(theirs.map(({ record, id }) => `${record.id} ${id}`));
  return there
    .map(({ record, values }) => ({ record, values: Object.fromEntries(Object.entries(values).filter(([id]) => !kept.has(`${record.id} ${id}`))) }))
    .filter(({ values }) => Object.keys(values).length > 0);
}

function ask(app, theirs) {
  const first = app.fields[0];
  const line = ({ record, id, theirs: value, mine }) => {
    const field = app.fields.find((one) => one.id === id);
    const shown = (one) => textOf(field, one) || t("cell.empty");
    return el("li", {}, `${textOf(first, record.values[first.id]) || t("grid.no_name")} · ${field.name}: ${shown(value)} → ${shown(mine)}`);
  };
  const form = el("form", { method: "dialog", class: "stack" }, el("p", {}, t.count("grid.changed_elsewhere", theirs.length)),
    el("ul", {}, theirs.slice(0, LISTED_MAX).map(line), theirs.length > LISTED_MAX && el("li", {}, "…")),
    el("div", { class: "buttons" }, el("button", { value: "" }, t("ui.cancel")), el("button", { value: "mine" }, t("cell.write_mine")),
      el("button", { value: "theirs", class: "primary" }, t("cell.keep_theirs"))));
  return dialog(t("cell.conflict"), form, { kind: "conflict" });
}

async function send(app, changes, now) {
  const before = changes.map(({ record, values }) => ({ record, values: Object.fromEntries(Object.keys(values).map((id) => [id, now.get(record.id).values[id] ?? null])) }));
  show(app, changes);
  try {
    await app.api.updateMany(changes.map(({ record, values }) => ({ id: record.id, values })));
  } catch (problem) {
    show(app, before);
    blame(app, problem, changes);
    return false;
  }
  for (const { record, values } of changes) {
    record.base = { ...record.base, ...values };
    record.errors = undefined;
  }
  // A record that was written has the next version: what the server made of a value is not somebody else's change.
  offerUndo(app, before.map((one, n) => ({ ...one, expected: { version: now.get(one.record.id).version + 1, values: changes[n].values } })));
  await app.rows.refresh();
  return true;
}

function offerUndo(app, before) {
  toast(t.count("grid.records_changed", before.length), { action: app.taking(() => write(app, before)) });
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
    refuse(app, change.record, field, detail, change.values[id], true);
    pointed += 1;
  }
  if (pointed === 0) failure(problem);
  else toast(t.count("grid.values_refused", pointed), { kind: "bad" });
}
