/**
 * Moves a block of the document. Yjs cannot move an item: the block is copied as it stands now, with all
 * that others have written in it until then, and deleted. Its letters stay their writers' (ADR 0016).
 */
import { Y } from "../../vendor/yjs.js";

/** @typedef {import("./copies.js").Copy} Copy */
/** @typedef {{client: number, clock: number, length: number}} Run */

/** With more ranges than the server takes in one operation, the letters count as new. */
const MAX_COPIES = 30_000;

/**
 * Move a block before one of its siblings, or to their end; null if it is deleted, or has content that
 * cannot be copied.
 * @param {Y.XmlElement} block
 * @param {Y.XmlElement | null} before
 * @param {object} options
 * @param {unknown} options.origin
 * @param {(copies: Copy[]) => void} options.noteKnown called with the copies that the edit makes
 * @returns {Y.XmlElement | null} the block at its new place
 */
export function moveBlock(block, before, { origin, noteKnown }) {
  const { parent, doc } = block;
  if (block._item?.deleted || doc === null || !canCopy(block)) return null;
  if (!(parent instanceof Y.XmlFragment)) return null;
  const siblings = parent.toArray();
  const place = before === null ? siblings.length : siblings.indexOf(before);
  if (place < 0) return null;
  const copy = block.clone();
  doc.transact(() => {
    parent.insert(place, [copy]);
    noteKnown(copiesOf(runsOf(block), runsOf(copy)));
    parent.delete(parent.toArray().indexOf(block), 1);
  }, origin);
  return copy;
}

/**
 * Return whether a type has elements and texts alone.
 * @param {unknown} type
 * @returns {boolean}
 */
function canCopy(type) {
  if (type instanceof Y.XmlText) return true;
  return type instanceof Y.XmlElement && type.toArray().every(canCopy);
}

/**
 * Return the letters that stand in a type, in order.
 * @param {Y.AbstractType<any>} type
 * @returns {Run[]}
 */
function runsOf(type) {
  /** @type {Run[]} */
  const runs = [];
  for (let item = type._start; item !== null; item = item.right) {
    if (item.deleted) continue;
    if (item.content instanceof Y.ContentString) runs.push({ ...item.id, length: item.length });
    else if (item.content instanceof Y.ContentType) runs.push(...runsOf(item.content.type));
  }
  return runs;
}

/**
 * Return the copies that make letters of others, one for one.
 * @param {Run[]} sources
 * @param {Run[]} targets
 * @returns {Copy[]}
 */
function copiesOf(sources, targets) {
  /** @type {Copy[]} */
  const copies = [];
  let at = 0;
  let offset = 0;
  for (const { client, clock, length } of targets) {
    for (let done = 0; done < length; ) {
      const source = sources[at];
      if (source === undefined) return [];
      const count = Math.min(length - done, source.length - offset);
      copies.push([client, clock + done, count, source.client, source.clock + offset]);
      done += count;
      offset += count;
      if (offset === source.length) [at, offset] = [at + 1, 0];
    }
  }
  return copies.length > MAX_COPIES ? [] : copies;
}
