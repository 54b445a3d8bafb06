/** Text of a document by the ids of its characters. Pure. */
import { Y } from "../../vendor/yjs.js";
import { isText } from "./moved_text.js";

/** Ids of characters. @typedef {{client: number, clock: number, length: number}} IdRange */
/** Clocks of one client. @typedef {{clock: number, len: number}} ClockRange */
/** Id ranges by client, in order. @typedef {Map<number, ClockRange[]>} Ranges */

/**
 * Return the text of some ids; null if any of it does not stand in the document.
 * @param {Y.Doc} doc
 * @param {IdRange} range
 */
export function textOf(doc, range) {
  const runs = standingRuns(doc, range);
  const length = runs.reduce((sum, run) => sum + run.length, 0);
  if (length < range.length) return null;
  return runs
    .map(({ item, offset, length }) => item.content.str.slice(offset, offset + length))
    .join("");
}

/** Characters of one item that stand in the document. @typedef {{item: Y.Item & {parent: Y.AbstractType<any>, content: Y.ContentString}, offset: number, length: number}} Run */

/**
 * Return the characters of a range that stand in the document, in order of their ids.
 * @param {Y.Doc} doc
 * @param {IdRange} range
 */
export function standingRuns({ store }, { client, clock, length }) {
  /** @type {Run[]} */
  const runs = [];
  const structs = store.clients.get(client) ?? [];
  const end = clock + length;
  if (end > Y.getState(store, client)) return runs;
  for (let at = Y.findIndexSS(structs, clock); at < structs.length; at += 1) {
    const item = structs[at];
    if (item === undefined || item.id.clock >= end) break;
    if (item.deleted || !isText(item)) continue;
    const from = Math.max(clock, item.id.clock);
    const to = Math.min(end, item.id.clock + item.length);
    runs.push({ item, offset: from - item.id.clock, length: to - from });
  }
  return runs;
}

/**
 * Return what stands of a range.
 * @param {Y.Doc} doc
 * @param {IdRange} range
 * @returns {IdRange[]}
 */
export function standingRanges(doc, range) {
  return standingRuns(doc, range).map(({ item, offset, length }) => {
    const { client, clock } = item.id;
    return { client, clock: clock + offset, length };
  });
}

/**
 * Return the types with text of some ids.
 * @param {Y.Doc} doc
 * @param {Ranges} ranges
 */
export function textsWith({ store }, ranges) {
  /** @type {Set<Y.AbstractType<any>>} */
  const texts = new Set();
  for (const [client, list] of ranges) {
    const structs = store.clients.get(client) ?? [];
    for (const { clock, len } of list) {
      if (clock >= Y.getState(store, client)) continue;
      for (let at = Y.findIndexSS(structs, clock); at < structs.length; at += 1) {
        const struct = structs[at];
        if (struct === undefined || struct.id.clock >= clock + len) break;
        if (isText(struct)) texts.add(struct.parent);
      }
    }
  }
  return texts;
}

/**
 * Return what two lists of ranges, in order, have in common.
 * @param {ClockRange[]} ones
 * @param {ClockRange[]} others
 */
export function intersected(ones, others) {
  const found = [];
  for (let at = 0, to = 0; at < ones.length && to < others.length; ) {
    const [one, other] = [ones[at], others[to]];
    if (!one || !other) break;
    const clock = Math.max(one.clock, other.clock);
    const end = Math.min(one.clock + one.len, other.clock + other.len);
    if (clock < end) found.push({ clock, len: end - clock });
    if (one.clock + one.len < other.clock + other.len) at += 1;
    else to += 1;
  }
  return found;
}

/**
 * @param {Ranges} ranges
 * @param {number} client
 * @param {number} clock
 */
export function isWithin(ranges, client, clock) {
  return (ranges.get(client) ?? []).some(
    (range) => range.clock <= clock && clock < range.clock + range.len,
  );
}

/**
 * Return what of a range is the source of no copy.
 * @param {ClockRange} range
 * @param {number} client
 * @param {import("./copies.js").Copy[]} copies
 */
export function without(range, client, copies) {
  let left = [range];
  for (const [, , length, source, first] of copies) {
    if (source !== client) continue;
    left = left.flatMap(({ clock, len }) => {
      const end = clock + len;
      const pieces = [
        { clock, len: Math.min(end, first) - clock },
        { clock: Math.max(clock, first + length), len: end - Math.max(clock, first + length) },
      ];
      return pieces.filter((piece) => piece.len > 0);
    });
  }
  return left;
}
