/** Shows text that two edits at one time doubled, misplaced or brought back. */
import { ago } from "../lib/time.js";
import { h } from "../ui/dom.js";

/** @typedef {import("../sync/found_conflicts.js").ConflictRow} ConflictRow */
/** @typedef {ReturnType<typeof import("./lost_view.js").renderLost>} Shown */

/** The text of one row, what became of it, and the label of what ends that. @typedef {{text: string, what: string, label: string}} Told */

/** @param {string} path of the document */
export const conflictsPath = (path) => `${path}move-conflicts/`;

/**
 * Return the view of lost text with conflicts before it, the latest first.
 * @param {Shown} lost
 * @param {ConflictRow[]} rows
 * @param {((row: ConflictRow) => void) | null} onEnd null without the right
 * @returns {Shown}
 */
export function withConflicts(lost, rows, onEnd) {
  if (rows.length === 0) return lost;
  const places = rows.map((row) => placeOf(row, onEnd));
  const conflicts = h("ul", { class: "history-lost" }, ...places);
  const summary = conflictsSummary(rows.length);
  if (lost.places.length === 0) return { element: conflicts, places, summary };
  return {
    element: h("div", { class: "history-lost" }, conflicts, lost.element),
    places: [...places, ...lost.places],
    summary: `${summary} · ${lost.summary}`,
  };
}

/**
 * @param {ConflictRow} row
 * @param {((row: ConflictRow) => void) | null} onEnd
 */
function placeOf(row, onEnd) {
  const told = toldOf(row);
  const label = told.length === 1 ? (told[0]?.label ?? "") : "Put it right";
  const onclick = () => onEnd?.(row);
  return h(
    "li",
    {},
    h("p", { class: "muted" }, `${namesOf(row)}, ${ago(row.received_at)}`),
    ...told.flatMap(({ text, what }) => [h("blockquote", { dir: "auto" }, text), h("p", {}, what)]),
    ...(onEnd === null ? [] : [h("button", { type: "button", class: "button", onclick }, label)]),
  );
}

/** @param {ConflictRow} row @returns {Told[]} */
export function toldOf({ doubled, misplaced, returned }) {
  const join = (/** @type {{text: string}[]} */ parts) => parts.map(({ text }) => text).join("");
  return [
    { text: join(doubled), what: "This came twice.", label: "Keep one copy" },
    {
      text: join(misplaced),
      what: "This is not where it was written.",
      label: "Put it back",
    },
    {
      text: join(returned),
      what: "This was deleted and stands again.",
      label: "Delete it again",
    },
  ].filter(({ text }) => text !== "");
}

/** @param {ConflictRow} row */
function namesOf({ author, other }) {
  const names = new Set([other.author, author].map(({ name }) => name ?? "Somebody"));
  return [...names].join(" and ");
}

/** @param {number} count */
export function conflictsSummary(count) {
  return count === 1 ? "1 conflict of two edits" : `${count} conflicts of two edits`;
}
