/** Loads the editing of tables and of parts to unfold, when one is shown or inserted. */

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */

/** Load the editing of tables and their menu, once for an editor; null if it cannot be loaded now. */
export const loadTables = onceFor(async (editor) => {
  const [tables, menu] = await Promise.all([import("./tables.js"), import("./table_menu.js")]);
  if (!editor.isDestroyed) menu.registerTableTools(editor);
  return { ...tables, ...menu };
});

/** The same for parts to unfold. */
export const loadDetails = onceFor(async (editor) => {
  const keys = await import("./details_keys.js");
  if (!editor.isDestroyed) keys.registerDetails(editor);
  return keys;
});

/**
 * Return a function that loads once for an editor, and again after a failure.
 * @template Loaded
 * @param {(editor: Editor) => Promise<Loaded>} load
 */
function onceFor(load) {
  /** @type {WeakMap<Editor, Promise<Loaded | null>>} */
  const all = new WeakMap();
  return (/** @type {Editor} */ editor) => {
    const loading =
      all.get(editor) ??
      load(editor).catch((error) => {
        all.delete(editor);
        console.warn("A part of the text cannot be edited yet:", error);
        return null;
      });
    all.set(editor, loading);
    return loading;
  };
}
