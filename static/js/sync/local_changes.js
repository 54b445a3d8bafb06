/**
 * The changes of this page on their way to the server: batched, stored on the device, sent in order,
 * counted until they are in the log.
 */
import { Y } from "../../vendor/yjs.js";
import { Batch } from "./batch.js";
import { Copies } from "./copies.js";
import { sizesOf } from "./provider_state.js";
import { insertedVector, isComplete, residualUpdate } from "./reconcile.js";
import { SendWindow } from "./send_window.js";

/** What is not stored on the device for so long counts as only in the page: a batch takes 2 s. */
const UNKEPT_PAUSE_MS = 3_000;
/** An operation of others may come so long after one of this page that it was made at the same time. */
const CONCURRENT_MS = 10_000;

/** @typedef {import("./outbox.js").Operation} Operation */

/** Edits of this page that others may not have seen. @typedef {{updates: Uint8Array[], copies: import("./copies.js").Copy[]}} Unseen */

/**
 * What becomes of the changes.
 * @typedef {object} Hooks
 * @property {(operation: Operation) => void} send
 * @property {() => void} abandon called when no acknowledgement comes
 * @property {() => boolean} maySend whether the page is in sync and its person may write
 * @property {() => void} onAdded called with every operation that is made
 * @property {(count: {unsaved: number, stored: boolean}) => void} onCount
 * @property {(kept: boolean) => void} onKept
 * @property {(refusal: import("./outbox.js").Refusal) => void} onTooLarge
 */

export class LocalChanges {
  #doc;
  #outbox;
  #limits;
  #sizes;
  #hooks;
  #window;
  #batch;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #unkeptTimer;
  /** Operations that were acknowledged lately, and when. @type {{operation: Operation, at: number}[]} */
  #acknowledged = [];

  /**
   * @param {Y.Doc} doc
   * @param {import("./outbox.js").Outbox} outbox
   * @param {import("./provider_state.js").Limits} limits
   * @param {Hooks} hooks
   */
  constructor(doc, outbox, limits, hooks) {
    this.#doc = doc;
    this.#outbox = outbox;
    this.#limits = limits;
    this.#sizes = sizesOf(limits);
    this.#hooks = hooks;
    outbox.cutLarge(this.#sizes.maxBytes, this.#sizes.pieceBytes);
    this.#window = new SendWindow(outbox, hooks.send, hooks.abandon);
    outbox.onStored = () => this.count();
    this.copies = new Copies(doc);
    this.#batch = new Batch(doc, (update, edits) => this.#add(update, edits));
    doc.on("update", this.#onDocUpdate);
  }

  close() {
    this.#batch.close();
    clearTimeout(this.#unkeptTimer);
    this.copies.close();
    this.#doc.off("update", this.#onDocUpdate);
    this.#window.clear();
  }

  /** Whether a batch is being collected. */
  get isBatching() {
    return this.#batch.edits > 0;
  }

  /** Updates that are not in the server's log. */
  get updates() {
    return this.#outbox.operations.map(({ update }) => update);
  }

  /**
   * Return the edits that an operation of others may have been made without: those that are not in
   * the log, or only for some seconds.
   * @returns {Unseen}
   */
  unseen() {
    const lately = this.#lately().map(({ operation }) => operation);
    const operations = [...lately, ...this.#outbox.operations];
    return {
      updates: [...operations.map(({ update }) => update), ...this.#batch.updates],
      copies: [...operations.flatMap(({ copies = [] }) => copies), ...this.copies.fresh],
    };
  }

  /** End the present batch: its edits become an operation now. */
  flush() {
    this.#batch.flush();
  }

  /** @param {Readonly<import("./batch.js").Cadence>} cadence */
  setCadence(cadence) {
    this.#batch.setCadence(cadence);
  }

  /** Forget what is on its way: it is sent again. */
  clearWindow() {
    this.#window.clear();
  }

  /** @param {string} id of an operation that is in the log */
  acknowledge(id) {
    const operation = this.#outbox.operations.find((one) => one.id === id);
    if (operation) this.#acknowledged = [...this.#lately(), { operation, at: Date.now() }];
    this.#window.acknowledge(id);
    this.send();
    this.count();
  }

  #lately() {
    return this.#acknowledged.filter(({ at }) => at > Date.now() - CONCURRENT_MS);
  }

  /** Send what waits, as far as the server has room for it. */
  send() {
    if (!this.#hooks.maySend()) return;
    const { maxBytes } = this.#sizes;
    const large = this.#outbox.operations.find(({ update }) => update.length > maxBytes);
    if (large === undefined) this.#window.fill();
    // Not within the edit that is being made.
    else queueMicrotask(() => this.#refuseLarge(large.id));
  }

  /** @param {string} id */
  #refuseLarge(id) {
    const message = "A change is larger than the server accepts.";
    if (this.#hooks.maySend()) this.#hooks.onTooLarge({ id, code: "limit_exceeded", message });
  }

  /**
   * Make an operation of what the server lacks even with the operations in the outbox.
   * @param {Uint8Array} serverVector
   * @param {Uint8Array[]} received what the server has sent
   * @param {{deletes: boolean, implied?: import("./reconcile.js").DeleteSet[]}} compare
   */
  addResidual(serverVector, received, compare) {
    this.flush();
    const known = [...received, ...this.updates];
    const update = residualUpdate(this.#doc, serverVector, known, compare);
    if (update !== null) this.#add(update, 1);
  }

  /**
   * Make an operation of a batch and send it when its turn comes.
   * @param {Uint8Array} update
   * @param {number} edits
   */
  #add(update, edits) {
    const { pieceBytes } = this.#sizes;
    // What the document has no room for is refused as a whole, and not after its first pieces.
    const isTooMuch =
      update.length > pieceBytes &&
      Y.encodeStateAsUpdate(this.#doc).length > this.#limits.documentBytes;
    const maxBytes = isTooMuch ? Number.POSITIVE_INFINITY : pieceBytes;
    this.#outbox.add(update, insertedVector(update), edits, this.copies.take(), maxBytes);
    this.count();
    this.send();
    this.#hooks.onAdded();
  }

  /**
   * Show and send an operation again that was set aside. False if its place in the text is gone: then
   * it stays as it is.
   * @param {import("./outbox.js").ParkedOperation} parked
   * @param {unknown} origin
   */
  async retry(parked, origin) {
    this.flush();
    if (!isComplete(this.#doc, parked.update)) return false;
    await this.#outbox.unpark(parked, this.#sizes.pieceBytes);
    Y.applyUpdate(this.#doc, parked.update, origin);
    this.count();
    this.send();
    return true;
  }

  /** Return the text of all that is not in the server's log. */
  async text() {
    const { insertedRanges, textWithin } = await import("./refused_content.js");
    this.flush();
    return textWithin(this.#doc, insertedRanges(this.#outbox.operations));
  }

  /** Count what is not in the log, and report whether it outlives the page. */
  count() {
    const { edits } = this.#batch;
    const isKept = this.#outbox.isStored && edits === 0;
    this.#hooks.onCount({ unsaved: this.#outbox.edits + edits, stored: isKept });
    if (isKept || !this.#outbox.willBeStored) {
      clearTimeout(this.#unkeptTimer);
      this.#unkeptTimer = undefined;
      this.#hooks.onKept(isKept);
    } else {
      this.#unkeptTimer ??= setTimeout(() => this.#hooks.onKept(false), UNKEPT_PAUSE_MS);
    }
  }

  /**
   * @param {Uint8Array} _update
   * @param {unknown} _origin
   * @param {Y.Doc} _doc
   * @param {Y.Transaction} transaction
   */
  #onDocUpdate = (_update, _origin, _doc, transaction) => {
    if (transaction.local) this.count();
  };
}
