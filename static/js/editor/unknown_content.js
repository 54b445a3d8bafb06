/**
 * Content that this page cannot show: of a foreign client, or of a newer page.
 *
 * A node that the schema lacks, or that stands where the schema has no place for it, is a grey box; a
 * mark that it lacks is a grey background. The binding (static/vendor/unknown_content_patches.mjs)
 * makes them, and writes what they stand for. A box can be moved, and not deleted or doubled: the page
 * deletes nothing that it does not know.
 */
import { Extension, Mark, Node, Plugin } from "../../vendor/tiptap.js";

/** @typedef {import("../../vendor/tiptap.js").Editor["state"]["tr"]} Transaction */
/** @typedef {Transaction["doc"]} PMNode */

const WORDS = "cannot be shown here";

/**
 * Return an extension of a box.
 * @param {"unknown-block" | "unknown-inline"} name
 */
function box(name) {
  const isInline = name === "unknown-inline";
  return Node.create({
    name,
    group: isInline ? "inline" : "block",
    inline: isInline,
    atom: true,
    selectable: true,
    draggable: false,
    // The item that the box stands for, and the name of its node.
    addAttributes: () => ({ of: { default: "", rendered: false }, name: { default: "" } }),
    // What is copied of a box is nothing.
    parseHTML: () => [{ tag: "[data-unknown]", ignore: true }],
    renderHTML: ({ node }) => [
      isInline ? "span" : "div",
      {
        class: "unknown",
        "data-unknown": "",
        contenteditable: "false",
        "data-tooltip": wordsOf(node),
      },
      isInline ? WORDS : `This part ${WORDS}.`,
    ],
    renderText: () => "",
    extendNodeSchema: (extension) => (extension.name === name ? { isUnknown: true } : {}),
  });
}

/** @param {PMNode} node */
function wordsOf({ attrs }) {
  return attrs.name ? `“${String(attrs.name).slice(0, 60)}” ${WORDS}. It is kept.` : "It is kept.";
}

const UnknownMark = Mark.create({
  name: "unknown",
  excludes: "",
  inclusive: false,
  addAttributes: () => ({
    name: { default: "", rendered: false },
    value: { default: null, rendered: false },
  }),
  parseHTML: () => [],
  renderHTML: () => [
    "span",
    { class: "unknown-mark", "data-tooltip": `A format ${WORDS}. It is kept.` },
    0,
  ],
  extendMarkSchema: (extension) => (extension.name === "unknown" ? { isUnknown: true } : {}),
});

/** The nodes and the mark of what is not shown. */
export const UNKNOWN = [box("unknown-block"), box("unknown-inline"), UnknownMark];

/**
 * Return the attributes that a type of the schema has, with values of their types.
 * @param {object} type a node type or mark type
 * @param {Record<string, any>} attributes
 */
export function shownAttributes(type, attributes) {
  const { attrs } = /** @type {{attrs: Record<string, any>}} */ (type);
  const isShown = (/** @type {[string, unknown]} */ [name, value]) => {
    if (!Object.hasOwn(attrs, name)) return false;
    const { validate } = attrs[name];
    try {
      if (!validate) return typeof value !== "object" || value === null;
      validate(value);
      return true;
    } catch {
      return false;
    }
  };
  return Object.fromEntries(Object.entries(attributes).filter(isShown));
}

/**
 * Refuses edits of the person that would delete or double a box.
 * @param {() => void} onRefused
 */
export function guardBoxes(onRefused) {
  return Extension.create({
    name: "guardBoxes",
    addProseMirrorPlugins: () => [
      new Plugin({
        filterTransaction: (transaction) => {
          const isKept =
            !transaction.docChanged || isOfOthers(transaction) || keepsBoxes(transaction);
          if (!isKept) onRefused();
          return isKept;
        },
      }),
    ],
  });
}

/** @param {Transaction} transaction */
function isOfOthers(transaction) {
  return transaction.getMeta("y-sync$") !== undefined;
}

/**
 * Return whether a transaction leaves each box in the document once.
 * @param {Pick<Transaction, "docs" | "doc" | "mapping">} transaction
 */
export function keepsBoxes({ docs, doc, mapping: { maps } }) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  const count = (
    /** @type {PMNode} */ inside,
    /** @type {[number, number]} */ [from, to],
    by = 1,
  ) =>
    inside.nodesBetween(from, to, (node, at) => {
      if (!node.type.spec.isUnknown || at < from || at >= to) return;
      counts.set(node.attrs.of, (counts.get(node.attrs.of) ?? 0) + by);
    });
  for (const [index, map] of maps.entries()) {
    const [before, after] = [docs[index], docs[index + 1] ?? doc];
    map.forEach((from, to, newFrom, newTo) => {
      if (before) count(before, [from, to], -1);
      count(after, [newFrom, newTo]);
    });
  }
  return [...counts.values()].every((number) => number === 0);
}
