/** How the lines of a paragraph or heading stand: an attribute, its keys, and what sets it. */
import { Extension } from "../../vendor/tiptap.js";
import { NODES, isOfType, validatorOf } from "./schema_table.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */

const NAME = "textAlign";
const TYPE = NODES.paragraph?.attributes[NAME] ?? "";
const KEYS = { left: "L", center: "E", right: "R", justify: "J" };

/** The attribute of paragraphs and headings, by the name and the keys of Tiptap's extension. */
export const Alignment = Extension.create({
  name: NAME,
  addGlobalAttributes: () => [
    {
      types: ["paragraph", "heading"],
      attributes: {
        [NAME]: {
          default: null,
          validate: validatorOf(NAME, TYPE),
          parseHTML: ({ style, attributes }) => {
            const align = style.textAlign || attributes.getNamedItem("align")?.value;
            return isOfType(TYPE, align) ? align : null;
          },
          renderHTML: ({ [NAME]: align }) => (align ? { style: `text-align: ${align}` } : {}),
        },
      },
    },
  ],
  addKeyboardShortcuts() {
    const keys = Object.entries(KEYS).flatMap(([align, key]) => {
      const toggle = () => toggleAlignment(this.editor, align);
      return [key, key.toLowerCase()].map((one) => [`Mod-Shift-${one}`, toggle]);
    });
    return Object.fromEntries(keys);
  },
});

/**
 * Align the paragraphs and headings of the selection; a second time, as their text runs.
 * @param {Editor} editor
 * @param {string} align
 */
export function toggleAlignment(editor, align) {
  const { tr, doc, selection } = editor.state;
  const value = editor.isActive({ [NAME]: align }) ? null : align;
  for (const { $from, $to } of selection.ranges) {
    doc.nodesBetween($from.pos, $to.pos, (node, pos) => {
      if (NAME in node.attrs) tr.setNodeAttribute(pos, NAME, value);
    });
  }
  editor.view.dispatch(tr);
  return true;
}
