/** Loads the editing of tables and their menu, when a table is shown or inserted. */

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */

/** @typedef {typeof import("./tables.js") & typeof import("./table_menu.js")} Tables */

/** The editors that can edit tables already, or in a moment. @type {WeakMap<Editor, Promise<Tables | null>>} */
const withTables = new WeakMap();

/**
 * Load the editing of tables, once for an editor; null if it cannot be loaded now.
 * @param {Editor} editor
 */
export function loadTables(editor) {
  const loading = withTables.get(editor) ?? load(editor);
  withTables.set(editor, loading);
  return loading;
}

/** @param {Editor} editor */
async function load(editor) {
  try {
    const [tables, menu] = await Promise.all([import("./tables.js"), import("./table_menu.js")]);
    if (!editor.isDestroyed) menu.registerTableTools(editor);
    return { ...tables, ...menu };
  } catch (error) {
    withTables.delete(editor);
    console.warn("Tables cannot be edited yet:", error);
    return null;
  }
}
