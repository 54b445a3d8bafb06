/**
 * The operations that are not in the server's log yet, in order, stored over a reload.
 *
 * An operation stays until the server acknowledges it as persisted or duplicate. One that was never sent
 * may still grow, with a new id, so that a long time offline makes few operations. One that was
 * sent never changes, since the server may know its id.
 */
import { Y } from "../../vendor/yjs.js";
import { renewedOperations } from "./renewal.js";

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
 */

/**
 * Where operations are kept.
 * @typedef {object} OperationStore
 * @property {boolean} durable whether they outlive the page
 * @property {() => Promise<Operation[]>} load
 * @property {(operation: Operation, replacedId: string | null) => Promise<void>} put
 * @property {(id: string) => Promise<void>} remove
 * @property {(removedIds: string[], operations: Operation[]) => Promise<void>} replace at once, or
 *   not at all
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
   * Add a batch, as an operation of its own or as part of the last one if that was not sent.
   * @param {Uint8Array} update
   * @param {Uint8Array} vector
   * @param {number} edits
   * @param {import("./copies.js").Copy[]} [copies]
   * @returns {Operation}
   */
  add(update, vector, edits, copies = []) {
    const last = this.operations.at(-1);
    const grows =
      last !== undefined &&
      this.#unsent.has(last.id) &&
      last.update.length + update.length <= MAX_MERGED_BYTES;
    /** @type {Operation} */
    const operation = {
      id: crypto.randomUUID(),
      order: grows ? last.order : Math.max(Date.now(), (last?.order ?? 0) + 1),
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
    const refused = this.operations.slice(this.operations.findIndex((one) => one.id === id));
    await this.#store.replace(
      refused.map((one) => one.id),
      renewedOperations(refused),
    );
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
