/** The dialog that lists all keyboard shortcuts of the pages. */
import { commandGroups } from "./commands.js";
import { FORMATS } from "./format_menu.js";
import { IS_MAC, keysLabel } from "./keys_label.js";
import { openDialog } from "../ui/dialog.js";
import { h } from "../ui/dom.js";

/** Input rules at the start of a line, followed by a space. */
const LINE_START_RULES = /** @type {[string, string][]} */ ([
  ["Headings 1 to 6", "#  to  ######"],
  ["Bullet list", "-"],
  ["Numbered list", "1."],
  ["Task list", "[ ]"],
  ["Quote", ">"],
  ["Callout, in a quote", "[!NOTE]"],
  ["Code block", "```"],
]);

/** Input rules around words, or alone. */
const INLINE_RULES = /** @type {[string, string][]} */ ([
  ["Bold", "**words**"],
  ["Italic", "*words*"],
  ["Strikethrough", "~~words~~"],
  ["Highlight", "==words=="],
  ["Code", "`words`"],
  ["Divider", "---"],
]);

/** Keys of the list of documents (pages/documents_page.js). */
const LIST_KEYS = /** @type {[string, string][]} */ ([
  ["New document", "n"],
  ["Search", "/"],
]);

/** Show all keyboard shortcuts. */
export function openShortcuts() {
  const commands = commandGroups(() => {})
    .flat()
    .filter(({ keys }) => keys && keys !== "---")
    .map(({ name, keys }) => /** @type {[string, string]} */ ([name, keysLabel(keys)]));
  const formats = FORMATS.flat().flatMap(({ name, keys }) =>
    keys ? [/** @type {[string, string]} */ ([name, keysLabel(keys)])] : [],
  );
  const page = /** @type {[string, string][]} */ ([
    ["These keys", keysLabel("Mod-/")],
    ["Find, and replace", `${keysLabel("Mod-F")}, ${keysLabel(IS_MAC ? "Mod-Alt-F" : "Ctrl-H")}`],
    ["To the toolbar, and back", "Alt+F10, Esc"],
    ["Move the block up, down", "Alt+Shift+↑, Alt+Shift+↓"],
    ["Menu of the block", keysLabel("Mod-Alt-B")],
    ["Open the link at the caret", keysLabel("Alt-Enter")],
    ["Colours by author", keysLabel("Mod-Alt-A")],
  ]);
  openDialog(
    "Keyboard shortcuts",
    h(
      "div",
      { class: "shortcut-columns" },
      section("Press", [...commands, ...formats]),
      h(
        "div",
        { class: "stack" },
        section("Type at the start of a line, then a space", LINE_START_RULES),
        section("Type", INLINE_RULES),
        section("Press on the page", page),
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
