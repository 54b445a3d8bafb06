/**
 * Lost text: what the person wrote into a paragraph that somebody else deleted at the same time. Yjs
 * lets the deletion win; the text is in the log, and in no view of the document. Pure.
 */
import { Y } from "../../vendor/yjs.js";
import { deletedParts } from "./moved_text.js";

/** @typedef {import("./moved_text.js").Part} Part */

/**
 * Lost texts without the white space around them, all lost ids, and the place where they stood: a
 * relative position among the blocks.
 * @typedef {{parts: Part[], ids: Part["ids"], place: Y.RelativePosition}} Lost
 */

/**
 * Return what a transaction, which merged an update of the server, deleted of the person's own text
 * although the update does not name it; null if that is nothing.
 * @param {Y.Transaction} transaction
 * @param {Uint8Array} update
 * @param {Uint8Array[]} unsent operations that the server has not acknowledged
 * @returns {Lost | null}
 */
export function lostText(transaction, update, unsent) {
  if (transaction.deleteSet.clients.size === 0) return null;
  const own = ownRanges(transaction.doc.clientID, unsent);
  const owners = [...transaction.deleteSet.clients.keys()];
  if (!owners.some((client) => own.has(client))) return null;
  const { ds } = Y.decodeUpdate(update);
  const isLost = (/** @type {number} */ client, /** @type {number} */ clock) =>
    (own.get(client) ?? []).some(({ first, end }) => first <= clock && clock < end) &&
    !Y.isDeleted(ds, Y.createID(client, clock));
  /** @type {Part[]} */
  const parts = [];
  /** @type {Part["ids"]} */
  const ids = [];
  /** @type {Y.AbstractType<any> | null} */
  let parent = null;
  for (const part of deletedParts(transaction)) {
    const lost = partWith(part, isLost);
    ids.push(...lost.ids);
    if (lost.text.trim() === "") continue;
    parts.push(trimmed(lost));
    parent ??= /** @type {Y.AbstractType<any>} */ (part.parent);
  }
  return parent === null ? null : { parts, ids, place: placeOf(parent) };
}

/**
 * Return a part with the characters of some ids alone.
 * @param {Part} part
 * @param {(client: number, clock: number) => boolean} belongs
 */
function partWith(part, belongs) {
  let at = 0;
  /** @type {Part} */
  const found = { ...part, text: "", ids: [] };
  for (const { client, clock, length } of part.ids) {
    for (let offset = 0; offset < length; offset += 1, at += 1) {
      if (!belongs(client, clock + offset)) continue;
      found.text += part.text[at];
      const last = found.ids.at(-1);
      if (last?.client === client && last.clock + last.length === clock + offset) last.length += 1;
      else found.ids.push({ client, clock: clock + offset, length: 1 });
    }
  }
  return found;
}

/** Return a part without the white space around it. @param {Part} part */
function trimmed(part) {
  const from = part.text.length - part.text.trimStart().length;
  const end = part.text.trimEnd().length;
  let at = 0;
  const ids = part.ids.flatMap(({ client, clock, length }) => {
    const [first, upto] = [Math.max(from - at, 0), Math.min(end - at, length)];
    at += length;
    return first < upto ? [{ client, clock: clock + first, length: upto - first }] : [];
  });
  return { ...part, text: part.text.slice(from, Math.max(end, from)), ids };
}

/**
 * Return which clocks are the person's: all of this page, and those of operations of earlier pages.
 * @param {number} clientID
 * @param {Uint8Array[]} unsent
 */
function ownRanges(clientID, unsent) {
  /** @type {Map<number, {first: number, end: number}[]>} */
  const own = new Map([[clientID, [{ first: 0, end: Number.POSITIVE_INFINITY }]]]);
  for (const update of unsent) {
    const { from, to } = Y.parseUpdateMeta(update);
    for (const [client, end] of to) {
      const ranges = own.get(client) ?? [];
      ranges.push({ first: from.get(client) ?? 0, end });
      own.set(client, ranges);
    }
  }
  return own;
}

/**
 * Return the place of a deleted type among the blocks of its root.
 * @param {Y.AbstractType<any>} type
 */
function placeOf(type) {
  let block = type._item;
  let root = type;
  while (root._item !== null) {
    block = root._item;
    root = /** @type {Y.AbstractType<any>} */ (root._item.parent);
  }
  let index = 0;
  for (let item = block?.left ?? null; item !== null; item = item.left) {
    if (!item.deleted && item.countable) index += item.length;
  }
  return Y.createRelativePositionFromTypeIndex(root, index, -1);
}
