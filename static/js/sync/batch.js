/**
 * Batches the edits of a person to one operation (docs/system-flow.md, §4): after a pause, at the latest
 * after a fixed time, or at so many characters.
 */
import { Y } from "../../vendor/yjs.js";

export const BATCH_PAUSE_MS = 200;
export const BATCH_INTERVAL_MS = 2_000;
export const BATCH_CHARACTERS = 20;

/** Collects the local edits of a document until the batch ends. */
export class Batch {
  #doc;
  #onReady;
  /** @type {Uint8Array[]} */
  #updates = [];
  #characters = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #pauseTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #intervalTimer;

  /**
   * @param {Y.Doc} doc
   * @param {(update: Uint8Array, edits: number) => void} onReady called with every finished batch
   */
  constructor(doc, onReady) {
    this.#doc = doc;
    this.#onReady = onReady;
    doc.on("update", this.#onUpdate);
  }

  /** Number of edits in the present batch. */
  get edits() {
    return this.#updates.length;
  }

  /** End the batch now. */
  flush() {
    clearTimeout(this.#pauseTimer);
    clearTimeout(this.#intervalTimer);
    this.#intervalTimer = undefined;
    if (this.#updates.length === 0) return;
    const updates = this.#updates;
    this.#updates = [];
    this.#characters = 0;
    const [first] = updates;
    this.#onReady(updates.length === 1 && first ? first : Y.mergeUpdates(updates), updates.length);
  }

  /** End the batch and collect no more edits. */
  close() {
    this.#doc.off("update", this.#onUpdate);
    this.flush();
  }

  /**
   * @param {Uint8Array} update
   * @param {unknown} _origin
   * @param {Y.Doc} doc
   * @param {Y.Transaction} transaction
   */
  #onUpdate = (update, _origin, doc, transaction) => {
    if (!transaction.local) return;
    this.#updates.push(update);
    this.#characters += insertedBy(doc.clientID, transaction);
    if (this.#characters >= BATCH_CHARACTERS) {
      this.flush();
      return;
    }
    clearTimeout(this.#pauseTimer);
    this.#pauseTimer = setTimeout(() => this.flush(), BATCH_PAUSE_MS);
    this.#intervalTimer ??= setTimeout(() => this.flush(), BATCH_INTERVAL_MS);
  };
}

/**
 * Return how many characters (and other elements) a transaction of `client` inserted.
 * @param {number} client
 * @param {Y.Transaction} transaction
 */
function insertedBy(client, transaction) {
  const before = transaction.beforeState.get(client) ?? 0;
  return (transaction.afterState.get(client) ?? 0) - before;
}
