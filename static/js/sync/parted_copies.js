/**
 * Parts what is known of copied content (`copies.js`) with the operations that have it. Pure.
 */
import { Y } from "../../vendor/yjs.js";
import { isLost } from "./operation_entries.js";

/** @typedef {import("./copies.js").Copy} Copy */
/** @typedef {import("./operation_entries.js").OperationEntries} OperationEntries */

/**
 * Return the copies of each operation that goes on, and those of the refused content; a copy of
 * refused content is none any more.
 * @param {OperationEntries} all
 */
export function partedCopies(all) {
  /** @type {Map<import("./outbox.js").Operation, Copy[]>} */
  const kept = new Map();
  /** @type {Copy[]} */
  const refused = [];
  for (const { operation } of all.readings) {
    /** @type {Copy[]} */
    const own = [];
    for (const [id, length, source] of pieces(operation.copies ?? [], all)) {
      const isRefused = isLost(all.find(id));
      if (!isRefused && isLost(all.find(source))) continue;
      const [at, from] = [all.moved(id), all.moved(source)];
      (isRefused ? refused : own).push([at.client, at.clock, length, from.client, from.clock]);
    }
    kept.set(operation, own);
  }
  return { kept, refused };
}

/**
 * Split copies where an entry begins or ends, on either side.
 * @param {Copy[]} copies
 * @param {OperationEntries} all
 * @returns {Generator<[Y.ID, number, Y.ID]>}
 */
function* pieces(copies, all) {
  for (const [client, clock, length, sourceClient, sourceClock] of copies) {
    for (let at = 0; at < length; ) {
      const id = Y.createID(client, clock + at);
      const source = Y.createID(sourceClient, sourceClock + at);
      const len = Math.min(length - at, all.leftAt(id), all.leftAt(source));
      yield [id, len, source];
      at += len;
    }
  }
}
