/**
 * The operations that are not in the server's log yet, in order, stored over a reload.
 *
 * An operation stays until the server acknowledges it as persisted or duplicate. One that was never sent
 * may still grow, with a new id, so that a long time offline makes few operations. One that was
 * sent never changes, since the server may know its id.
 */
import { Y } from "../../vendor/yjs.js";
import { copiesWithin, piecesOf } from "./pieces.js";
import { insertedVector } from "./reconcile.js";

/**
 * One operation: an edit or a batch of edits.
 * @typedef {object} Operation
 * @property {string} id unique id
 * @property {number} order position among this person's operations on the document
 * @property {Uint8Array} update Yjs v1 bytes
 * @property {Uint8Array} vector encoded clocks after the edit, of the clients that it inserts
 * @property {number} edits how many changes of the person it holds
 * @property {import("./copies.js").Copy[]} [copies] what it inserts again; operations of older pages
 *   have none
 * @property {string} [group] names the operations that are pieces of one edit
 */

/**
 * The server's refusal of an operation.
 * @typedef {{id: string, code: string, message: string}} Refusal
 */

/**
 * An operation that the server will not take, set aside until the person decides: its text, and the
 * server's reason.
 * @typedef {Operation & {text: string, code: string, message: string}} ParkedOperation
 */

/**
 * Where operations are kept.
 * @typedef {object} OperationStore
 * @property {boolean} durable whether they outlive the page
 * @property {() => Promise<Operation[]>} load
 * @property {(operation: Operation, replacedId: string | null) => Promise<void>} put
 * @property {(id: string) => Promise<void>} remove
 * @property {(removedIds: string[], operations: Operation[], parked?: ParkedOperation[]) =>
 *   Promise<void>} replace at once, or not at all
 * @property {() => Promise<ParkedOperation[]>} loadParked
 * @property {(ids: string[], operations: Operation[]) => Promise<void>} unpark forget parked
 *   operations, and put operations, at once
 */

/** An operation grows up to this many bytes; then the next one begins. */
const MAX_MERGED_BYTES = 64 * 1024;

/** The operations of one document that wait for the server, in order. */
export class Outbox {
  /** @type {Operation[]} */
  operations;
  /** Ids of operations that were not sent: only these may grow. @type {Set<string>} */
  #unsent = new Set();
  /** Ids of operations that are not in the store yet. @type {Set<string>} */
  #unwritten = new Set();
  /** Those of them that the store has refused. @type {Set<string>} */
  #refused = new Set();
  /** Called when an operation was stored. */
  onStored = () => {};
  /** @type {OperationStore} */
  #store;

  /**
   * @param {OperationStore} store
   * @param {Operation[]} operations
   */
  constructor(store, operations) {
    this.#store = store;
    this.operations = [...operations].sort((one, other) => one.order - other.order);
  }

  /**
   * Load the operations that an earlier page has stored.
   * @param {OperationStore} store
   */
  static async open(store) {
    return new Outbox(store, await store.load());
  }

  /** Whether all operations outlive the page. */
  get isStored() {
    return this.#store.durable && this.#unwritten.size === 0;
  }

  /** Whether all operations will: a started write ends even if the page is closed. */
  get willBeStored() {
    return this.#store.durable && this.#refused.size === 0;
  }

  /** Number of edits in all operations. */
  get edits() {
    return this.operations.reduce((sum, operation) => sum + operation.edits, 0);
  }

  /**
   * Add a batch, as an operation of its own or as part of the last one if that was not sent; a large
   * one in pieces of at most `maxBytes`.
   * @param {Uint8Array} update
   * @param {Uint8Array} vector
   * @param {number} edits
   * @param {import("./copies.js").Copy[]} [copies]
   * @param {number} [maxBytes]
   * @returns {Operation} the last one
   */
  add(update, vector, edits, copies = [], maxBytes = Number.POSITIVE_INFINITY) {
    const pieces = piecesOf(update, maxBytes);
    if (pieces.length === 1) return this.#add(update, vector, edits, copies);
    for (const operation of this.#grouped(pieces, edits, copies)) {
      this.operations.push(operation);
      this.#unsent.add(operation.id);
      this.#write(operation, null);
    }
    return /** @type {Operation} */ (this.operations.at(-1));
  }

  /**
   * Cut operations of an earlier page that are larger than the server takes.
   * @param {number} maxBytes
   * @param {number} pieceBytes
   */
  cutLarge(maxBytes, pieceBytes) {
    for (const large of this.operations.filter(({ update }) => update.length > maxBytes)) {
      const pieces = piecesOf(large.update, pieceBytes);
      if (pieces.length === 1) continue;
      const cut = this.#grouped(pieces, large.edits, large.copies ?? [], large.order);
      this.operations = this.operations.flatMap((one) => (one === large ? cut : [one]));
      this.#store.replace([large.id], cut).catch(report);
    }
  }

  /**
   * Make operations of the pieces of one edit. The last one counts, so that the edit is saved with it.
   * @param {Uint8Array[]} pieces
   * @param {number} edits
   * @param {import("./copies.js").Copy[]} copies
   * @param {number} [order] of the first one
   * @returns {Operation[]}
   */
  #grouped(pieces, edits, copies, order = this.#nextOrder()) {
    const group = crypto.randomUUID();
    return pieces.map((update, index) => ({
      id: crypto.randomUUID(),
      // Less than the time in which a person makes the next edit.
      order: order + index / pieces.length,
      update,
      vector: insertedVector(update),
      edits: index === pieces.length - 1 ? edits : 0,
      copies: copiesWithin(copies, update),
      group,
    }));
  }

  #nextOrder() {
    return Math.max(Date.now(), Math.floor(this.operations.at(-1)?.order ?? 0) + 1);
  }

  /**
   * @param {Uint8Array} update
   * @param {Uint8Array} vector
   * @param {number} edits
   * @param {import("./copies.js").Copy[]} copies
   * @returns {Operation}
   */
  #add(update, vector, edits, copies) {
    const last = this.operations.at(-1);
    const grows =
      last !== undefined &&
      last.group === undefined &&
      this.#unsent.has(last.id) &&
      last.update.length + update.length <= MAX_MERGED_BYTES;
    /** @type {Operation} */
    const operation = {
      id: crypto.randomUUID(),
      order: grows ? last.order : this.#nextOrder(),
      update: grows ? Y.mergeUpdates([last.update, update]) : update,
      vector,
      edits: edits + (grows ? last.edits : 0),
      copies: grows ? [...(last.copies ?? []), ...copies] : copies,
    };
    if (grows) this.#forget(last.id);
    this.operations.push(operation);
    this.#unsent.add(operation.id);
    this.#write(operation, grows ? last.id : null);
    return operation;
  }

  /** @param {string} id */
  has(id) {
    return this.operations.some((operation) => operation.id === id);
  }

  /**
   * Mark an operation as sent: from now on it does not change.
   * @param {string} id
   */
  markSent(id) {
    this.#unsent.delete(id);
  }

  /**
   * Remove an operation that is in the server's log. Return whether it was here.
   * @param {string} id
   */
  remove(id) {
    const known = this.has(id);
    if (known) {
      this.#forget(id);
      this.#store.remove(id).catch(report);
    }
    return known;
  }

  /**
   * Write an operation whose client id was refused, and all that follow it, again under new client
   * ids, in the store: a page that loads them shows and sends them. The operations here stay.
   * @param {string} id
   */
  async renewFrom(id) {
    const { renewedOperations } = await import("./renewal.js");
    const refused = this.operations.slice(this.operations.findIndex((one) => one.id === id));
    await this.#store.replace(
      refused.map((one) => one.id),
      renewedOperations(refused),
    );
  }

  /**
   * Set a refused operation aside, in the store, with the other pieces of its edit; write all that
   * follow it again without it. The operations here stay. If it was undone meanwhile, nothing is
   * left of it.
   * @param {Refusal} refusal
   * @param {Y.Doc} doc the document that has all operations
   */
  async park({ id, code, message }, doc) {
    const [{ parted }, { textWithin }] = await Promise.all([
      import("./parting.js"),
      import("./refused_content.js"),
    ]);
    const group = this.operations.find((one) => one.id === id)?.group;
    const isRefused = (/** @type {Operation} */ one) =>
      one.id === id || (group !== undefined && one.group === group);
    const rest = this.operations.slice(this.operations.findIndex(isRefused));
    const { kept, refused, isUndone, ranges } = parted(rest, isRefused, doc);
    const text = textWithin(doc, ranges);
    await this.#store.replace(
      rest.map((one) => one.id),
      kept,
      isUndone ? [] : [{ ...refused, text, code, message }],
    );
  }

  /** Load what is set aside, in order. */
  async loadParked() {
    const parked = await this.#store.loadParked();
    return parked.sort((one, other) => one.order - other.order);
  }

  /**
   * Forget operations that are set aside.
   * @param {string[]} ids
   */
  async giveUp(ids) {
    await this.#store.unpark(ids, []);
  }

  /**
   * Put an operation that was set aside at the end again, in pieces of at most `maxBytes`.
   * @param {ParkedOperation} parked
   * @param {number} maxBytes
   */
  async unpark({ id, update, vector, edits, copies = [] }, maxBytes) {
    const pieces = piecesOf(update, maxBytes);
    const again =
      pieces.length === 1
        ? [{ id, update, vector, edits, copies, order: this.#nextOrder() }]
        : this.#grouped(pieces, edits, copies);
    await this.#store.unpark([id], again);
    this.operations.push(...again);
  }

  /** Forget all operations, in the store: a page that loads then shows what the server has. */
  async discard() {
    const ids = this.operations.map(({ id }) => id);
    await this.#store.replace(ids, []);
  }

  /** @param {string} id */
  #forget(id) {
    this.operations = this.operations.filter((operation) => operation.id !== id);
    this.#unsent.delete(id);
    this.#unwritten.delete(id);
    this.#refused.delete(id);
  }

  /**
   * Store an operation. If that fails, nothing is lost: it is in memory, and is sent.
   * @param {Operation} operation
   * @param {string | null} replacedId
   */
  #write(operation, replacedId) {
    this.#unwritten.add(operation.id);
    const written = () => {
      this.#unwritten.delete(operation.id);
      this.onStored();
    };
    const refused = (/** @type {unknown} */ error) => {
      if (this.#unwritten.has(operation.id)) this.#refused.add(operation.id);
      report(error);
    };
    this.#store.put(operation, replacedId).then(written, refused);
  }
}

/** @param {unknown} error */
function report(error) {
  console.warn("An edit could not be stored on this device:", error);
}
