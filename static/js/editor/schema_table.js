/**
 * The schema of a document: every node and mark that it may have, since which version of the schema,
 * and the type of each attribute. The server has the same table (apps/crdt/content/schema_table.py);
 * tests compare both, and what every part of the product does with each entry. Pure.
 */

/** The version of the schema that this page knows; the handshake carries it (docs/protocol.md). */
export const SCHEMA_VERSION = 3;

/**
 * The type of an attribute: `boolean`, `text`, `integer 1..3`, `integers 1..9` (a list of them), or
 * `one of a b`; with ` or null` where it may have no value.
 * @typedef {{since: number, attributes: Record<string, string>}} Entry
 */

/** How the lines of a paragraph or heading stand. */
const ALIGNED = { textAlign: "one of left center right justify or null" };
/** The attributes of a cell. */
const CELL = {
  colspan: "integer 1..1000",
  rowspan: "integer 1..1000",
  colwidth: "integers 0..2000 or null",
  align: "one of left center right or null",
};

/** @type {Readonly<Record<string, Entry>>} */
export const NODES = {
  doc: { since: 1, attributes: {} },
  text: { since: 1, attributes: {} },
  paragraph: { since: 1, attributes: ALIGNED },
  heading: { since: 1, attributes: { level: "integer 1..6", ...ALIGNED } },
  bulletList: { since: 1, attributes: {} },
  orderedList: {
    since: 1,
    attributes: { start: "integer 0..999999999", type: "one of 1 a A i I or null" },
  },
  listItem: { since: 1, attributes: {} },
  taskList: { since: 1, attributes: {} },
  taskItem: { since: 1, attributes: { checked: "boolean" } },
  blockquote: { since: 1, attributes: {} },
  codeBlock: { since: 1, attributes: { language: "text or null" } },
  hardBreak: { since: 1, attributes: {} },
  horizontalRule: { since: 1, attributes: {} },
  callout: { since: 3, attributes: { kind: "one of info tip warning danger" } },
  details: { since: 3, attributes: {} },
  detailsSummary: { since: 3, attributes: {} },
  detailsContent: { since: 3, attributes: {} },
  mention: {
    since: 3,
    attributes: { kind: "one of person document", id: "text or null", label: "text or null" },
  },
  table: { since: 2, attributes: {} },
  tableRow: { since: 2, attributes: {} },
  tableCell: { since: 2, attributes: CELL },
  tableHeader: { since: 2, attributes: CELL },
  image: {
    since: 2,
    attributes: {
      attachment: "text or null",
      alt: "text or null",
      width: "integer 1..10000 or null",
      caption: "text or null",
    },
  },
  file: { since: 2, attributes: { attachment: "text or null", name: "text or null" } },
};

/** @type {Readonly<Record<string, Entry>>} */
export const MARKS = {
  bold: { since: 1, attributes: {} },
  italic: { since: 1, attributes: {} },
  underline: { since: 1, attributes: {} },
  strike: { since: 1, attributes: {} },
  code: { since: 1, attributes: {} },
  link: {
    since: 1,
    attributes: {
      href: "text or null",
      target: "text or null",
      rel: "text or null",
      class: "text or null",
      title: "text or null",
    },
  },
  highlight: { since: 3, attributes: { color: "one of green blue purple red orange or null" } },
  subscript: { since: 3, attributes: {} },
  superscript: { since: 3, attributes: {} },
};

/** Most entries of a list of integers. */
const MAX_INTEGERS = 1_000;

/**
 * Return whether a value is of a type.
 * @param {string} type
 * @param {unknown} value
 * @returns {boolean}
 */
export function isOfType(type, value) {
  if (type.endsWith(" or null")) return value === null || isOfType(type.slice(0, -8), value);
  const [kind, ...words] = type.split(" ");
  const [least = 0, most = 0] = (words[0] ?? "").split("..").map(Number);
  const isWithin = (/** @type {unknown} */ one) =>
    Number.isInteger(one) && Number(one) >= least && Number(one) <= most;
  if (kind === "boolean") return typeof value === "boolean";
  if (kind === "text") return typeof value === "string";
  if (kind === "integer") return isWithin(value);
  if (kind === "integers") {
    return Array.isArray(value) && value.length <= MAX_INTEGERS && value.every(isWithin);
  }
  if (kind === "one") return typeof value === "string" && words.slice(1).includes(value);
  throw new RangeError(`There is no type ${type}.`);
}

/**
 * Return the function by which ProseMirror checks an attribute: it throws at a value of another type.
 * @param {string} name
 * @param {string} type
 */
export function validatorOf(name, type) {
  return (/** @type {unknown} */ value) => {
    if (!isOfType(type, value)) throw new RangeError(`${name} is not ${type}`);
  };
}
