/** The menu of the toolbar's table button: inserts a table, or changes the one at the caret. */
import { openActionMenu } from "./action_menu.js";
import { registerHandles } from "./table_handles.js";
import { TABLE_ACTIONS, insertTable, isAtTable, registerTables, repairTables } from "./tables.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */

/**
 * Let an editor edit tables, and show their handles; called once.
 * @param {Editor} editor
 */
export function registerTableTools(editor) {
  registerTables(editor);
  registerHandles(editor);
}

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
