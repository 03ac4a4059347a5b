// Short notes at the edge of the window, progress of long work, and what is said to those who can't see it.

import { button, el } from "./dom.js";
import { number, t } from "./messages.js";

const STAYS_MS = 6000;
const WITH_ACTION_MS = 12_000;
/** So many notes are shown at once; older ones that would go by themselves make room. */
const SHOWN_MAX = 3;

const live = el("div", { class: "visually-hidden", role: "status", "aria-live": "polite" });
const stack = el("div", { class: "toasts" });
document.body.append(live, stack);

/** Says something to screen readers, when they have time. */
export function announce(text) {
  live.textContent = "";
  // A region that gets the same text again says nothing.
  setTimeout(() => { live.textContent = text; }, 50);
}

/**
 * Shows a note; with `action` (`{label, run}`) a button. The note stays until the action is done, and longer if that comes
 * to `false`: what failed can be tried again. Returns what takes it away.
 */
export function toast(text, { action, kind = "", stays = false } = {}) {
  const note = el("div", { class: `toast ${kind}` }, el("span", { class: "grow" }, text));
  let timer;
  let acted = false;
  const close = () => { clearTimeout(timer); note.remove(); };
  const act = async (event) => {
    const pressed = event.currentTarget;
    acted = true;
    clearTimeout(timer);
    pressed.disabled = true;
    const done = await run(action.run);
    pressed.disabled = false;
    if (done !== false) close();
  };
  if (action) note.append(button(action.label, { kind: "small", run: act }));
  note.append(button(t("ui.close"), { picture: "close", hidden: true, run: close }));
  stack.append(note);
  announce(text);
  if (!stays) {
    note.dataset.passes = "";
    [...stack.querySelectorAll("[data-passes]")].slice(0, -SHOWN_MAX).forEach((old) => old.remove());
    timer = setTimeout(close, action ? WITH_ACTION_MS : STAYS_MS);
    note.addEventListener("pointerenter", () => clearTimeout(timer));
    note.addEventListener("focusin", () => clearTimeout(timer));
    note.addEventListener("pointerleave", () => {
      clearTimeout(timer);
      if (!acted) timer = setTimeout(close, STAYS_MS);
    });
  }
  return close;
}

/** Shows what went wrong, with the id under which the server's log has it. */
export function failure(problem, again) {
  const request = problem.requestId ? ` ${t("grid.request", { id: problem.requestId })}` : "";
  const action = again && { label: t("grid.retry"), run: again };
  toast(`${problem.text ?? problem.message}${request}`, { kind: "bad", stays: true, action });
}

/** Does something that may fail; if it does that is shown, with a way to do it `again`. Resolves with false then. */
export async function run(action, again) {
  try {
    return await action();
  } catch (problem) {
    failure(problem, again);
    return false;
  }
}

/** Shows how far long work is, if it takes longer than a moment. */
export function progress(text) {
  const bar = el("progress", { max: "1", "aria-label": text });
  const share = el("span", { class: "quiet" });
  const note = el("div", { class: "toast" }, el("span", { class: "grow" }, text), bar, share);
  const timer = setTimeout(() => { stack.append(note); announce(text); }, 400);
  return {
    update(done, total) {
      bar.value = total ? done / total : 0;
      share.textContent = `${number(done)} / ${number(total)}`;
    },
    end() {
      clearTimeout(timer);
      note.remove();
    },
  };
}
