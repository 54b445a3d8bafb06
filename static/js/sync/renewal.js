/**
 * Writes operations again under new client ids: the server has refused one, because its client id
 * belongs to another person, or has other content there (ADR 0014). Pure.
 *
 * The new ids follow from the old ones, so two pages of one person that hold the same operations
 * make the same ones of them, and the server stores them once.
 */
import { Y } from "../../vendor/yjs.js";
import { append, clientIdOf, encodeUpdate, renewedId } from "./client_ids.js";
import { insertedVector } from "./reconcile.js";

/** @typedef {import("./outbox.js").Operation} Operation */

/**
 * The new client id of an old one, and the first clock that moves to it.
 * @typedef {{client: number, start: number}} Renewal
 */

/** @typedef {Map<number, Renewal>} Renewals by old client id */

/** @typedef {import("./client_ids.js").Range} Range */

/** Codes of a rejection after which the same content is accepted under a new client id. */
const CODES = new Set(["foreign_client", "content_conflict"]);

/**
 * Return whether the server refused the client id of an operation, and not its content.
 * @param {string} code
 */
export function isClientRefused(code) {
  return CODES.has(code);
}

/**
 * Return operations, the first of which was refused, under new client ids: what they bring moves,
 * with everything that refers to it. What is in the server's log keeps its ids.
 * @param {Operation[]} operations in order
 * @returns {Operation[]}
 */
export function renewedOperations(operations) {
  const renewals = renewalsOf(operations);
  return operations.map((operation) => {
    const update = renewedUpdate(operation.update, renewals);
    const copies = (operation.copies ?? []).flatMap((copy) => movedCopies(copy, renewals));
    const vector = insertedVector(update);
    return { ...operation, id: renewedId(operation.id), update, vector, copies };
  });
}

/**
 * Return a range of copies with the moved ids; cut where either side moves only in part.
 * @param {import("./copies.js").Copy} copy
 * @param {Renewals} renewals
 * @returns {import("./copies.js").Copy[]}
 */
function movedCopies([client, clock, length, sourceClient, sourceClock], renewals) {
  const starts = [
    (renewals.get(client)?.start ?? 0) - clock,
    (renewals.get(sourceClient)?.start ?? 0) - sourceClock,
  ];
  const cuts = [0, ...starts.filter((start) => 0 < start && start < length), length];
  cuts.sort((one, other) => one - other);
  return cuts.slice(1).flatMap((end, at) => {
    const first = cuts[at] ?? 0;
    const own = moved(Y.createID(client, clock + first), renewals);
    const source = moved(Y.createID(sourceClient, sourceClock + first), renewals);
    return first === end ? [] : [[own.client, own.clock, end - first, source.client, source.clock]];
  });
}

/**
 * @param {Operation[]} operations
 * @returns {Renewals}
 */
function renewalsOf(operations) {
  const seed = operations[0]?.id ?? "";
  /** @type {Renewals} */
  const renewals = new Map();
  for (const { update } of operations) {
    for (const struct of Y.decodeUpdate(update).structs) {
      const { client, clock } = struct.id;
      const known = renewals.get(client);
      if (known) known.start = Math.min(known.start, clock);
      else renewals.set(client, { client: clientIdOf(`${seed} ${client}`), start: clock });
    }
  }
  return renewals;
}

/**
 * @param {Y.ID} id
 * @param {Renewals} renewals
 */
function moved(id, renewals) {
  const renewal = renewals.get(id.client);
  if (renewal === undefined || id.clock < renewal.start) return id;
  return Y.createID(renewal.client, id.clock - renewal.start);
}

/**
 * @param {Uint8Array} update
 * @param {Renewals} renewals
 */
function renewedUpdate(update, renewals) {
  const { structs, ds } = Y.decodeUpdate(update);
  for (const struct of structs) {
    struct.id = moved(struct.id, renewals);
    if (struct instanceof Y.Item) moveReferences(struct, renewals);
  }
  return encodeUpdate(structs, movedDeletes(ds.clients, renewals));
}

/**
 * @param {Y.Item} item
 * @param {Renewals} renewals
 */
function moveReferences(item, renewals) {
  if (item.origin) item.origin = moved(item.origin, renewals);
  if (item.rightOrigin) item.rightOrigin = moved(item.rightOrigin, renewals);
  if (item.parent instanceof Y.ID) item.parent = moved(item.parent, renewals);
}

/**
 * @param {Map<number, Range[]>} deletes
 * @param {Renewals} renewals
 */
function movedDeletes(deletes, renewals) {
  /** @type {Map<number, Range[]>} */
  const found = new Map();
  for (const [client, ranges] of deletes) {
    const { client: other, start } = renewals.get(client) ?? { client, start: Infinity };
    for (const { clock, len } of ranges) {
      const kept = Math.min(Math.max(start - clock, 0), len);
      if (kept > 0) append(found, client, { clock, len: kept });
      if (kept < len) append(found, other, { clock: clock + kept - start, len: len - kept });
    }
  }
  return found;
}
