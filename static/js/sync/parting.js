/**
 * Parts what the server will never take from the operations that follow it. Pure.
 *
 * Later operations build on the ids of a refused one: the page goes on without it under new client
 * ids. What stood beside refused content stands beside its neighbours then; what was written within
 * a refused block is set aside with it. What the refused one had deleted comes back.
 */
import { Y } from "../../vendor/yjs.js";
import { append, clientIdOf, encodeUpdate, renewedId } from "./client_ids.js";
import { insertedVector } from "./reconcile.js";
import { redoneWithin } from "./refused_content.js";

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

/**
 * @typedef {object} Parting
 * @property {Operation[]} kept what goes on without the refused content, in order
 * @property {Operation} refused the refused content alone; it can be sent behind `kept`
 * @property {boolean} isUndone whether nothing is left of the refused content: it was undone
 * @property {Ranges} ranges the ids of the refused content before the parting
 * @property {(id: Y.ID) => Y.ID | null} moved the id after the parting; null for refused content
 */

/**
 * Part refused operations from the others.
 * @param {Operation[]} operations in order, the first of them refused
 * @param {(operation: Operation) => boolean} isRefused
 * @param {Y.Doc} doc the document that has all of them
 * @returns {Parting}
 */
export function parted(operations, isRefused, doc) {
  return new Parter(operations, isRefused, doc).part();
}

class Parter {
  #seed;
  #doc;
  /** @type {Reading[]} */
  #readings;
  /** The entries of each client, by clock. @type {Map<number, Entry[]>} */
  #entries = new Map();
  #order = 0;

  /**
   * @param {Operation[]} operations
   * @param {(operation: Operation) => boolean} isRefused
   * @param {Y.Doc} doc
   */
  constructor(operations, isRefused, doc) {
    this.#seed = operations[0]?.id ?? "";
    this.#doc = doc;
    this.#readings = operations.map((operation) => this.#read(operation, isRefused(operation)));
    for (const entries of this.#entries.values()) entries.sort((a, b) => a.clock - b.clock);
  }

  /** @returns {Parting} */
  part() {
    for (const { entries } of this.#readings) for (const entry of entries) this.#classify(entry);
    this.#number();
    for (const { entries } of this.#readings) for (const entry of entries) this.#connect(entry);
    const { kept, refused, isUndone } = this.#partDeletes();
    this.#renumber();
    const operations = this.#readings
      .filter((reading) => !reading.isRefused)
      .map((reading) => ({ reading, deletes: kept.get(reading) ?? new Map() }))
      .map(({ reading, deletes }) => ({ reading, structs: keptStructs(reading), deletes }))
      .filter(({ structs, deletes }) => structs.length > 0 || deletes.size > 0)
      .map(({ reading, structs, deletes }) => written(reading.operation, structs, deletes));
    return {
      kept: operations,
      refused: this.#refusedOperation(refused),
      isUndone,
      ranges: this.#refusedRanges(),
      moved: (id) => (isLost(this.#find(id)) ? null : this.#moved(id)),
    };
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
      append(this.#entries, struct.id.client, entry);
      entries.push(entry);
    }
    return { operation, isRefused, entries, deletes: ds.clients };
  }

  /**
   * Return the entry that has an id, null for one of the log.
   * @param {Y.ID | null} id
   */
  #find(id) {
    const entries = id && this.#entries.get(id.client);
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

  // --- what is refused --------------------------------------------------------------------------

  /**
   * Find out whether an entry is within a refused block: its parent is, or its neighbour. A chain
   * of neighbours is as long as what was typed, so there is no recursion.
   * @param {Entry} entry
   */
  #classify(entry) {
    /** @type {Entry[]} */
    const chain = [];
    /** @type {Entry | null} */
    let current = entry;
    let isInside = false;
    while (current) {
      if (current.isInside !== null) {
        isInside = current.isInside;
        break;
      }
      chain.push(current);
      /** @type {Y.Item | Y.GC} */
      const struct = current.struct;
      if (!(struct instanceof Y.Item)) break;
      /** @type {Entry | null} */
      const parent = struct.parent instanceof Y.ID ? this.#find(struct.parent) : null;
      if (parent?.isRefused) {
        isInside = true;
        break;
      }
      current = parent ?? this.#find(struct.origin ?? struct.rightOrigin);
    }
    for (const one of chain) one.isInside = isInside;
  }

  // --- new ids ----------------------------------------------------------------------------------

  #number() {
    /** @type {Map<number, number>} */
    const clocks = new Map();
    for (const { entries } of this.#readings) {
      for (const entry of entries) {
        const { client } = entry.struct.id;
        const name = isLost(entry) ? `refused ${client}` : String(client);
        const newClient = clientIdOf(`${this.#seed} ${name}`);
        const clock = clocks.get(newClient) ?? 0;
        entry.newId = Y.createID(newClient, clock);
        clocks.set(newClient, clock + entry.struct.length);
      }
    }
  }

  /** Give the structs their new ids; from here on nothing is found by old ones in them. */
  #renumber() {
    for (const { entries } of this.#readings) {
      for (const { struct, newId } of entries) struct.id = newId;
    }
  }

  /**
   * @param {Y.ID} id
   * @returns {Y.ID}
   */
  #moved(id) {
    const entry = this.#find(id);
    if (!entry) return id;
    return Y.createID(entry.newId.client, entry.newId.clock + id.clock - entry.clock);
  }

  /** The references of an entry, before any is changed. @type {Map<Entry, References>} */
  #references = new Map();

  /**
   * Connect an item to its neighbours: kept items to kept ones.
   * @param {Entry} entry
   */
  #connect(entry) {
    const { struct } = entry;
    if (!(struct instanceof Y.Item)) return;
    const old = this.#referencesOf(entry);
    const isKept = !isLost(entry);
    const { order } = entry;
    const origin = isKept ? this.#beyond(old.origin, "origin", order) : old.origin;
    const rightOrigin = isKept
      ? this.#beyond(old.rightOrigin, "rightOrigin", order)
      : old.rightOrigin;
    struct.origin = origin && this.#moved(origin);
    struct.rightOrigin = rightOrigin && this.#moved(rightOrigin);
    if (origin || rightOrigin) return;
    const { parent, parentSub } = this.#parentOf(old);
    struct.parent = /** @type {any} */ (parent instanceof Y.ID ? this.#moved(parent) : parent);
    struct.parentSub = parentSub;
  }

  /**
   * @param {Entry} entry
   * @returns {References}
   */
  #referencesOf(entry) {
    const known = this.#references.get(entry);
    if (known) return known;
    const { struct } = entry;
    const isItem = struct instanceof Y.Item;
    /** @type {References} */
    const references = {
      origin: isItem ? struct.origin : null,
      rightOrigin: isItem ? struct.rightOrigin : null,
      parent: isItem ? /** @type {any} */ (struct.parent) : null,
      parentSub: isItem ? struct.parentSub : null,
    };
    this.#references.set(entry, references);
    return references;
  }

  /**
   * Return the nearest neighbour that is not refused and was there when an entry was inserted.
   * @param {Y.ID | null} id the neighbour that the entry was inserted beside
   * @param {"origin" | "rightOrigin"} side
   * @param {number} order of the entry
   */
  #beyond(id, side, order) {
    let [next, entry] = [id, this.#find(id)];
    while (next && entry && (isLost(entry) || entry.order >= order)) {
      next = this.#besides(next, entry, side);
      entry = this.#find(next);
    }
    return next;
  }

  /**
   * Return the id next to an entry that is passed over, as the document has it. In a deleted block
   * it has no order any more; there any neighbour will do.
   * @param {Y.ID} id within the entry
   * @param {Entry} entry
   * @param {"origin" | "rightOrigin"} side
   * @returns {Y.ID | null}
   */
  #besides(id, entry, side) {
    const item = Y.getItem(this.#doc.store, id);
    if (!(item instanceof Y.Item)) return this.#referencesOf(entry)[side];
    const { client, clock } = item.id;
    if (side === "origin") {
      if (entry.clock > clock) return Y.createID(client, entry.clock - 1);
      return item.left?.lastId ?? null;
    }
    if (endOf(entry) < clock + item.length) return Y.createID(client, endOf(entry));
    return item.right?.id ?? null;
  }

  /**
   * Return the parent that an item has by its neighbours.
   * @param {References} references
   */
  #parentOf(references) {
    let current = references;
    while (current.parent === null) {
      const entry = this.#find(current.origin ?? current.rightOrigin);
      if (!entry) throw new Error("an item has no parent");
      current = this.#referencesOf(entry);
    }
    return current;
  }

  // --- deletes ----------------------------------------------------------------------------------

  #partDeletes() {
    /** @type {Map<Reading, Ranges>} */
    const kept = new Map();
    /** @type {Ranges} */
    const refused = new Map();
    /** @type {Map<Entry, number>} */
    const undone = new Map();
    let hasDeleted = false;
    const last = this.#readings.findLast((reading) => !reading.isRefused);
    for (const reading of this.#readings) {
      const own = reading.isRefused ? refused : mapOf(kept, reading);
      for (const [client, range, entry] of this.#pieces(reading.deletes)) {
        if (entry) {
          const at = this.#moved(Y.createID(client, range.clock));
          const place = isLost(entry) ? refused : own;
          append(place, at.client, { clock: at.clock, len: range.len });
          if (isLost(entry)) undone.set(entry, (undone.get(entry) ?? 0) + range.len);
        } else if (!reading.isRefused) {
          append(own, client, range);
        } else {
          const back = last ? this.#broughtBack(client, range) : [];
          for (const one of back) append(mapOf(kept, /** @type {Reading} */ (last)), client, one);
          for (const one of without(range, back)) {
            append(refused, client, one);
            hasDeleted = true;
          }
        }
      }
    }
    const isUndone = !hasDeleted && this.#isEveryOneDeleted(undone);
    return { kept, refused, isUndone };
  }

  /**
   * Split ranges by the entries that they are in.
   * @param {Ranges} deletes
   * @returns {Generator<[number, Range, Entry | null]>}
   */
  *#pieces(deletes) {
    for (const [client, ranges] of deletes) {
      for (const { clock, len } of ranges) {
        for (let at = clock; at < clock + len; ) {
          const entry = this.#find(Y.createID(client, at));
          const end = Math.min(clock + len, entry ? endOf(entry) : this.#nextOf(client, at));
          yield [client, { clock: at, len: end - at }, entry];
          at = end;
        }
      }
    }
  }

  /**
   * Return where the first entry behind a clock begins.
   * @param {number} client
   * @param {number} clock
   */
  #nextOf(client, clock) {
    const entries = this.#entries.get(client) ?? [];
    return entries.find((entry) => entry.clock > clock)?.clock ?? Infinity;
  }

  /**
   * Return the parts of a deleted range of the log that a later undo has brought back as a copy:
   * with the copy, the deletion stays.
   * @param {number} client
   * @param {Range} range
   */
  #broughtBack(client, range) {
    return redoneWithin(this.#doc, client, range)
      .filter(({ copy }) => {
        const entry = this.#find(copy);
        return entry !== null && !isLost(entry);
      })
      .map(({ clock, len }) => ({ clock, len }));
  }

  /** @param {Map<Entry, number>} deleted how much of each entry is deleted */
  #isEveryOneDeleted(deleted) {
    return this.#lostEntries().every((entry) => {
      const { struct } = entry;
      if (struct instanceof Y.GC || struct.content instanceof Y.ContentDeleted) return true;
      return (deleted.get(entry) ?? 0) >= struct.length;
    });
  }

  // --- the refused content ----------------------------------------------------------------------

  #lostEntries() {
    return this.#readings.flatMap(({ entries }) => entries.filter(isLost));
  }

  /** @returns {Ranges} */
  #refusedRanges() {
    /** @type {Ranges} */
    const ranges = new Map();
    for (const [client, entries] of this.#entries) {
      for (const entry of entries) {
        if (isLost(entry)) append(ranges, client, { clock: entry.clock, len: entry.struct.length });
      }
    }
    return ranges;
  }

  /** @param {Ranges} deletes */
  #refusedOperation(deletes) {
    const refused = this.#readings.filter((reading) => reading.isRefused);
    const [first] = refused;
    if (!first) throw new Error("no operation is refused");
    const edits = refused.reduce((sum, { operation }) => sum + operation.edits, 0);
    const structs = this.#lostEntries().map(({ struct }) => struct);
    return written({ ...first.operation, edits }, structs, deletes);
  }
}

/**
 * The neighbours and the parent of an item, as they are encoded.
 * @typedef {object} References
 * @property {Y.ID | null} origin
 * @property {Y.ID | null} rightOrigin
 * @property {Y.ID | string | null} parent null where a neighbour has it
 * @property {string | null} parentSub
 */

/**
 * Return whether an entry is refused, or within refused content.
 * @param {Entry | null} entry
 */
function isLost(entry) {
  return entry !== null && (entry.isRefused || entry.isInside === true);
}

/** @param {Entry} entry */
function endOf(entry) {
  return entry.clock + entry.struct.length;
}

/** @param {Reading} reading */
function keptStructs({ entries }) {
  return entries.filter((entry) => !isLost(entry)).map(({ struct }) => struct);
}

/**
 * @param {Map<Reading, Ranges>} maps
 * @param {Reading} reading
 * @returns {Ranges}
 */
function mapOf(maps, reading) {
  const known = maps.get(reading);
  if (known) return known;
  const map = new Map();
  maps.set(reading, map);
  return map;
}

/**
 * Return what is left of a range without some parts of it, which are in order.
 * @param {Range} range
 * @param {Range[]} parts
 */
function without({ clock, len }, parts) {
  /** @type {Range[]} */
  const left = [];
  let at = clock;
  for (const part of parts) {
    if (part.clock > at) left.push({ clock: at, len: part.clock - at });
    at = Math.max(at, part.clock + part.len);
  }
  if (clock + len > at) left.push({ clock: at, len: clock + len - at });
  return left;
}

/**
 * @param {Operation} operation
 * @param {(Y.Item | Y.GC)[]} structs
 * @param {Ranges} deletes
 * @returns {Operation}
 */
function written(operation, structs, deletes) {
  const update = encodeUpdate(structs, deletes);
  return { ...operation, id: renewedId(operation.id), update, vector: insertedVector(update) };
}
