/**
 * When the edits of a person become one operation (docs/system-flow.md, §4): after a pause, at the latest
 * after a fixed time, or at so many characters.
 */
import { Y } from "../vendor/yjs.js";

export const PAUSE_MS = 200;
export const INTERVAL_MS = 2_000;
export const CHARACTERS = 20;

/** Collects the local edits of a document until it is time to make an operation of them. */
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
   * @param {(update: Uint8Array, edits: number) => void} onReady gets each finished batch
   */
  constructor(doc, onReady) {
    this.#doc = doc;
    this.#onReady = onReady;
    doc.on("update", this.#onUpdate);
  }

  /** How many edits wait for the end of the batch. */
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

  /** Take no more edits; what is there is handed on. */
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
    if (this.#characters >= CHARACTERS) {
      this.flush();
      return;
    }
    clearTimeout(this.#pauseTimer);
    this.#pauseTimer = setTimeout(() => this.flush(), PAUSE_MS);
    this.#intervalTimer ??= setTimeout(() => this.flush(), INTERVAL_MS);
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
