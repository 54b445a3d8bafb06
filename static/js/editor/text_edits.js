/**
 * Text edits: where in a text an edit of the editor deletes and inserts. Pure.
 *
 * The binding compares a text with the one before, and takes the shortest difference. That is another
 * one where letters are equal: of "two " deleted before "three" it deletes "wo t", and a word that is
 * moved within a paragraph takes what it passed with it. Then letters belong to the wrong person. The
 * steps of the editor tell what was deleted and inserted; a patch of the binding
 * (static/vendor/patches.mjs) uses that where the texts before and after are those of the edit.
 */

/**
 * The edits that make one text of another, in order; indexes are those at each edit.
 * @typedef {{before: string, after: string, edits: {index: number, remove: number, insert: string}[]}} TextEdits
 */

/** The part of ProseMirror's nodes that is used. @typedef {import("../../vendor/tiptap.js").Editor["state"]["doc"]} Node */

/** @typedef {Pick<import("../../vendor/tiptap.js").Editor["state"]["tr"], "before" | "doc" | "mapping" | "getMeta">} Transaction */

/** @typedef {Transaction["mapping"]["maps"]} Maps */

/** Text between two leaves of a block, from a position on. @typedef {{start: number, text: string}} Run */

/** Characters of a run, and where they were in the document before; null if they are new. @typedef {{from: number | null, length: number}} Segment */

/** The edits of the last transaction of an editor. */
export class LastEdits {
  /** @type {Transaction | null} */
  #transaction = null;
  /** The edits by the text before. @type {Map<string, TextEdits[]> | null} */
  #edits = null;

  /** @param {Transaction} transaction */
  note(transaction) {
    this.#transaction = transaction;
    this.#edits = null;
  }

  /**
   * Return the edits that make `after` of `before`; null where the last transaction did not.
   * @param {string} before
   * @param {string} after
   */
  find(before, after) {
    if (this.#transaction === null) return null;
    this.#edits ??= byTextBefore(knownEdits(this.#transaction));
    const found = this.#edits.get(before)?.find((one) => one.after === after);
    return found?.edits ?? null;
  }
}

/** @param {TextEdits[]} edits */
function byTextBefore(edits) {
  /** @type {Map<string, TextEdits[]>} */
  const found = new Map();
  for (const one of edits) {
    const equal = found.get(one.before);
    if (equal) equal.push(one);
    else found.set(one.before, [one]);
  }
  return found;
}

/**
 * Return the edits of a transaction whose maker knows them (`find_replace.js`), else those of its steps.
 * @param {Transaction} transaction
 * @returns {TextEdits[]}
 */
function knownEdits(transaction) {
  return transaction.getMeta("textEdits") ?? textEdits(transaction);
}

/**
 * Return the edits of all texts that a transaction changes.
 * @param {Transaction} transaction
 * @returns {TextEdits[]}
 */
export function textEdits({ before, doc, mapping: { maps } }) {
  /** @type {TextEdits[]} */
  const found = [];
  for (const run of changedRuns(doc, maps)) {
    const edits = runEdits(before, run, maps);
    if (edits !== null) found.push(edits);
  }
  return found;
}

/**
 * Return the runs of text around what the steps changed, in the document after them.
 * @param {Node} doc
 * @param {Maps} maps
 */
function changedRuns(doc, maps) {
  /** @type {Map<number, Run>} */
  const runs = new Map();
  for (const [index, map] of maps.entries()) {
    map.forEach((_from, _to, newFrom, newTo) => {
      const later = maps.slice(index + 1);
      const from = later.reduce((at, next) => next.map(at, -1), newFrom);
      const to = later.reduce((at, next) => next.map(at, 1), newTo);
      for (const at of [from, to]) {
        const run = runAt(doc, at);
        if (run !== null) runs.set(run.start, run);
      }
    });
  }
  return runs.values();
}

/**
 * Return the run of text at a position; null if it is in no block of text.
 * @param {Node} doc
 * @param {number} at
 * @returns {Run | null}
 */
function runAt(doc, at) {
  const place = doc.resolve(at);
  const { parent } = place;
  if (!parent.isTextblock) return null;
  let start = place.start();
  let text = "";
  for (let index = 0, next = start; index < parent.childCount; index += 1) {
    const child = parent.child(index);
    if (child.isText) text += child.text;
    else if (next >= at) break;
    else {
      text = "";
      start = next + child.nodeSize;
    }
    next += child.nodeSize;
  }
  return { start, text };
}

/**
 * Return where each part of a run was before the steps.
 * @param {Run} run
 * @param {Maps} maps
 */
function segmentsOf({ start, text }, maps) {
  /** @type {Segment[]} */
  let segments = [{ from: start, length: text.length }];
  for (const map of [...maps].reverse()) {
    segments = segments.flatMap(({ from, length }) =>
      from === null ? [{ from, length }] : partsBefore(from, from + length, map),
    );
  }
  return segments;
}

/**
 * Return the parts of a range after one step: where they were before it, or that they are new.
 * @param {number} from
 * @param {number} to
 * @param {Maps[number]} map
 */
function partsBefore(from, to, map) {
  /** @type {Segment[]} */
  const parts = [];
  let at = from;
  let shift = 0;
  const add = (/** @type {number} */ end, isNew = false) => {
    if (end > at) parts.push({ from: isNew ? null : at - shift, length: end - at });
    at = Math.max(at, end);
  };
  map.forEach((oldFrom, oldTo, newFrom, newTo) => {
    add(Math.min(newFrom, to));
    add(Math.min(newTo, to), true);
    shift += newTo - newFrom - (oldTo - oldFrom);
  });
  add(to);
  return parts;
}

/**
 * Return the edits that make a run of the one that was at its place; null where there was none, and
 * where nothing changed.
 * @param {Node} before
 * @param {Run} run
 * @param {Maps} maps
 * @returns {TextEdits | null}
 */
function runEdits(before, { start, text: after }, maps) {
  const segments = segmentsOf({ start, text: after }, maps);
  const kept = segments.find(({ from }) => from !== null)?.from ?? null;
  const old = runAt(before, kept ?? startBefore(start, maps));
  if (old === null || old.text === after) return null;
  const { text } = old;
  /** @type {TextEdits["edits"]} */
  const edits = [];
  let made = "";
  let passed = 0;
  let isSound = true;
  const removeUntil = (/** @type {number} */ end) => {
    if (end > passed) edits.push({ index: made.length, remove: end - passed, insert: "" });
    passed = end;
  };
  for (const { from, length } of segments) {
    const offset = from === null ? -1 : from - old.start;
    if (offset >= passed && offset + length <= text.length) {
      removeUntil(offset);
      made += text.slice(offset, offset + length);
      passed = offset + length;
      isSound &&= !cutsPair(text, offset) && !cutsPair(text, passed);
    } else {
      const insert = after.slice(made.length, made.length + length);
      edits.push({ index: made.length, remove: 0, insert });
      made += insert;
    }
    isSound &&= !cutsPair(after, made.length);
  }
  removeUntil(text.length);
  return isSound && made === after ? { before: text, after, edits } : null;
}

/** @param {number} start @param {Maps} maps */
function startBefore(start, maps) {
  return [...maps].reverse().reduce((at, map) => map.invert().map(at, -1), start);
}

/** Return whether an offset is within a character of two units. @param {string} text @param {number} at */
function cutsPair(text, at) {
  return /^[\uD800-\uDBFF][\uDC00-\uDFFF]$/.test(text.slice(Math.max(at - 1, 0), at + 1));
}
