/** Loads the handle of blocks when the pointer is first over the text, or a key asks for it. */

/** @typedef {import("./block_handle.js").BlockHandle} BlockHandle */

/**
 * Return what gives the handle of an editor, which is loaded then.
 * @param {import("../../vendor/tiptap.js").Editor} editor
 * @param {ConstructorParameters<typeof import("./block_handle.js").BlockHandle>[1]} page
 */
export function loadBlockHandle(editor, page) {
  /** @type {Promise<BlockHandle> | null} */
  let loading = null;
  const load = () => {
    loading ??= import("./block_handle.js").then(
      ({ BlockHandle }) => new BlockHandle(editor, page),
      (error) => {
        loading = null;
        throw error;
      },
    );
    return loading;
  };
  const { dom } = editor.view;
  // The next key or the next move of the pointer tries again, and does nothing once it is loaded.
  const loadQuietly = () => void load().catch(() => {});
  for (const event of ["pointermove", "focus"]) dom.addEventListener(event, loadQuietly);
  return load;
}
