// The menu of a column.

import { fieldDelete, fieldDialog, fieldMove } from "./field-editor.js";
import { openMenu } from "./menu.js";
import { t } from "./messages.js";

const STEP = 40;

/** Opens the menu of a column at its head. */
export function headMenu(app, col) {
  const field = app.columns.list[col];
  const at = app.fields.indexOf(field);
  const { toolbar, columns } = app;
  const others = toolbar.sort.filter((key) => key.replace(/^-/, "") !== field.id);
  const sortable = field.type !== "json";
  const wider = (by) => () => {
    columns.resize(field, columns.width(field) + by);
    app.view.reset();
    app.focusCell();
  };
  const items = () => [
    { label: t("field.edit"), picture: "gear", run: () => fieldDialog(app, field) },
    sortable && { label: t("grid.sort_ascending"), picture: "sort", apart: true, run: () => toolbar.setSort([field.id]) },
    sortable && { label: t("grid.sort_descending"), run: () => toolbar.setSort([`-${field.id}`]) },
    sortable && others.length > 0 && { label: t("grid.sort_also"), run: () => toolbar.setSort([...others, field.id]) },
    toolbar.sort.length > others.length && { label: t("grid.sort_not"), picture: "close", run: () => toolbar.setSort(others) },
    { label: t("filter.by_field"), picture: "filter", run: () => toolbar.bar.begin(field) },
    { label: t("field.wider"), apart: true, run: wider(STEP) },
    { label: t("field.narrower"), run: wider(-STEP) },
    at > 0 && { label: t("field.hide"), picture: "eye", run: () => { columns.hide(field, true); toolbar.fieldsChanged(); app.view.reset(); app.go({ row: -1, col: col - 1 }); } },
    { label: t("field.move_left"), apart: true, disabled: at === 0, run: () => fieldMove(app, field, at - 1) },
    { label: t("field.move_right"), disabled: at === app.fields.length - 1, run: () => fieldMove(app, field, at + 1) },
    { label: t("field.add"), picture: "plus", apart: true, run: () => app.addField() },
    { label: t("field.delete"), picture: "trash", disabled: app.fields.length === 1, run: () => fieldDelete(app, field) },
  ];
  openMenu(app.view.cell(-1, col), items, field.name);
  return true;
}
