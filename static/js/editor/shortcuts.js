/** The keys that work everywhere on the editor's page; editor/shortcuts_dialog.js lists them. */
import { IS_MAC } from "./keys_label.js";
import { linkAt, openLink } from "./link_card.js";
import { editLink } from "./toolbar.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */

/**
 * Bind the page's keys.
 * @param {Editor} editor
 * @param {{toolbar: HTMLElement, onSave: () => void, onAuthors: () => void, onHelp: () => void, onFiles: () => void, onFind: (withReplace: boolean) => void, loadHandle: () => Promise<import("./block_handle.js").BlockHandle>}} page
 */
export function bindShortcuts(
  editor,
  { toolbar, onSave, onAuthors, onHelp, onFiles, onFind, loadHandle },
) {
  document.addEventListener("keydown", (event) => {
    const mod = event.metaKey || event.ctrlKey;
    if (document.querySelector("dialog[open]")) return;
    if (mod && event.key === "/") handled(event, onHelp);
    else if (event.key === "?" && !isWriting(event.target)) handled(event, onHelp);
    else if (mod && event.key === "s" && !event.shiftKey) handled(event, onSave);
    else if (isMove(event) && editor.isFocused && editor.isEditable) {
      const by = event.key === "ArrowUp" ? -1 : 1;
      handled(event, () => void loadHandle().then((handle) => handle.move(by), console.warn));
    } else if (mod && event.altKey && event.code === "KeyB" && editor.isEditable) {
      handled(event, () => void loadHandle().then((one) => one.openMenuAtCaret(), console.warn));
    } else if (isFind(event)) {
      handled(event, () => onFind(event.altKey));
    } else if (!IS_MAC && event.ctrlKey && event.key === "h" && !event.altKey) {
      handled(event, () => onFind(true));
    } else if (mod && event.altKey && event.code === "KeyA") handled(event, onAuthors);
    else if (mod && event.altKey && event.code === "KeyU" && editor.isEditable) {
      handled(event, onFiles);
    } else if (event.altKey && event.key === "F10") {
      handled(event, () =>
        toolbar.querySelector(/** @type {"button"} */ ("[tabindex='0']"))?.focus(),
      );
    } else if (event.altKey && event.key === "Enter" && editor.isFocused) {
      handled(event, () => openLink(linkAt(editor)?.getAttribute("href")));
    } else if (mod && event.altKey && event.code === "KeyG" && editor.isEditable) {
      handled(event, () =>
        toolbar.querySelector(/** @type {"button"} */ ("[aria-label='Table']"))?.click(),
      );
    } else if (mod && event.key === "k" && editor.isEditable && editor.isFocused) {
      handled(event, () => void editLink(editor));
    }
  });
}

/**
 * @param {KeyboardEvent} event
 * @param {() => void} action
 */
function handled(event, action) {
  event.preventDefault();
  action();
}

/** Return whether a key finds words: Ctrl+F of a Mac goes on by a letter. @param {KeyboardEvent} event */
function isFind({ metaKey, ctrlKey, shiftKey, code }) {
  return (IS_MAC ? metaKey : ctrlKey) && code === "KeyF" && !shiftKey;
}

/** Return whether a key moves the block at the caret. @param {KeyboardEvent} event */
function isMove({ altKey, shiftKey, ctrlKey, metaKey, key }) {
  return altKey && shiftKey && !ctrlKey && !metaKey && /^Arrow(?:Up|Down)$/.test(key);
}

/** @param {EventTarget | null} target */
function isWriting(target) {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches("input, textarea, select"))
  );
}
