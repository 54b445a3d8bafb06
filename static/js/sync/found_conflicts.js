/** Move conflicts that the server has found in the log (`…/move-conflicts/`). Pure. */
import { Y } from "../../vendor/yjs.js";
import { intersected } from "./standing_text.js";

/** @typedef {import("./move_conflicts.js").MoveConflicts} MoveConflicts */
/** @typedef {import("./standing_text.js").IdRange} IdRange */

/**
 * A row of `…/move-conflicts/`: what two operations at one time did, the later one first.
 * @typedef {object} ConflictRow
 * @property {number} seq
 * @property {string} received_at
 * @property {{id: number, username: string | null, name: string | null}} author
 * @property {{seq: number, received_at: string, author: {id: number, username: string | null, name: string | null}}} other
 * @property {{text: string, one: IdRange, other: IdRange}[]} doubled
 * @property {{text: string, ids: IdRange, after: {client: number, clock: number}}[]} misplaced
 * @property {{text: string, ids: IdRange}[]} returned
 */

/**
 * Return the conflicts of some rows as one.
 * @param {ConflictRow[]} rows
 * @returns {MoveConflicts}
 */
export function conflictsOf(rows) {
  return {
    doubled: rows.flatMap(({ doubled }) =>
      doubled.map(({ one, other }) => ({ own: one, other, isWhole: false })),
    ),
    misplaced: rows.flatMap(({ misplaced }) =>
      misplaced.map(({ ids, after }) => ({ ids: [ids], after })),
    ),
    returned: rows.flatMap(({ returned }) => returned.map(({ ids }) => ids)),
    clients: [],
  };
}

/** A larger update is not looked at. */
const MAX_BYTES = 64 * 1024;

/**
 * Return whether an update that a transaction has merged may have met another edit: it deletes what was
 * deleted, or has text beside what was.
 * @param {Y.Transaction} transaction
 * @param {Uint8Array} update
 */
export function mayConflict({ doc, deleteSet }, update) {
  if (update.length > MAX_BYTES) return false;
  const { structs, ds } = Y.decodeUpdate(update);
  const wasDeleted = (/** @type {Y.ID | null} */ id) =>
    id !== null &&
    id.clock < Y.getState(doc.store, id.client) &&
    Y.getItem(doc.store, id).deleted &&
    !Y.isDeleted(deleteSet, id);
  const deletes = [...Y.mergeDeleteSets([ds]).clients];
  return (
    deletes.some(([client, ranges]) => {
      const now = intersected(ranges, deleteSet.clients.get(client) ?? []);
      return lengthOf(now) < lengthOf(ranges);
    }) ||
    structs.some(
      (struct) =>
        struct instanceof Y.Item &&
        struct.content instanceof Y.ContentString &&
        (wasDeleted(struct.origin) || wasDeleted(struct.rightOrigin)),
    )
  );
}

/** @param {import("./standing_text.js").ClockRange[]} ranges */
function lengthOf(ranges) {
  return ranges.reduce((sum, { len }) => sum + len, 0);
}
