/**
 * Writes operations again under new client ids: the server has refused one, because its client id
 * belongs to another person, or has other content there (ADR 0014). Pure.
 *
 * The new ids follow from the old ones, so two pages of one person that hold the same operations
 * make the same ones of them, and the server stores them once.
 */
import { Y, encoding } from "../../vendor/yjs.js";
import { insertedVector } from "./reconcile.js";

/** @typedef {import("./outbox.js").Operation} Operation */

/**
 * The new client id of an old one, and the first clock that moves to it.
 * @typedef {{client: number, start: number}} Renewal
 */

/** @typedef {Map<number, Renewal>} Renewals by old client id */

/** @typedef {{clock: number, len: number}} Range */

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
      else renewals.set(client, { client: hash(`${seed} ${client}`), start: clock });
    }
  }
  return renewals;
}

/**
 * Return a number of 32 bits for a text: its FNV-1a hash.
 * @param {string} text
 */
function hash(text) {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) {
    value = Math.imul(value ^ byte, 0x01000193);
  }
  return value >>> 0;
}

/**
 * Return the unique id of an operation that is written again: `a`, `a.1`, `a.2`.
 * @param {string} id
 */
function renewedId(id) {
  const [, stem = id, count = "0"] = /^(.*)\.(\d+)$/.exec(id) ?? [];
  return `${stem}.${Number(count) + 1}`;
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
  const encoder = new Y.UpdateEncoderV1();
  /** @type {Map<number, (Y.Item | Y.GC | Y.Skip)[]>} */
  const byClient = new Map();
  for (const struct of structs) {
    struct.id = moved(struct.id, renewals);
    if (struct instanceof Y.Item) moveReferences(struct, renewals);
    append(byClient, struct.id.client, struct);
  }
  encoding.writeVarUint(encoder.restEncoder, byClient.size);
  for (const [client, own] of byClient) {
    encoding.writeVarUint(encoder.restEncoder, own.length);
    encoder.writeClient(client);
    encoding.writeVarUint(encoder.restEncoder, own[0]?.id.clock ?? 0);
    for (const struct of own) struct.write(encoder, 0);
  }
  writeDeletes(encoder.restEncoder, movedDeletes(ds.clients, renewals));
  return encoder.toUint8Array();
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

/**
 * @param {encoding.Encoder} encoder
 * @param {Map<number, Range[]>} deletes
 */
function writeDeletes(encoder, deletes) {
  encoding.writeVarUint(encoder, deletes.size);
  for (const [client, ranges] of deletes) {
    encoding.writeVarUint(encoder, client);
    encoding.writeVarUint(encoder, ranges.length);
    for (const { clock, len } of ranges) {
      encoding.writeVarUint(encoder, clock);
      encoding.writeVarUint(encoder, len);
    }
  }
}

/**
 * @template Value
 * @param {Map<number, Value[]>} map
 * @param {number} key
 * @param {Value} value
 */
function append(map, key, value) {
  const values = map.get(key);
  if (values) values.push(value);
  else map.set(key, [value]);
}
