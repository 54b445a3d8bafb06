/**
 * The structs of operations that are to be parted, found by their ids of before. Pure.
 */
import { Y } from "../../vendor/yjs.js";
import { append, clientIdOf } from "./client_ids.js";

/** @typedef {import("./outbox.js").Operation} Operation */
/** @typedef {import("./client_ids.js").Range} Range */
/** @typedef {Map<number, Range[]>} Ranges by client id */

/**
 * A struct of an operation, with its id of before.
 * @typedef {object} Entry
 * @property {Y.Item | Y.GC} struct
 * @property {number} clock
 * @property {boolean} isRefused
 * @property {number} order its place among all structs of the operations
 * @property {boolean | null} isInside whether it is within a refused block; null until it is known
 * @property {Y.ID} newId
 */

/**
 * An operation that is read.
 * @typedef {object} Reading
 * @property {Operation} operation
 * @property {boolean} isRefused
 * @property {Entry[]} entries
 * @property {Ranges} deletes
 */

export class OperationEntries {
  /** @type {Reading[]} */
  readings;
  /** The entries of each client, by clock. @type {Map<number, Entry[]>} */
  #byClient = new Map();
  #order = 0;

  /**
   * @param {Operation[]} operations in order
   * @param {(operation: Operation) => boolean} isRefused
   */
  constructor(operations, isRefused) {
    this.readings = operations.map((operation) => this.#read(operation, isRefused(operation)));
    for (const entries of this.#byClient.values()) entries.sort((a, b) => a.clock - b.clock);
  }

  /**
   * @param {Operation} operation
   * @param {boolean} isRefused
   * @returns {Reading}
   */
  #read(operation, isRefused) {
    const { structs, ds } = Y.decodeUpdate(operation.update);
    /** @type {Entry[]} */
    const entries = [];
    for (const struct of structs) {
      if (struct instanceof Y.Skip) continue;
      /** @type {Entry} */
      const entry = {
        struct,
        clock: struct.id.clock,
        isRefused,
        order: this.#order++,
        isInside: null,
        newId: struct.id,
      };
      append(this.#byClient, struct.id.client, entry);
      entries.push(entry);
    }
    return { operation, isRefused, entries, deletes: ds.clients };
  }

  /**
   * Return the entry that has an id, null for one of the log.
   * @param {Y.ID | null} id
   */
  find(id) {
    const entries = id && this.#byClient.get(id.client);
    if (!entries) return null;
    let [low, high] = [0, entries.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const entry = /** @type {Entry} */ (entries[middle]);
      if (id.clock < entry.clock) high = middle - 1;
      else if (id.clock >= entry.clock + entry.struct.length) low = middle + 1;
      else return entry;
    }
    return null;
  }

  /**
   * Choose the new ids: of kept and of refused content under clients of their own.
   * @param {string} seed
   */
  number(seed) {
    /** @type {Map<number, number>} */
    const clocks = new Map();
    for (const { entries } of this.readings) {
      for (const entry of entries) {
        const { client } = entry.struct.id;
        const name = isLost(entry) ? `refused ${client}` : String(client);
        const newClient = clientIdOf(`${seed} ${name}`);
        const clock = clocks.get(newClient) ?? 0;
        entry.newId = Y.createID(newClient, clock);
        clocks.set(newClient, clock + entry.struct.length);
      }
    }
  }

  /** Give the structs their new ids; from here on nothing is found by old ones in them. */
  renumber() {
    for (const { entries } of this.readings) {
      for (const { struct, newId } of entries) struct.id = newId;
    }
  }

  /**
   * Return the new id of an id.
   * @param {Y.ID} id
   * @returns {Y.ID}
   */
  moved(id) {
    const entry = this.find(id);
    if (!entry) return id;
    return Y.createID(entry.newId.client, entry.newId.clock + id.clock - entry.clock);
  }

  /**
   * Return where the first entry behind a clock begins.
   * @param {number} client
   * @param {number} clock
   */
  nextOf(client, clock) {
    const entries = this.#byClient.get(client) ?? [];
    return entries.find((entry) => entry.clock > clock)?.clock ?? Infinity;
  }

  /**
   * Return for how many clocks from an id on the same entry holds, or none.
   * @param {Y.ID} id
   */
  leftAt({ client, clock }) {
    const entry = this.find(Y.createID(client, clock));
    return (entry ? endOf(entry) : this.nextOf(client, clock)) - clock;
  }

  /**
   * Split ranges by the entries that they are in.
   * @param {Ranges} deletes
   * @returns {Generator<[number, Range, Entry | null]>}
   */
  *pieces(deletes) {
    for (const [client, ranges] of deletes) {
      for (const { clock, len } of ranges) {
        for (let at = clock; at < clock + len; ) {
          const entry = this.find(Y.createID(client, at));
          const end = Math.min(clock + len, entry ? endOf(entry) : this.nextOf(client, at));
          yield [client, { clock: at, len: end - at }, entry];
          at = end;
        }
      }
    }
  }

  /** Return the entries of refused content, in order. */
  lostEntries() {
    return this.readings.flatMap(({ entries }) => entries.filter(isLost));
  }

  /**
   * Return the ids of refused content before the parting.
   * @returns {Ranges}
   */
  lostRanges() {
    /** @type {Ranges} */
    const ranges = new Map();
    for (const [client, entries] of this.#byClient) {
      for (const entry of entries) {
        if (isLost(entry)) append(ranges, client, { clock: entry.clock, len: entry.struct.length });
      }
    }
    return ranges;
  }
}

/**
 * Return whether an entry is refused, or within refused content.
 * @param {Entry | null} entry
 */
export function isLost(entry) {
  return entry !== null && (entry.isRefused || entry.isInside === true);
}

/** @param {Entry} entry */
export function endOf(entry) {
  return entry.clock + entry.struct.length;
}
