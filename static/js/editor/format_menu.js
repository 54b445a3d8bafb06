/** The menu of the toolbar's last button: formats that are wanted less often. Loaded when needed. */
import { openActionMenu } from "./action_menu.js";
import { toggleAlignment } from "./alignment.js";
import { detailsRange } from "./details_range.js";
import { loadDetails } from "./load_when_shown.js";
import { sayNoFormats } from "./notices.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */
/** @typedef {import("./action_menu.js").Action} Action */

/** What can be done, in groups. @type {Action[][]} */
export const FORMATS = [
  [heading(4), heading(5), heading(6)],
  [
    script("Superscript", "superscript", "subscript", "Mod-."),
    script("Subscript", "subscript", "superscript", "Mod-,"),
  ],
  [
    { ...highlight("yellow", null), keys: "Mod-Shift-H" },
    ...["green", "blue", "purple", "red", "orange"].map((color) => highlight(color, color)),
  ],
  [
    alignment("Align left", "left", "Mod-Shift-L"),
    alignment("Align centre", "center", "Mod-Shift-E"),
    alignment("Align right", "right", "Mod-Shift-R"),
    alignment("Justify", "justify", "Mod-Shift-J"),
  ],
  [
    callout("Info", "info", "note important"),
    callout("Tip", "tip", "hint success"),
    callout("Warning", "warning", "attention"),
    callout("Danger", "danger", "caution error"),
    {
      name: "Toggle",
      words: "details collapsible fold unfold expand",
      run: async (editor) => {
        const details = await loadDetails(editor);
        if (details === null) sayNoFormats();
        else details.insertDetails(editor);
      },
      isEnabled: (editor) => detailsRange(editor) !== null,
    },
  ],
];

/**
 * Open the menu.
 * @param {Editor} editor
 * @param {HTMLElement} button
 */
export function openFormatMenu(editor, button) {
  if (editor.isEditable) openActionMenu("More formats", FORMATS, editor, button);
}

/**
 * @param {4 | 5 | 6} level
 * @returns {Action}
 */
function heading(level) {
  return {
    name: `Heading ${level}`,
    keys: `Mod-Alt-${level}`,
    run: (editor) => editor.chain().focus().toggleHeading({ level }).run(),
    isActive: (editor) => editor.isActive("heading", { level }),
  };
}

/**
 * @param {string} name
 * @param {string} mark
 * @param {string} other
 * @param {string} keys
 * @returns {Action}
 */
function script(name, mark, other, keys) {
  return {
    name,
    keys: keys,
    run: (editor) => editor.chain().focus().unsetMark(other).toggleMark(mark).run(),
    isActive: (editor) => editor.isActive(mark),
  };
}

/**
 * @param {string} name
 * @param {string | null} color
 * @returns {Action}
 */
function highlight(name, color) {
  return {
    name: `Highlight ${name}`,
    swatch: name,
    run: (editor) => editor.chain().focus().toggleMark("highlight", { color }).run(),
    isActive: (editor) => editor.isActive("highlight", { color }),
  };
}

/**
 * Return the action that makes a callout of the blocks of the selection, or them of a callout.
 * @param {string} name
 * @param {string} kind
 * @param {string} words
 * @returns {Action}
 */
function callout(name, kind, words) {
  return {
    name: `${name} callout`,
    words: `box panel admonition ${words}`,
    run: (editor) => {
      const chain = editor.chain().focus();
      if (editor.isActive("callout", { kind })) chain.lift("callout").run();
      else if (editor.isActive("callout")) chain.updateAttributes("callout", { kind }).run();
      else chain.wrapIn("callout", { kind }).run();
    },
    isEnabled: (editor) => editor.isActive("callout") || editor.can().wrapIn("callout"),
    isActive: (editor) => editor.isActive("callout", { kind }),
  };
}

/**
 * @param {string} name
 * @param {string} align
 * @param {string} keys
 * @returns {Action}
 */
function alignment(name, align, keys) {
  return {
    name,
    keys: keys,
    run: (editor) => {
      editor.view.focus();
      toggleAlignment(editor, align);
    },
    isActive: (editor) => editor.isActive({ textAlign: align }),
  };
}
