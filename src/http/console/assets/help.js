// The keys of the grid.

import { dialog, el } from "./dom.js";
import { t } from "./messages.js";

/** Shows the keys. */
export function help() {
  const keys = [
    ["← ↑ → ↓", t("grid.key_move")], ["Home · End", t("grid.key_row")], ["Ctrl + Home · End", t("grid.key_ends")], ["Page ↑ · Page ↓", t("grid.key_page")],
    ["Enter · F2", t("grid.key_edit")], ["A … Z, 0 … 9", t("grid.key_type")], ["Enter", t("grid.key_commit")], ["Tab · Shift + Tab", t("grid.key_tab")],
    ["Esc", t("grid.key_escape")], ["Shift + Enter", t("grid.key_new")], ["Delete · Backspace", t("grid.key_clear")], ["Shift + ← ↑ → ↓", t("grid.key_extend")],
    ["Ctrl + A", t("grid.key_all")], ["Ctrl + C · X · V", t("grid.key_clipboard")], ["Ctrl + Z · Y", t("grid.key_undo")], [t("grid.space"), t("grid.key_space")], ["Ctrl + Enter", t("grid.key_open")],
    ["Shift + " + t("grid.space"), t("grid.key_pick")], ["Alt + ↑ · ↓", t("grid.key_step")], ["?", t("grid.key_help")],
  ];
  const list = el("dl", { class: "keys" }, keys.flatMap(([key, what]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, what)]));
  return dialog(t("grid.help"), el("form", { method: "dialog" }, list, el("div", { class: "buttons" }, el("button", { class: "primary" }, t("ui.close")))), { kind: "wide" });
}
