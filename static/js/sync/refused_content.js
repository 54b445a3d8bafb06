/** What a document shows of content that the server will never take, and what undo made of it. Pure. */
import { Y } from "../../vendor/yjs.js";

/** @typedef {import("./parting.js").Ranges} Ranges */
/** @typedef {import("./client_ids.js").Range} Range */

/**
 * Return the text of these ids as a document shows it, a line for each block.
 * @param {Y.Doc} doc
 * @param {Ranges} ranges
 */
export function textWithin(doc, ranges) {
  /** @type {string[]} */
  const lines = [""];
  const endLine = () => {
    if (lines.at(-1) !== "") lines.push("");
  };
  const add = (/** @type {string} */ text) => lines.push((lines.pop() ?? "") + text);
  /** @param {Y.AbstractType<any>} type */
  const walk = (type) => {
    for (let item = type._start; item; item = item.right) {
      if (item.deleted) continue;
      if (item.content instanceof Y.ContentString) {
        for (const [from, to] of overlaps(ranges, item)) add(item.content.str.slice(from, to));
      } else if (item.content instanceof Y.ContentType) {
        const isBlock = item.content.type instanceof Y.XmlElement;
        if (isBlock) endLine();
        walk(item.content.type);
        if (isBlock) endLine();
      }
    }
  };
  walk(doc.getXmlFragment("default"));
  return lines.join("\n").trimEnd();
}

/**
 * Return the ids of operations: what they insert.
 * @param {{update: Uint8Array}[]} operations
 * @returns {Ranges}
 */
export function insertedRanges(operations) {
  /** @type {Ranges} */
  const ranges = new Map();
  for (const { update } of operations) {
    const { from, to } = Y.parseUpdateMeta(update);
    for (const [client, end] of to) {
      const clock = from.get(client) ?? 0;
      ranges.set(client, [...(ranges.get(client) ?? []), { clock, len: end - clock }]);
    }
  }
  return ranges;
}

/**
 * Return the parts of a deleted range that undo has brought back, each with the id of its copy.
 * @param {Y.Doc} doc
 * @param {number} client
 * @param {Range} range
 */
export function redoneWithin(doc, client, { clock, len }) {
  const found = [];
  for (let at = clock; at < Math.min(clock + len, Y.getState(doc.store, client)); ) {
    const item = Y.getItem(doc.store, Y.createID(client, at));
    const end = Math.min(item.id.clock + item.length, clock + len);
    if (item instanceof Y.Item && item.redone) {
      found.push({ clock: at, len: end - at, copy: item.redone });
    }
    at = end;
  }
  return found;
}

/**
 * Yield the parts of an item that are within ranges, as offsets.
 * @param {Ranges} ranges
 * @param {Y.Item} item
 * @returns {Generator<[number, number]>}
 */
function* overlaps(ranges, { id, length }) {
  for (const { clock, len } of ranges.get(id.client) ?? []) {
    const from = Math.max(clock - id.clock, 0);
    const to = Math.min(clock + len - id.clock, length);
    if (from < to) yield [from, to];
  }
}
