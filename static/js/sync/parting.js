/**
 * Parts what the server will never take from the operations that follow it. Pure.
 *
 * Later operations build on the ids of a refused one: the page goes on without it under new client
 * ids. What stood beside refused content stands beside its neighbours then; what was written within
 * a refused block is set aside with it. What the refused one had deleted comes back.
 */
import { Y } from "../../vendor/yjs.js";
import { append, encodeUpdate, renewedId } from "./client_ids.js";
import { endOf, isLost, OperationEntries } from "./operation_entries.js";
import { partedCopies } from "./parted_copies.js";
import { insertedVector } from "./reconcile.js";
import { redoneWithin } from "./refused_content.js";

/** @typedef {import("./outbox.js").Operation} Operation */
/** @typedef {import("./client_ids.js").Range} Range */
/** @typedef {import("./operation_entries.js").Entry} Entry */
/** @typedef {import("./operation_entries.js").Reading} Reading */
/** @typedef {import("./operation_entries.js").Ranges} Ranges */

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
  #all;

  /**
   * @param {Operation[]} operations
   * @param {(operation: Operation) => boolean} isRefused
   * @param {Y.Doc} doc
   */
  constructor(operations, isRefused, doc) {
    this.#seed = operations[0]?.id ?? "";
    this.#doc = doc;
    this.#all = new OperationEntries(operations, isRefused);
  }

  /** @returns {Parting} */
  part() {
    for (const { entries } of this.#all.readings)
      for (const entry of entries) this.#classify(entry);
    this.#all.number(this.#seed);
    for (const { entries } of this.#all.readings) for (const entry of entries) this.#connect(entry);
    const { kept, refused, isUndone } = this.#partDeletes();
    const copies = partedCopies(this.#all);
    this.#all.renumber();
    const operations = this.#all.readings
      .filter((reading) => !reading.isRefused)
      .map((reading) => ({ reading, deletes: kept.get(reading) ?? new Map() }))
      .map(({ reading, deletes }) => ({ reading, structs: keptStructs(reading), deletes }))
      .filter(({ structs, deletes }) => structs.length > 0 || deletes.size > 0)
      .map(({ reading, structs, deletes }) => {
        const own = copies.kept.get(reading.operation) ?? [];
        return written({ ...reading.operation, copies: own }, structs, deletes);
      });
    return {
      kept: operations,
      refused: { ...this.#refusedOperation(refused), copies: copies.refused },
      isUndone,
      ranges: this.#all.lostRanges(),
      moved: (id) => (isLost(this.#all.find(id)) ? null : this.#all.moved(id)),
    };
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
      const parent = struct.parent instanceof Y.ID ? this.#all.find(struct.parent) : null;
      if (parent?.isRefused) {
        isInside = true;
        break;
      }
      current = parent ?? this.#all.find(struct.origin ?? struct.rightOrigin);
    }
    for (const one of chain) one.isInside = isInside;
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
    const origin = this.#neighbourOf(entry, old.origin, "origin");
    const rightOrigin = this.#neighbourOf(entry, old.rightOrigin, "rightOrigin");
    struct.origin = origin && this.#all.moved(origin);
    struct.rightOrigin = rightOrigin && this.#all.moved(rightOrigin);
    if (origin || rightOrigin) return;
    const { parent, parentSub } = this.#parentOf(old);
    struct.parent = /** @type {any} */ (parent instanceof Y.ID ? this.#all.moved(parent) : parent);
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
   * Return the id that an entry will be beside: for a kept one the nearest kept one of then; for the
   * outer end of refused content the nearest one of now, so that it would come back to its place.
   * @param {Entry} entry
   * @param {Y.ID | null} id the neighbour that it was inserted beside
   * @param {"origin" | "rightOrigin"} side
   */
  #neighbourOf(entry, id, side) {
    if (!isLost(entry)) return this.#beyond(id, side, entry.order);
    if (isLost(this.#all.find(id))) return id;
    const { client } = entry.struct.id;
    const end = Y.createID(client, side === "origin" ? entry.clock : endOf(entry) - 1);
    let [next, other] = [this.#besides(end, entry, side), /** @type {Entry | null} */ (null)];
    for (
      other = this.#all.find(next);
      next && other && isLost(other);
      other = this.#all.find(next)
    ) {
      next = this.#besides(next, other, side);
    }
    return next;
  }

  /**
   * Return the nearest neighbour that is not refused and was there when an entry was inserted.
   * @param {Y.ID | null} id the neighbour that the entry was inserted beside
   * @param {"origin" | "rightOrigin"} side
   * @param {number} order of the entry
   */
  #beyond(id, side, order) {
    let [next, entry] = [id, this.#all.find(id)];
    while (next && entry && (isLost(entry) || entry.order >= order)) {
      next = this.#besides(next, entry, side);
      entry = this.#all.find(next);
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
      const entry = this.#all.find(current.origin ?? current.rightOrigin);
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
    const last = this.#all.readings.findLast((reading) => !reading.isRefused);
    for (const reading of this.#all.readings) {
      const own = reading.isRefused ? refused : mapOf(kept, reading);
      for (const [client, range, entry] of this.#all.pieces(reading.deletes)) {
        if (entry) {
          const at = this.#all.moved(Y.createID(client, range.clock));
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
   * Return the parts of a deleted range of the log that a later undo has brought back as a copy:
   * with the copy, the deletion stays.
   * @param {number} client
   * @param {Range} range
   */
  #broughtBack(client, range) {
    return redoneWithin(this.#doc, client, range)
      .filter(({ copy }) => {
        const entry = this.#all.find(copy);
        return entry !== null && !isLost(entry);
      })
      .map(({ clock, len }) => ({ clock, len }));
  }

  /** @param {Map<Entry, number>} deleted how much of each entry is deleted */
  #isEveryOneDeleted(deleted) {
    return this.#all.lostEntries().every((entry) => {
      const { struct } = entry;
      if (struct instanceof Y.GC || struct.content instanceof Y.ContentDeleted) return true;
      return (deleted.get(entry) ?? 0) >= struct.length;
    });
  }

  // --- the refused content ----------------------------------------------------------------------

  /** @param {Ranges} deletes */
  #refusedOperation(deletes) {
    const refused = this.#all.readings.filter((reading) => reading.isRefused);
    const [first] = refused;
    if (!first) throw new Error("no operation is refused");
    const edits = refused.reduce((sum, { operation }) => sum + operation.edits, 0);
    const structs = this.#all.lostEntries().map(({ struct }) => struct);
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
