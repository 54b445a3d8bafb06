/**
 * The operations that are not in the server's log yet: kept in order, over a reload too.
 *
 * An operation stays until the server says `persisted` (or `duplicate`). One that was never sent
 * may still grow, under a new id each time, so that a long time offline is a few operations and
 * not thousands; one that was sent never changes, since the server may know its id.
 */
import { Y } from "../../vendor/yjs.js";

/**
 * One operation: an edit or a batch of edits.
 * @typedef {object} Operation
 * @property {string} id unique id
 * @property {number} order position among this person's operations on the document
 * @property {Uint8Array} update Yjs v1 bytes
 * @property {Uint8Array} vector encoded state vector after the edit
 * @property {number} edits how many changes of the person it holds
 */

/**
 * Where operations are kept.
 * @typedef {object} OperationStore
 * @property {boolean} durable whether they outlive the page
 * @property {() => Promise<Operation[]>} load
 * @property {(operation: Operation, replacedId: string | null) => Promise<void>} put
 * @property {(id: string) => Promise<void>} remove
 */

/** An operation grows up to this many bytes; then the next one begins. */
const MERGE_LIMIT_BYTES = 64 * 1024;

/** The kept operations of one document, in order. */
export class Outbox {
  /** @type {Operation[]} */
  operations;
  /** Ids that this page made and has not sent: the only ones that may grow. @type {Set<string>} */
  #unsent = new Set();
  /** Ids that are not written to the store, or not yet. @type {Set<string>} */
  #unwritten = new Set();
  /** Ids among those that the store has refused. @type {Set<string>} */
  #refused = new Set();
  /** Called when what is kept on the device has changed. */
  onKept = () => {};
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
   * Load what an earlier page has kept.
   * @param {OperationStore} store
   */
  static async open(store) {
    return new Outbox(store, await store.load());
  }

  /** Whether all of it outlives the page. */
  get kept() {
    return this.#store.durable && this.#unwritten.size === 0;
  }

  /** Whether all of it will: what is on its way to the store gets there, even if the page ends. */
  get keeps() {
    return this.#store.durable && this.#refused.size === 0;
  }

  /** How many changes wait. */
  get edits() {
    return this.operations.reduce((sum, operation) => sum + operation.edits, 0);
  }

  /**
   * Keep a batch, as an operation of its own or as part of the last one that was not sent.
   * @param {Uint8Array} update
   * @param {Uint8Array} vector
   * @param {number} edits
   * @returns {Operation}
   */
  add(update, vector, edits) {
    const last = this.operations.at(-1);
    const grows =
      last !== undefined &&
      this.#unsent.has(last.id) &&
      last.update.length + update.length <= MERGE_LIMIT_BYTES;
    /** @type {Operation} */
    const operation = {
      id: crypto.randomUUID(),
      order: grows ? last.order : Math.max(Date.now(), (last?.order ?? 0) + 1),
      update: grows ? Y.mergeUpdates([last.update, update]) : update,
      vector,
      edits: edits + (grows ? last.edits : 0),
    };
    if (grows) this.#forget(last.id);
    this.operations.push(operation);
    this.#unsent.add(operation.id);
    this.#write(operation, grows ? last.id : null);
    return operation;
  }

  /**
   * Note that an operation goes out: from now on it does not change.
   * @param {string} id
   */
  markSent(id) {
    this.#unsent.delete(id);
  }

  /**
   * Drop an operation that is in the server's log. Return whether it was here.
   * @param {string} id
   */
  remove(id) {
    const known = this.operations.some((operation) => operation.id === id);
    if (known) {
      this.#forget(id);
      this.#store.remove(id).catch(report);
    }
    return known;
  }

  /** @param {string} id */
  #forget(id) {
    this.operations = this.operations.filter((operation) => operation.id !== id);
    this.#unsent.delete(id);
    this.#unwritten.delete(id);
    this.#refused.delete(id);
  }

  /**
   * A full or closed store loses nothing by itself: the operation is in memory, and is sent.
   * @param {Operation} operation
   * @param {string | null} replacedId
   */
  #write(operation, replacedId) {
    this.#unwritten.add(operation.id);
    const written = () => {
      this.#unwritten.delete(operation.id);
      this.onKept();
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
  console.warn("An edit could not be kept on this device:", error);
}
