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
import { ALONE, cadenceOf } from "./batch.js";
import { Connection } from "./connection.js";
import { FollowedOperations } from "./followed_operations.js";
import { LocalChanges } from "./local_changes.js";
import { lostText } from "./lost_text.js";
import { coversVector } from "./reconcile.js";
import { DEFAULT_LIMITS, noArrivals } from "./provider_state.js";
import { RefusedOperation } from "./refused_operation.js";
import { isPersonRefused } from "./refusals.js";
import { ACK_STAGE, encodeOperation, encodeQueryAwareness, encodeSyncStep1 } from "./wire.js";

/** @typedef {import("./connection.js").Stop} Stop */
/** @typedef {import("./outbox.js").Outbox} Outbox */
/** @typedef {import("./provider_state.js").Limits} Limits */
/** @typedef {import("./provider_state.js").ProviderState} ProviderState */

/**
 * Keeps a Yjs document and the server the same.
 * Dispatches `state` when it has changed, `denied` when the server refuses edits, `merged` while edits
 * of others are merged, `lost` when others deleted text of the person unseen (`lost_text.js`).
 */
export class Provider extends EventTarget {
  /** @type {ProviderState} */
  state;
  /** The last operation of the log that was merged here. */
  seq = 0;
  #doc;
  #outbox;
  #changes;
  #connection;
  #arrivals = noArrivals();
  #followed = new FollowedOperations();
  #refused;
  #channel;
  /** The update of the server that is being merged. @type {Uint8Array | null} */
  #merging = null;

  /**
   * @param {object} options
   * @param {string} options.url address of the document's socket
   * @param {string} options.documentId
   * @param {Y.Doc} options.doc
   * @param {import("./connection.js").Tokens} options.tokens
   * @param {Outbox} options.outbox
   * @param {boolean} options.writable whether this person may write
   * @param {boolean} options.empty whether the server has nothing that has to come first
   * @param {Limits} [options.limits]
   */
  constructor({ url, documentId, doc, tokens, outbox, writable, empty, limits = DEFAULT_LIMITS }) {
    super();
    this.#doc = doc;
    this.#outbox = outbox;
    this.#refused = new RefusedOperation(outbox);
    this.#channel = new AwarenessChannel(
      doc,
      (frame) => this.#connection.send(frame),
      () => this.#changes.isBatching,
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
      stored: outbox.isStored,
      writable,
      outdated: false,
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
    this.#changes = new LocalChanges(doc, outbox, limits, {
      send: (operation) => this.#connection.send(encodeOperation(documentId, operation)),
      abandon: () => this.#connection.abandon(),
      maySend: () => this.state.synced && this.state.writable && this.state.stopped === null,
      onAdded: () => this.#channel.sendHeld(),
      onCount: (count) => this.#set(count),
      onKept: (kept) => this.#set({ kept }),
      onTooLarge: (refusal) => this.#onReject(refusal),
    });
    this.copies = this.#changes.copies;
    doc.on("afterTransaction", this.#onTransaction);
  }

  /** Connect, and stay connected until `close`. */
  open() {
    globalThis.document?.addEventListener("visibilitychange", this.#onVisibility);
    globalThis.addEventListener?.("pagehide", this.flush);
    return this.#connection.open();
  }

  /** End the connection and every timer. */
  close() {
    this.#changes.close();
    globalThis.document?.removeEventListener("visibilitychange", this.#onVisibility);
    globalThis.removeEventListener?.("pagehide", this.flush);
    this.#doc.off("afterTransaction", this.#onTransaction);
    this.#channel.close();
    this.#connection.close();
  }

  /** End the present batch: its edits become an operation now. */
  flush = () => this.#changes.flush();

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
    return this.state.synced ? this.#followed.wait(id, origin) : Promise.resolve(false);
  }

  /** Stop waiting for an operation. @param {string} id */
  unfollow(id) {
    this.#followed.end(id);
  }

  /**
   * After a stop for `renewal`: write the refused operations again under new client ids, on this
   * device, or set the refused one aside and write those that follow it again. The page has to load
   * again then: a Yjs document cannot lose the old ids.
   */
  async renew() {
    this.flush();
    await this.#refused.renew(this.#doc);
  }

  /**
   * Show and send an operation again that was set aside. False if its place in the text is gone: then
   * it stays as it is.
   * @param {import("./outbox.js").ParkedOperation} parked
   */
  retry(parked) {
    return this.#changes.retry(parked, this);
  }

  /** Return the text of all that is not in the server's log. */
  unsavedText() {
    return this.#changes.text();
  }

  /** Forget all that is not in the server's log. The page has to load again then. */
  async discardUnsaved() {
    this.flush();
    await this.#outbox.discard();
  }

  /** Try again after a stop. */
  resume() {
    this.#set({ stopped: null, closeReason: "" });
    this.#connection.resume();
  }

  /**
   * Set whether this person may write, as REST has answered; what the server has told this
   * connection is newer.
   * @param {boolean} writable
   */
  setWritable(writable) {
    if (!this.#arrivals.knowsRight) this.#setWritable(writable);
  }

  /** @param {boolean} writable */
  #setWritable(writable) {
    if (writable === this.state.writable) return;
    this.#set({ writable });
    this.#changes.send();
  }

  /** @param {Partial<ProviderState>} change */
  #set(change) {
    const next = { ...this.state, ...change };
    const keys = /** @type {(keyof ProviderState)[]} */ (Object.keys(next));
    if (keys.every((key) => next[key] === this.state[key])) return;
    this.state = next;
    this.dispatchEvent(new Event("state"));
  }

  // --- the connection --------------------------------------------------------------------------

  #onOpen() {
    this.#set({ connection: "connected" });
    this.#sendOwnVector();
    this.#channel.renewOwn();
  }

  /** @param {string} reason */
  #onClose(reason) {
    this.#changes.clearWindow();
    this.#changes.setCadence(ALONE);
    this.#followed.endAll();
    this.#arrivals = noArrivals();
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
        this.#arrivals.hasState = true;
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
        this.#onEvent(frame.event);
        break;
      case "denied":
        this.dispatchEvent(new Event("denied"));
    }
  }

  /** @param {Record<string, unknown>} event */
  #onEvent(event) {
    if (event.type === "cadence") this.#changes.setCadence(cadenceOf(event));
    if (event.type === "rights") {
      const isNews = this.#arrivals.knowsRight || event.write !== this.state.writable;
      this.#arrivals.knowsRight = true;
      this.#set({ outdated: event.code === "schema_older" });
      this.#setWritable(event.write === true);
      if (isNews) this.dispatchEvent(new Event("denied"));
    }
  }

  /**
   * @param {Uint8Array} update
   * @param {unknown} [origin]
   */
  #merge(update, origin = this) {
    this.#merging = update;
    Y.applyUpdate(this.#doc, update, origin);
    this.#merging = null;
    if (!this.state.synced) this.#arrivals.received.push(update);
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
    this.#merge(update, this.#followed.originOf(id));
    this.#followed.end(id, true);
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
      this.#arrivals.vector = vector;
      this.#reconcile();
    }
  }

  /** Once the server's vector and state are both here: send what it lacks, and be in sync. */
  #reconcile() {
    if (this.state.synced || this.#arrivals.vector === null || !this.#arrivals.hasState) return;
    this.flush();
    this.#connection.resetBackoff();
    this.#set({ synced: true, loaded: true, closeReason: "" });
    this.#changes.send();
    this.#sendResidual(this.#arrivals.vector, { deletes: true, implied: this.#arrivals.implied });
    this.#arrivals.received = [];
    this.#arrivals.implied = [];
  }

  /**
   * @param {string} id
   * @param {number} stage
   */
  #onAck(id, stage) {
    if (stage === ACK_STAGE.RECEIVED) return;
    this.#changes.acknowledge(id);
  }

  /**
   * Send nothing more: an operation was refused, and those that follow build on it. If they outlive
   * the page, they are written again without it, or with it under another client id (`renew`). Else
   * everything is kept until the person tries again.
   * @param {import("./outbox.js").Refusal} refusal
   */
  #onReject({ id, code, message }) {
    if (isPersonRefused(code)) {
      this.#changes.clearWindow();
      this.#set({ writable: false });
      this.dispatchEvent(new Event("denied"));
      return;
    }
    const { kind, reason } = this.#refused.note({ id, code, message });
    this.#connection.stop(kind, reason);
  }

  // --- frames to the server --------------------------------------------------------------------

  #sendOwnVector() {
    this.#connection.send(encodeSyncStep1(Y.encodeStateVector(this.#doc)));
  }

  /**
   * Send what the server lacks even with the operations in the outbox.
   * @param {Uint8Array} serverVector
   * @param {{deletes: boolean, implied?: import("./reconcile.js").DeleteSet[]}} compare
   */
  #sendResidual(serverVector, compare) {
    if (!this.state.writable) return;
    this.#changes.addResidual(serverVector, this.#arrivals.received, compare);
  }

  /** @param {Y.Transaction} transaction */
  #onTransaction = (transaction) => {
    if (transaction.local || this.#merging === null) return;
    if (!this.state.synced) this.#arrivals.implied.push(transaction.deleteSet);
    const detail = { transaction, update: this.#merging, unseen: () => this.#changes.unseen() };
    this.dispatchEvent(new CustomEvent("merged", { detail }));
    const lost = lostText(transaction, this.#merging, this.#changes.updates);
    if (lost) this.dispatchEvent(new CustomEvent("lost", { detail: lost }));
  };
}
