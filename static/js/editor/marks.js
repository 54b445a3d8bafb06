/**
 * Marks that are a tag of HTML and no more, by the names and the keys that Tiptap's own extensions have.
 */
import { Mark, markInputRule } from "../../vendor/tiptap.js";
import { MARKS, isOfType } from "./schema_table.js";

/** Words that are typed between `==` and `==`. */
const HIGHLIGHTED = /(?:^|\s)(==(?!\s)([^=]+)(?<!\s)==)$/;

/**
 * @param {string} name
 * @param {string[]} tags the first one is written
 * @param {string[]} keys
 * @param {string} [other] the mark that it takes the place of
 */
function tagged(name, tags, keys, other) {
  return Mark.create({
    name,
    parseHTML: () => tags.map((tag) => ({ tag })),
    renderHTML: ({ HTMLAttributes }) => [tags[0] ?? "", HTMLAttributes, 0],
    addKeyboardShortcuts() {
      const toggle = () => {
        const chain = this.editor.chain();
        if (other) chain.unsetMark(other);
        return chain.toggleMark(name).run();
      };
      return Object.fromEntries(keys.map((key) => [key, toggle]));
    },
  });
}

export const Underline = tagged("underline", ["u", "ins"], ["Mod-u", "Mod-U"]);
export const Subscript = tagged("subscript", ["sub"], ["Mod-,"], "superscript");
export const Superscript = tagged("superscript", ["sup"], ["Mod-."], "subscript");

/** A colour behind the text: yellow has no name. */
export const Highlight = tagged("highlight", ["mark"], ["Mod-Shift-h", "Mod-Shift-H"]).extend({
  addAttributes: () => ({
    color: {
      default: null,
      parseHTML: (/** @type {HTMLElement} */ { dataset: { color } }) =>
        isOfType(MARKS.highlight?.attributes.color ?? "", color) ? color : null,
      renderHTML: (/** @type {{color: string | null}} */ { color }) =>
        color ? { "data-color": color } : {},
    },
  }),
  addInputRules() {
    return [markInputRule({ find: HIGHLIGHTED, type: this.type })];
  },
});
