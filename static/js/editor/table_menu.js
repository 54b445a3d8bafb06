/** The menu of the toolbar's table button: inserts a table, or changes the one at the caret. */
import { openActionMenu } from "./action_menu.js";
import { TABLE_ACTIONS, insertTable, isAtTable, repairTables } from "./tables.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */

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
  openActionMenu("Table", TABLE_ACTIONS, editor, button);
}
