/**
 * What is typed for a suggestion: a sign such as `/` and the letters behind it, up to the caret. Pure.
 *
 * An edit of others replaces the nodes around it, so that positions cannot be mapped through it; the
 * binding puts the caret back by its relative position, and the sign stands before it as it did.
 */
import { typedText } from "./typed_text.js";

/** @typedef {import("../../vendor/tiptap.js").Editor["state"]} State */
/** @typedef {State["tr"]} Transaction */

/**
 * The sign and the letters behind it.
 * @typedef {{sign: string, from: number, to: number, query: string}} Typed
 */

/** Most characters behind a sign. */
export const MAX_QUERY_CHARS = 40;

/**
 * Return what is typed after a transaction; null if nothing, or if the caret has left it.
 * @param {Typed | null} typed before the transaction
 * @param {Transaction} transaction
 * @param {State} state after the transaction
 * @param {readonly string[]} signs
 * @returns {Typed | null}
 */
export function typedAfter(typed, transaction, state, signs) {
  if (typed === null) return opened(transaction, state, signs);
  if (!transaction.docChanged && !transaction.selectionSet) return typed;
  const isOfOthers = transaction.getMeta("y-sync$") !== undefined;
  const { head } = state.selection;
  const from = isOfOthers ? head - (typed.to - typed.from) : transaction.mapping.map(typed.from);
  const next = typedBetween(from, state, typed.sign);
  if (next === null) return isOfOthers ? null : opened(transaction, state, signs);
  return isOfOthers && next.query !== typed.query ? null : next;
}

/**
 * Return the sign that a transaction of this person has typed.
 * @param {Transaction} transaction
 * @param {State} state
 * @param {readonly string[]} signs
 */
function opened(transaction, state, signs) {
  if (!transaction.docChanged || transaction.getMeta("y-sync$") !== undefined) return null;
  if (transaction.getMeta("uiEvent") !== undefined) return null;
  const typed = typedAt(state, signs);
  return typed?.query === "" && typedText(transaction)?.endsWith(typed.sign) ? typed : null;
}

/**
 * Return what is typed before the caret: the last sign that is at the start of its block, behind a space
 * or behind a bracket, and outside of code.
 * @param {State} state
 * @param {readonly string[]} signs
 */
export function typedAt(state, signs) {
  const { $head, empty } = state.selection;
  if (!empty || !$head.parent.isTextblock || isCode(state)) return null;
  const text = textBefore($head);
  for (let at = text.length - 1; at >= Math.max(0, text.length - MAX_QUERY_CHARS - 1); at -= 1) {
    const sign = text.charAt(at);
    const before = text.charAt(at - 1);
    if (!signs.includes(sign) || !/^(?:|[\s(\ufffc])$/.test(before)) continue;
    return typedBetween($head.pos - (text.length - at), state, sign);
  }
  return null;
}

/**
 * @param {number} from
 * @param {State} state
 * @param {string} sign
 * @returns {Typed | null}
 */
function typedBetween(from, { selection: { $head, empty } }, sign) {
  const length = $head.pos - from;
  const isNear = length >= 1 && length <= MAX_QUERY_CHARS + 1 && length <= $head.parentOffset;
  if (!empty || !$head.parent.isTextblock || !isNear) return null;
  const text = textBefore($head).slice(-length);
  if (!text.startsWith(sign) || text.includes("\ufffc")) return null;
  return { sign, from, to: $head.pos, query: text.slice(1) };
}

/** Return the text of a block before the caret. @param {State["selection"]["$head"]} head */
function textBefore({ parent, parentOffset }) {
  return parent.textBetween(0, parentOffset, "", "\ufffc");
}

/** @param {State} state */
function isCode({ selection: { $head }, storedMarks }) {
  const marks = storedMarks ?? $head.marks();
  return $head.parent.type.spec.code === true || marks.some(({ type }) => type.spec.code === true);
}

/**
 * Return the entries that a query matches: by the name, its first letters, those of a word of it, those of
 * another word for it, then by letters within the name; each in their order.
 * @template {{label: string, words?: string}} Entry
 * @param {string} query
 * @param {readonly Entry[]} entries
 * @param {number} [most]
 */
export function matching(query, entries, most = Number.POSITIVE_INFINITY) {
  const sought = query.toLowerCase();
  const ranked = /** @type {[Entry[], Entry[], Entry[], Entry[], Entry[]]} */ ([
    [],
    [],
    [],
    [],
    [],
  ]);
  for (const entry of entries) {
    const label = entry.label.toLowerCase();
    if (label === sought) ranked[0].push(entry);
    else if (label.startsWith(sought)) ranked[1].push(entry);
    else if (` ${label}`.includes(` ${sought}`)) ranked[2].push(entry);
    else if (` ${entry.words ?? ""}`.includes(` ${sought}`)) ranked[3].push(entry);
    else if (label.includes(sought)) ranked[4].push(entry);
  }
  return ranked.flat().slice(0, most);
}

/**
 * Return where a popup stands in the window: below the line of the caret, above it where there is more
 * room, and how high it may be.
 * @param {{top: number, bottom: number, left: number}} line
 * @param {{width: number, height: number}} popup
 * @param {{top: number, bottom: number, width: number}} room what is seen of the window
 */
export function popupPlace(line, popup, room) {
  const gap = 6;
  const below = room.bottom - line.bottom - 2 * gap;
  const above = line.top - room.top - 2 * gap;
  const isBelow = popup.height <= below || below >= above;
  const height = Math.max(0, Math.min(popup.height, isBelow ? below : above));
  return {
    top: isBelow ? line.bottom + gap : line.top - gap - height,
    left: Math.max(gap, Math.min(line.left, room.width - gap - popup.width)),
    height,
  };
}
