/**
 * Synchronises one document with the server: local first, every edit stored until it is in the log.
 *
 * Edits are batched into operations with an id of their own (`batch.js`). They stay in the outbox
 * until the server acknowledges them as persisted, and are sent again, in order, after a reconnect;
 * the server recognises them by their ids. The socket itself is `connection.js`; `status.js` puts
 * `state` into words.
 */
import { Y } from "../../vendor/yjs.js";
import { AwarenessChannel } from "./awareness_channel.js";
import { ALONE, Batch } from "./batch.js";
import { Connection } from "./connection.js";
import { Copies } from "./copies.js";
import { coversVector, insertedVector, residualUpdate } from "./reconcile.js";
import { isClientRefused } from "./renewal.js";
import { SendWindow } from "./send_window.js";
import { ACK_STAGE, encodeOperation, encodeQueryAwareness, encodeSyncStep1 } from "./wire.js";

/** What people read while a change is written again. */
const RENEWAL =
  "A change of this page could not be stored as it was. The page loads again with it.";

/** @typedef {import("./connection.js").Stop} Stop */
/** @typedef {import("./outbox.js").Outbox} Outbox */

/**
 * @typedef {object} ProviderState
 * @property {"connecting" | "connected" | "disconnected"} connection
 * @property {boolean} loaded whether the document is here: from this device, or from the server
 * @property {boolean} synced whether this connection has brought the server's state
 * @property {number} unsaved how many changes are not in the server's log
 * @property {boolean} kept whether those changes outlive the page
 * @property {boolean} writable whether the server accepts edits of this person
 * @property {Stop | null} stopped
 * @property {string} closeReason the server's words for the last connection's end, until the next
 *   connection is in sync; may be empty
 */

/**
 * An operation that the server makes for this page: the origin that it is merged with, and the
 * callback for its end.
 * @typedef {{origin: unknown, onEnd: (isMerged: boolean) => void}} Followed
 */

/**
 * Keeps a Yjs document and the server the same.
 * Dispatches `state` when `state` has changed, `denied` when the server refuses edits.
 */
export class Provider extends EventTarget {
  /** @type {ProviderState} */
  state;
  /** The last operation of the log that was merged here. */
  seq = 0;
  #doc;
  #outbox;
  #batch;
  #connection;
  #window;
  /** State vector of the server at the start of this connection. @type {Uint8Array | null} */
  #serverVector = null;
  /** What the server has sent on this connection until it was in sync. @type {Uint8Array[]} */
  #received = [];
  #hasServerState = false;
  /** Operations that the server makes for this page, by id. @type {Map<string, Followed>} */
  #followed = new Map();
  /** The operation whose client id the server has refused. @type {string | null} */
  #refusedId = null;
  #channel;

  /**
   * @param {object} options
   * @param {string} options.url address of the document's socket
   * @param {string} options.documentId
   * @param {Y.Doc} options.doc
   * @param {import("./connection.js").Tokens} options.tokens
   * @param {Outbox} options.outbox
   * @param {boolean} options.writable whether this person may write
   * @param {boolean} options.empty whether the server has nothing that has to come first
   */
  constructor({ url, documentId, doc, tokens, outbox, writable, empty }) {
    super();
    this.#doc = doc;
    this.#outbox = outbox;
    this.#channel = new AwarenessChannel(
      doc,
      (frame) => this.#connection.send(frame),
      () => this.#batch.edits > 0,
    );
    this.awareness = this.#channel.awareness;
    // What an earlier page has stored is part of the document, whatever its own store holds.
    for (const { update } of outbox.operations) Y.applyUpdate(doc, update, this);
    this.state = {
      connection: "disconnected",
      loaded: empty || doc.store.clients.size > 0,
      synced: false,
      unsaved: outbox.edits,
      kept: outbox.isStored,
      writable,
      stopped: null,
      closeReason: "",
    };
    this.#connection = new Connection(url, tokens, {
      onStatus: () => this.#set({ connection: this.#connection.status }),
      onOpen: () => this.#onOpen(),
      onFrame: (frame) => this.#onFrame(frame),
      onClose: (reason) => this.#onClose(reason),
      onStop: (stop) => this.#onStop(stop),
      onSilence: () => this.#onSilence(),
    });
    this.#window = new SendWindow(
      outbox,
      (operation) => this.#connection.send(encodeOperation(documentId, operation)),
      () => this.#connection.abandon(),
    );
    outbox.onStored = () => this.#countUnsaved();
    this.copies = new Copies(doc);
    this.#batch = new Batch(doc, (update, edits) => this.#addOperation(update, edits));
    doc.on("update", this.#onDocUpdate);
  }

  /** Connect, and stay connected until `close`. */
  open() {
    globalThis.document?.addEventListener("visibilitychange", this.#onVisibility);
    globalThis.addEventListener?.("pagehide", this.flush);
    return this.#connection.open();
  }

  /** End the connection and every timer. */
  close() {
    this.#batch.close();
    this.copies.close();
    globalThis.document?.removeEventListener("visibilitychange", this.#onVisibility);
    globalThis.removeEventListener?.("pagehide", this.flush);
    this.#doc.off("update", this.#onDocUpdate);
    this.#channel.close();
    this.#connection.close();
    this.#window.clear();
  }

  /** End the present batch: its edits become an operation now. */
  flush = () => this.#batch.flush();

  /** End the present batch; return whether the page may go: nothing is lost with it. */
  settle() {
    this.flush();
    return this.state.unsaved === 0 || this.#outbox.willBeStored;
  }

  /**
   * Merge an operation that the server makes for this page with an origin of the page's own, by
   * which the undo manager knows it. True once it is here; false when the connection ended before,
   * or the operation came without its id: then it is merged without the origin, now or later.
   * @param {string} id
   * @param {unknown} origin
   * @returns {Promise<boolean>}
   */
  follow(id, origin) {
    if (!this.state.synced) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#followed.set(id, { origin, onEnd: resolve });
    });
  }

  /**
   * Stop waiting for an operation.
   * @param {string} id
   * @param {boolean} [isMerged]
   */
  unfollow(id, isMerged = false) {
    this.#followed.get(id)?.onEnd(isMerged);
    this.#followed.delete(id);
  }

  /**
   * After a stop for `renewal`: write the refused operations again under new client ids, on this
   * device. The page has to load again then: a Yjs document cannot lose the old ids.
   */
  async renew() {
    this.flush();
    if (this.#refusedId !== null) await this.#outbox.renewFrom(this.#refusedId);
  }

  /** Try again after a stop. */
  resume() {
    this.#set({ stopped: null, closeReason: "" });
    this.#connection.resume();
  }

  /**
   * Set whether this person may write, as REST has answered.
   * @param {boolean} writable
   */
  setWritable(writable) {
    if (writable === this.state.writable) return;
    this.#set({ writable });
    this.#sendOperations();
  }

  /** @param {Partial<ProviderState>} change */
  #set(change) {
    const next = { ...this.state, ...change };
    const keys = /** @type {(keyof ProviderState)[]} */ (Object.keys(next));
    if (keys.every((key) => next[key] === this.state[key])) return;
    this.state = next;
    this.dispatchEvent(new Event("state"));
  }

  #countUnsaved() {
    const { edits } = this.#batch;
    this.#set({
      unsaved: this.#outbox.edits + edits,
      kept: this.#outbox.isStored && edits === 0,
    });
  }

  // --- the connection --------------------------------------------------------------------------

  #onOpen() {
    this.#set({ connection: "connected" });
    this.#sendOwnVector();
    this.#channel.renewOwn();
  }

  /** @param {string} reason */
  #onClose(reason) {
    this.#window.clear();
    this.#batch.setCadence(ALONE);
    for (const id of this.#followed.keys()) this.unfollow(id);
    this.#serverVector = null;
    this.#hasServerState = false;
    this.#received = [];
    this.#channel.removeOthers();
    this.#set({ connection: "disconnected", synced: false, closeReason: reason.trim() });
  }

  /** @param {Stop} stop */
  #onStop(stop) {
    this.flush();
    this.#set({ stopped: stop });
  }

  #onSilence() {
    this.#connection.send(encodeQueryAwareness());
    this.#sendOwnVector();
  }

  #onVisibility = () => {
    if (document.visibilityState === "visible") this.#connection.retryNow();
    else this.flush();
  };

  // --- frames of the server --------------------------------------------------------------------

  /** @param {import("./wire.js").Frame} frame */
  #onFrame(frame) {
    switch (frame.kind) {
      case "sync-step-1":
        this.#onServerVector(frame.vector);
        break;
      case "sync-step-2":
        this.#merge(frame.update);
        this.#hasServerState = true;
        this.#reconcile();
        break;
      case "sync-update":
        this.#merge(frame.update);
        break;
      case "operation":
        this.#onOperation(frame);
        break;
      case "awareness":
        this.#channel.receive(frame.update);
        break;
      case "query-awareness":
        this.#channel.sendOwn();
        break;
      case "ack":
        this.#onAck(frame.id, frame.stage);
        break;
      case "reject":
        this.#onReject(frame);
        break;
      case "event":
        if (frame.event.type === "cadence") this.#batch.setCadence(cadenceOf(frame.event));
        break;
      case "denied":
        this.dispatchEvent(new Event("denied"));
        break;
    }
  }

  /**
   * @param {Uint8Array} update
   * @param {unknown} [origin]
   */
  #merge(update, origin = this) {
    Y.applyUpdate(this.#doc, update, origin);
    if (!this.state.synced) this.#received.push(update);
  }

  /**
   * Merge an operation of another session, unless it is here already (docs/system-flow.md, §6).
   *
   * Not by the version vector alone: an operation that only deletes does not move the vector.
   * @param {{id: string, vector: Uint8Array, update: Uint8Array, seq: number}} operation
   */
  #onOperation({ id, vector, update, seq }) {
    if (seq <= this.seq && coversVector(this.#doc, vector)) {
      this.unfollow(id);
      return;
    }
    this.#merge(update, this.#followed.get(id)?.origin);
    this.unfollow(id, true);
    this.seq = Math.max(this.seq, seq);
    const { pendingStructs, pendingDs } = this.#doc.store;
    if (pendingStructs !== null || pendingDs !== null) this.#sendOwnVector();
  }

  /**
   * Answer the server's state vector: at the start of a connection, or later when an operation is
   * pending there.
   * @param {Uint8Array} vector
   */
  #onServerVector(vector) {
    if (this.state.synced) {
      this.#sendResidual(vector, { deletes: false });
    } else {
      this.#serverVector = vector;
      this.#reconcile();
    }
  }

  /** Once the server's vector and state are both here: send what it lacks, and be in sync. */
  #reconcile() {
    if (this.state.synced || this.#serverVector === null || !this.#hasServerState) return;
    this.flush();
    this.#connection.resetBackoff();
    this.#set({ synced: true, loaded: true, closeReason: "" });
    this.#sendOperations();
    this.#sendResidual(this.#serverVector, { deletes: true });
    this.#received = [];
  }

  /**
   * @param {string} id
   * @param {number} stage
   */
  #onAck(id, stage) {
    if (stage === ACK_STAGE.RECEIVED) return;
    this.#window.acknowledge(id);
    this.#sendOperations();
    this.#countUnsaved();
  }

  /**
   * Keep everything and send nothing more until the person tries again: an operation was refused,
   * and those that follow build on it. Where only its client id was refused, it can be written again
   * under another one, if it outlives the page (`renew`).
   * @param {{id: string, code: string, message: string}} rejection
   */
  #onReject({ id, code, message }) {
    if (code === "forbidden") {
      this.#window.clear();
      this.#set({ writable: false });
      this.dispatchEvent(new Event("denied"));
      return;
    }
    if (isClientRefused(code) && this.#outbox.willBeStored && this.#outbox.has(id)) {
      this.#refusedId = id;
      this.#connection.stop("renewal", RENEWAL);
    } else {
      this.#connection.stop("refused", message || "The server did not accept a change.");
    }
  }

  // --- frames to the server --------------------------------------------------------------------

  #sendOwnVector() {
    this.#connection.send(encodeSyncStep1(Y.encodeStateVector(this.#doc)));
  }

  /**
   * Make an operation of what the server lacks even with the operations in the outbox.
   * @param {Uint8Array} serverVector
   * @param {{deletes: boolean}} compare
   */
  #sendResidual(serverVector, compare) {
    if (!this.state.writable) return;
    this.flush();
    const known = [...this.#received, ...this.#outbox.operations.map(({ update }) => update)];
    const update = residualUpdate(this.#doc, serverVector, known, compare);
    if (update !== null) this.#addOperation(update, 1);
  }

  /**
   * Make an operation of a batch and send it when its turn comes.
   * @param {Uint8Array} update
   * @param {number} edits
   */
  #addOperation(update, edits) {
    this.#outbox.add(update, insertedVector(update), edits, this.copies.take());
    this.#countUnsaved();
    this.#sendOperations();
    this.#channel.sendHeld();
  }

  #sendOperations() {
    if (this.state.synced && this.state.writable) this.#window.fill();
  }

  /**
   * @param {Uint8Array} _update
   * @param {unknown} _origin
   * @param {Y.Doc} _doc
   * @param {Y.Transaction} transaction
   */
  #onDocUpdate = (_update, _origin, _doc, transaction) => {
    if (transaction.local) this.#countUnsaved();
  };
}

/**
 * Return the cadence of an event of the server; what is no number is that of whoever is alone.
 * @param {Record<string, unknown>} event
 * @returns {import("./batch.js").Cadence}
 */
function cadenceOf({ pause_ms, interval_ms, characters }) {
  return {
    pauseMs: typeof pause_ms === "number" ? pause_ms : ALONE.pauseMs,
    intervalMs: typeof interval_ms === "number" ? interval_ms : ALONE.intervalMs,
    characters: typeof characters === "number" ? characters : ALONE.characters,
  };
}
