/** Everything that the toolbar offers, with its keys: the toolbar and the help read one table. */

import { loadTables } from "./load_when_shown.js";
import { sayNoFormats, sayNoTables } from "./notices.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */

/**
 * @typedef {object} Command
 * @property {string} name
 * @property {string} icon
 * @property {string} keys as Tiptap writes them, or what to type for it; empty without
 * @property {(editor: Editor, button: HTMLElement) => void} run
 * @property {(editor: Editor) => boolean} [isActive]
 * @property {(editor: Editor) => boolean} [isEnabled]
 */

/**
 * Return the commands in groups.
 * @param {(editor: Editor) => void} editLink opens the link dialog
 * @param {(editor: Editor) => void} [pickFiles] lets the person choose files
 * @returns {Command[][]}
 */
export function commandGroups(editLink, pickFiles = () => {}) {
  return [
    [
      {
        name: "Undo",
        icon: "undo-2",
        keys: "Mod-Z",
        run: (editor) => editor.chain().focus().undo().run(),
        isEnabled: (editor) => editor.can().undo(),
      },
      {
        name: "Redo",
        icon: "redo-2",
        keys: "Mod-Shift-Z",
        run: (editor) => editor.chain().focus().redo().run(),
        isEnabled: (editor) => editor.can().redo(),
      },
    ],
    [
      mark("Paragraph", "pilcrow", "paragraph", "Mod-Alt-0", (editor) =>
        editor.chain().focus().setParagraph().run(),
      ),
      heading(1),
      heading(2),
      heading(3),
    ],
    [
      mark("Bold", "bold", "bold", "Mod-B", (editor) => editor.chain().focus().toggleBold().run()),
      mark("Italic", "italic", "italic", "Mod-I", (editor) =>
        editor.chain().focus().toggleItalic().run(),
      ),
      mark("Underline", "underline", "underline", "Mod-U", (editor) =>
        editor.chain().focus().toggleMark("underline").run(),
      ),
      mark("Strikethrough", "strikethrough", "strike", "Mod-Shift-S", (editor) =>
        editor.chain().focus().toggleStrike().run(),
      ),
      mark("Code", "code", "code", "Mod-E", (editor) => editor.chain().focus().toggleCode().run()),
      mark("Link", "link", "link", "Mod-K", editLink),
    ],
    [
      mark("Bullet list", "list", "bulletList", "Mod-Shift-8", (editor) =>
        editor.chain().focus().toggleBulletList().run(),
      ),
      mark("Numbered list", "list-ordered", "orderedList", "Mod-Shift-7", (editor) =>
        editor.chain().focus().toggleOrderedList().run(),
      ),
      mark("Task list", "list-checks", "taskList", "Mod-Shift-9", (editor) =>
        editor.chain().focus().toggleTaskList().run(),
      ),
    ],
    [
      mark("Quote", "quote", "blockquote", "Mod-Shift-B", (editor) =>
        editor.chain().focus().toggleBlockquote().run(),
      ),
      mark(
        "Table",
        "table",
        "table",
        "Mod-Alt-G",
        (editor, button) => void openTable(editor, button),
      ),
      mark("Code block", "square-code", "codeBlock", "Mod-Alt-C", (editor) =>
        editor.chain().focus().toggleCodeBlock().run(),
      ),
      {
        name: "Divider",
        icon: "minus",
        keys: "---",
        run: (editor) => editor.chain().focus().setHorizontalRule().run(),
      },
      { name: "Picture or file", icon: "upload", keys: "Mod-Alt-U", run: pickFiles },
      {
        name: "More formats",
        icon: "ellipsis",
        keys: "",
        run: (editor, button) => void openFormats(editor, button),
      },
    ],
  ];
}

/** @param {Editor} editor @param {HTMLElement} button */
async function openTable(editor, button) {
  const tables = await loadTables(editor);
  if (tables === null) sayNoTables();
  else tables.openTableMenu(editor, button);
}

/** @param {Editor} editor @param {HTMLElement} button */
async function openFormats(editor, button) {
  const menu = await import("./format_menu.js").catch(() => null);
  if (menu === null) sayNoFormats();
  else menu.openFormatMenu(editor, button);
}

/**
 * @param {1 | 2 | 3} level
 * @returns {Command}
 */
function heading(level) {
  return {
    name: `Heading ${level}`,
    icon: `heading-${level}`,
    keys: `Mod-Alt-${level}`,
    run: (editor) => editor.chain().focus().toggleHeading({ level }).run(),
    isActive: (editor) => editor.isActive("heading", { level }),
  };
}

/**
 * @param {string} name
 * @param {string} icon
 * @param {string} type node or mark that makes it active
 * @param {string} keys
 * @param {Command["run"]} run
 * @returns {Command}
 */
function mark(name, icon, type, keys, run) {
  return { name, icon, keys, run, isActive: (editor) => editor.isActive(type) };
}
