/** What the history dialog says, and which states its changes lie between. Pure. */
import { momentOf } from "../lib/time.js";

/** @typedef {import("./log_stream.js").Mark} Mark */

/**
 * Return who wrote the change at a position and when, and which change it is.
 * @param {{seq: number, head: number}} position
 * @param {Mark | null} mark of the change, null where the log is not loaded
 * @param {(username: string) => string} nameOf
 * @returns {[string, string]}
 */
export function positionText({ seq, head }, mark, nameOf) {
  const count = `change ${number(seq)} of ${number(head)}`;
  if (seq === 0) return ["Before the first change", count];
  const who = mark ? `${nameOf(mark.author.username)}, ${momentOf(mark.at)}` : "";
  if (seq === head) return [who ? `Now · ${who}` : "Now", count];
  return who ? [who, count] : [`Change ${number(seq)}`, `of ${number(head)}`];
}

/**
 * Return the label of the button that leads to changes made since the dialog was opened.
 * @param {number} count
 */
export function newChangesText(count) {
  return count === 1 ? "Show 1 new change" : `Show ${number(count)} new changes`;
}

/**
 * Return what has become of a version's name.
 * @param {{name: string, automatic: boolean}} version
 */
export function nameText({ name, automatic }) {
  if (automatic) return "This version no longer has a name.";
  return name ? `This version is now called “${name}”.` : "This version is kept.";
}

/**
 * Return the texts for restoring a state.
 * @param {boolean} hasNewChanges whether there are changes that were made since the dialog was opened
 */
export function restoreTexts(hasNewChanges) {
  return {
    nothing: "The document already reads like this.",
    question: hasNewChanges
      ? "The document will read like this: this version, with what others have written meanwhile."
      : "The document will read like this, for everyone. You can undo it.",
    action: "Restore",
    done: "The version is restored.",
  };
}

/**
 * Return the texts for undoing one person's changes.
 * @param {string} name
 */
export function undoTexts(name) {
  return {
    nothing: `There are no changes by ${name} since then to undo.`,
    question: `The document will read like this, without the changes by ${name} since then.`,
    action: "Undo the changes",
    done: `The changes by ${name} since then are undone.`,
  };
}

/** The texts for restoring one deleted part. */
export const PART_TEXTS = {
  nothing: "This part is already in the document.",
  done: "The part is restored.",
};

/**
 * Return between which states the changes are shown: those of the session, or those since then.
 * @param {string} view
 * @param {{seq: number, head: number}} position
 * @param {(seq: number) => number} startOf the state before the session that a change is in
 * @returns {[number, number]}
 */
export function changesRange(view, { seq, head }, startOf) {
  return view === "since" ? [seq, head] : [startOf(seq), seq];
}

/**
 * Return which of some places comes after, or before, the present one, round and round.
 * @param {number} at -1 for none
 * @param {number} count
 * @param {-1 | 1} direction
 */
export function nextPlace(at, count, direction) {
  if (at < 0) return direction > 0 ? 0 : count - 1;
  return (at + direction + count) % count;
}

/** @param {number} value */
function number(value) {
  return value.toLocaleString("en");
}
