/** The menu of the toolbar's table button: inserts a table, or changes the one at the caret. */
import { h } from "../ui/dom.js";
import { bindMenu } from "../ui/menu.js";
import { placeOf } from "../ui/row_menu.js";
import { TABLE_ACTIONS, insertTable, isAtTable, repairTables } from "./tables.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */

/** @type {HTMLElement | null} */
let menu = null;

/**
 * Insert a table where the caret is in none; else open the menu of the table.
 * @param {Editor} editor
 * @param {HTMLElement} button the menu stands below it
 */
export function openTableMenu(editor, button) {
  if (!editor.isEditable) return;
  if (!isAtTable(editor)) {
    insertTable(editor);
    return;
  }
  repairTables(editor);
  menu?.remove();
  menu = h(
    "div",
    { class: "menu table-menu", popover: "auto", "aria-label": "Table" },
    ...TABLE_ACTIONS.map((group) =>
      h(
        "div",
        { class: "menu-group" },
        ...group.map(({ name, run, isEnabled }) =>
          h(
            "button",
            {
              type: "button",
              class: "menu-item",
              disabled: !isEnabled(editor),
              onclick: () => run(editor),
            },
            name,
          ),
        ),
      ),
    ),
  );
  document.body.append(menu);
  bindMenu(menu);
  menu.showPopover();
  const room = { width: document.documentElement.clientWidth, height: innerHeight };
  const size = menu.getBoundingClientRect();
  const { top, left } = placeOf(button.getBoundingClientRect(), size, room);
  menu.style.inset = `${Math.max(top, 0)}px auto auto ${left}px`;
  menu.querySelector(/** @type {"button"} */ ("button:not(:disabled)"))?.focus();
}
