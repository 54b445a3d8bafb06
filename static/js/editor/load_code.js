/** Loads the colours of code, and the field for its language, with the first code block. */
import { debounced } from "../ui/dom.js";

/** A new code block is seen after a pause of this length. */
const PAUSE_MS = 200;

/** @param {import("../../vendor/tiptap.js").Editor} editor */
export function loadCode(editor) {
  const check = debounced(PAUSE_MS, () => {
    if (editor.isDestroyed || !editor.view.dom.querySelector("pre")) return;
    editor.off("update", check);
    import("./code_highlights.js").then(
      ({ CodeHighlights, mountLanguagePicker }) => {
        new CodeHighlights(editor);
        mountLanguagePicker(editor);
      },
      (error) => {
        editor.on("update", check);
        console.warn("Code is not highlighted:", error);
      },
    );
  });
  editor.on("update", check);
  check();
}
