/** The keys that work everywhere on the editor's page, and the dialog that lists them all. */
import { commandGroups, keysLabel } from "./commands.js";
import { openDialog } from "../ui/dialog.js";
import { h } from "../ui/dom.js";
import { loadStyles } from "../ui/styles.js";
import { linkAt, openLink } from "./link_card.js";
import { editLink } from "./toolbar.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */

/** Input rules at the start of a line, followed by a space. */
const LINE_START_RULES = /** @type {[string, string][]} */ ([
  ["Heading 1, 2, 3", "#  ##  ###"],
  ["Bullet list", "-"],
  ["Numbered list", "1."],
  ["Task list", "[ ]"],
  ["Quote", ">"],
  ["Code block", "```"],
]);

/** Input rules around words, or alone. */
const INLINE_RULES = /** @type {[string, string][]} */ ([
  ["Bold", "**words**"],
  ["Italic", "*words*"],
  ["Strikethrough", "~~words~~"],
  ["Code", "`words`"],
  ["Divider", "---"],
]);

/** Keys of the list of documents (pages/documents_page.js). */
const LIST_KEYS = /** @type {[string, string][]} */ ([
  ["New document", "n"],
  ["Search", "/"],
]);

/**
 * Bind the page's keys.
 * @param {Editor} editor
 * @param {{toolbar: HTMLElement, onSave: () => void, onAuthors: () => void}} page
 */
export function bindShortcuts(editor, { toolbar, onSave, onAuthors }) {
  document.addEventListener("keydown", (event) => {
    const mod = event.metaKey || event.ctrlKey;
    if (document.querySelector("dialog[open]")) return;
    if (mod && event.key === "/") handled(event, () => void showShortcuts());
    else if (event.key === "?" && !isWriting(event.target))
      handled(event, () => void showShortcuts());
    else if (mod && event.key === "s" && !event.shiftKey) handled(event, onSave);
    else if (mod && event.altKey && event.code === "KeyA") handled(event, onAuthors);
    else if (event.altKey && event.key === "F10") {
      handled(event, () =>
        toolbar.querySelector(/** @type {"button"} */ ("[tabindex='0']"))?.focus(),
      );
    } else if (event.altKey && event.key === "Enter" && editor.isFocused) {
      handled(event, () => openLink(linkAt(editor)?.getAttribute("href")));
    } else if (mod && event.key === "k" && editor.isEditable && editor.isFocused) {
      handled(event, () => void editLink(editor));
    }
  });
}

/** Show all keyboard shortcuts. */
export async function showShortcuts() {
  await loadStyles("dialog-styles");
  const commands = commandGroups(() => {})
    .flat()
    .filter(({ keys }) => keys !== "---")
    .map(({ name, keys }) => /** @type {[string, string]} */ ([name, keysLabel(keys)]));
  const page = /** @type {[string, string][]} */ ([
    ["These keys", keysLabel("Mod-/")],
    ["To the toolbar, and back", "Alt+F10, Esc"],
    ["Open the link at the caret", keysLabel("Alt-Enter")],
    ["Colours by author", keysLabel("Mod-Alt-A")],
  ]);
  openDialog(
    "Keyboard shortcuts",
    h(
      "div",
      { class: "shortcut-columns" },
      section("Press", [...commands, ...page]),
      h(
        "div",
        { class: "stack" },
        section("Type at the start of a line, then a space", LINE_START_RULES),
        section("Type", INLINE_RULES),
        section("Press in the list of documents", LIST_KEYS),
      ),
    ),
  );
}

/**
 * @param {string} heading
 * @param {[string, string][]} rows
 */
function section(heading, rows) {
  const items = rows.flatMap(([name, keys]) => [
    h("dt", {}, name),
    h("dd", {}, h("kbd", {}, keys)),
  ]);
  return h("section", {}, h("h3", {}, heading), h("dl", { class: "shortcuts" }, ...items));
}

/**
 * @param {KeyboardEvent} event
 * @param {() => void} action
 */
function handled(event, action) {
  event.preventDefault();
  action();
}

/** @param {EventTarget | null} target */
function isWriting(target) {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches("input, textarea, select"))
  );
}
