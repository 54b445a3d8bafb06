/** The selection of the editor: kept up to the browser's, and put to where text can be typed. */

/** The code of a key that an input method handles. */
const IN_COMPOSITION = 229;

/**
 * Read the browser's selection now. The browser reports a change of it only after the key or the
 * click that made it, so a shortcut pressed at once would apply to the selection before.
 * @param {import("../../vendor/tiptap.js").Editor["view"]} view
 */
export function readSelection(view) {
  if (view.composing) return;
  // What the view itself does when the browser reports the change.
  const { domObserver } = /** @type {any} */ (view);
  domObserver.forceFlush();
  domObserver.flush();
}

/**
 * Read the selection before a key that is no letter: a shortcut, Enter, Tab, an erasing key. Keys of an
 * input method, and Enter on Android, come amid changes of the text that the view must not read yet.
 * @param {import("../../vendor/tiptap.js").Editor["view"]} view
 * @param {KeyboardEvent} event
 */
export function readSelectionBeforeKey(view, event) {
  const { key, keyCode, isComposing } = event;
  const isLetter = key.length === 1 && !event.ctrlKey && !event.metaKey;
  const isOfInputMethod =
    isComposing || keyCode === IN_COMPOSITION || key === "Process" || key === "Unidentified";
  const isEnterOnAndroid =
    key === "Enter" && /Android \d/.test(globalThis.navigator?.userAgent ?? "");
  if (!isLetter && !isOfInputMethod && !isEnterOnAndroid) readSelection(view);
  return false;
}

/**
 * Put the caret into the first text, or into a new paragraph before a document without any.
 * @param {import("../../vendor/tiptap.js").Editor} editor
 */
export function goToStart(editor) {
  let first = -1;
  editor.state.doc.descendants((node, at) => {
    if (first < 0 && node.isTextblock) first = at + 1;
    return first < 0;
  });
  if (first < 0) editor.commands.insertContentAt(0, { type: "paragraph" });
  editor.commands.setTextSelection(Math.max(first, 1));
}
