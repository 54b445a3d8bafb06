/**
 * Batches the edits of a person to one operation (docs/system-flow.md, §4), at the cadence that the
 * server tells: slow for whoever is alone in a document, letter by letter when others are there.
 */
import { Y } from "../../vendor/yjs.js";

/**
 * A batch ends after `pauseMs` without an edit, `intervalMs` after its first edit, or at so many
 * `characters`. With a pause of 0 the first edit is sent at once, and the next batch `intervalMs`
 * after it.
 * @typedef {{pauseMs: number, intervalMs: number, characters: number}} Cadence
 */

/** The cadence until the server tells one. @type {Readonly<Cadence>} */
export const ALONE = Object.freeze({ pauseMs: 200, intervalMs: 2_000, characters: 20 });
/** Time from one operation to the next, at least: twelve in a second. */
export const SPACING_MS = 1_000 / 12;

/** An edit of more bytes, as a paste, is an operation of its own: it may be refused alone. */
const LARGE_EDIT_BYTES = 16 * 1024;

/** Collects the local edits of a document until the batch ends. */
export class Batch {
  #doc;
  #onReady;
  /** @type {Readonly<Cadence>} */
  #cadence = ALONE;
  /** @type {Uint8Array[]} */
  #updates = [];
  #characters = 0;
  /** When the last batch ended, by `Date.now`. */
  #endedAt = Number.NEGATIVE_INFINITY;
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

  /** The updates of the present batch. */
  get updates() {
    return this.#updates;
  }

  /** Number of edits in the present batch. */
  get edits() {
    return this.#updates.length;
  }

  /**
   * Follow another cadence from now on; what has been typed goes out.
   * @param {Readonly<Cadence>} cadence
   */
  setCadence(cadence) {
    this.flush();
    this.#cadence = cadence;
  }

  /** End the batch now. */
  flush = () => {
    clearTimeout(this.#pauseTimer);
    clearTimeout(this.#intervalTimer);
    this.#intervalTimer = undefined;
    if (this.#updates.length === 0) return;
    const updates = this.#updates;
    this.#updates = [];
    this.#characters = 0;
    this.#endedAt = Date.now();
    const [first] = updates;
    this.#onReady(updates.length === 1 && first ? first : Y.mergeUpdates(updates), updates.length);
  };

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
    const isLarge = update.length > LARGE_EDIT_BYTES;
    if (isLarge) this.flush();
    this.#updates.push(update);
    if (isLarge) {
      this.flush();
      return;
    }
    this.#characters += insertedBy(doc.clientID, transaction);
    const { pauseMs, intervalMs, characters } = this.#cadence;
    if (pauseMs === 0) {
      this.#endWithin(this.#left(Math.max(intervalMs, SPACING_MS)));
      return;
    }
    if (this.#characters >= characters) {
      this.#endWithin(this.#left(SPACING_MS));
      return;
    }
    clearTimeout(this.#pauseTimer);
    this.#pauseTimer = setTimeout(this.flush, pauseMs);
    this.#intervalTimer ??= setTimeout(this.flush, intervalMs);
  };

  /**
   * Return the rest of a time since the last batch ended, in ms.
   * @param {number} ms
   */
  #left(ms) {
    return Math.min(Math.max(this.#endedAt + ms - Date.now(), 0), ms);
  }

  /**
   * End the batch after so many ms, unless it ends before.
   * @param {number} ms
   */
  #endWithin(ms) {
    if (ms === 0) {
      this.flush();
      return;
    }
    clearTimeout(this.#pauseTimer);
    this.#pauseTimer = setTimeout(this.flush, ms);
  }
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

/**
 * Return the cadence of an event of the server; what is no number is that of whoever is alone.
 * @param {Record<string, unknown>} event
 * @returns {Cadence}
 */
export function cadenceOf({ pause_ms, interval_ms, characters }) {
  return {
    pauseMs: typeof pause_ms === "number" ? pause_ms : ALONE.pauseMs,
    intervalMs: typeof interval_ms === "number" ? interval_ms : ALONE.intervalMs,
    characters: typeof characters === "number" ? characters : ALONE.characters,
  };
}
