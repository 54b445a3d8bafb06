/**
 * The page's connection to one document: local first, every edit kept until it is in the log.
 *
 * Edits are batched into operations with an id of their own (`batch.js`), which stay in the outbox
 * until the server says `persisted`. After a reconnect they are sent again, in order; the server
 * knows them by their ids. What the page shows of all this is `state` (`status.js` puts it into
 * words).
 */
import { Awareness, Y, awarenessProtocol } from "../vendor/yjs.js";
import { SignedOutError } from "./api.js";
import { Backoff } from "./backoff.js";
import { Batch } from "./batch.js";
import { residualUpdate } from "./reconcile.js";
import {
  ACK_STAGE,
  CLOSE,
  SUBPROTOCOL,
  TOKEN_SUBPROTOCOL_PREFIX,
  decodeFrame,
  encodeAwareness,
  encodeOperation,
  encodeQueryAwareness,
  encodeSyncStep1,
  encodeToken,
} from "./wire.js";

/** @typedef {import("./outbox.js").Outbox} Outbox */
/** @typedef {import("./outbox.js").Operation} Operation */

/**
 * Where the access token comes from.
 * @typedef {object} Tokens
 * @property {() => Promise<Token>} current one that is still good for a while
 * @property {() => Promise<Token>} renew a new one
 * @typedef {{access: string, expiresAt: number}} Token `expiresAt` in ms since the epoch
 */

/**
 * Why the provider has stopped trying.
 * @typedef {"removed" | "gone" | "reload" | "refused" | "signed-out"} StopReason
 */

/**
 * @typedef {object} ProviderState
 * @property {"connecting" | "connected" | "disconnected"} connection
 * @property {boolean} loaded whether the document is here: from this device, or from the server
 * @property {boolean} synced whether this connection has brought the server's state
 * @property {number} unsaved how many changes are not in the server's log
 * @property {boolean} kept whether those changes outlive the page
 * @property {boolean} writable whether the server takes edits of this person
 * @property {{reason: StopReason, message: string} | null} stopped
 */

/**
 * An operation that the server makes for this page: the origin it is merged with, and who waits.
 * @typedef {{origin: unknown, onEnd: (isMerged: boolean) => void}} Followed
 */

/** At most so many operations wait for their acknowledgement at once. */
const WINDOW = 32;
/** No acknowledgement for so long: the connection is taken for dead. Longer than a lock's lease. */
const ACK_TIMEOUT_MS = 25_000;
/** After so long without a frame the server is asked for one; then it has half of it to answer. */
const SILENCE_MS = 20_000;
/** Carets move faster than others need to see. */
const AWARENESS_PAUSE_MS = 40;
/** A token is renewed so long before it runs out. */
const RENEW_BEFORE_MS = 60_000;

/** Close codes after which trying again does not help, and what to say. */
const FINAL = /** @type {Record<number, {reason: StopReason, message: string}>} */ ({
  [CLOSE.FORBIDDEN]: {
    reason: "removed",
    message: "You no longer have access to this document.",
  },
  [CLOSE.NOT_FOUND]: {
    reason: "gone",
    message: "This document is in the trash or no longer exists.",
  },
  [CLOSE.OTHER_LINEAGE]: {
    reason: "reload",
    message: "This document was made anew on the server. Reload the page to go on.",
  },
  [CLOSE.MALFORMED]: {
    reason: "refused",
    message: "The server could not read an edit of this page. Reload the page to go on.",
  },
  [CLOSE.TOO_LARGE]: {
    reason: "refused",
    message: "An edit, or the whole document, is larger than the server takes.",
  },
});

/**
 * Keeps a Yjs document and the server the same.
 * Dispatches `state` when `state` has changed, `denied` when the server refuses edits.
 */
export class Provider extends EventTarget {
  /** @type {ProviderState} */
  state;
  /** Last operation of the log that has come here. */
  seq = 0;
  #url;
  #documentId;
  #doc;
  #tokens;
  #outbox;
  #batch;
  #backoff = new Backoff();
  /** @type {WebSocket | null} */
  #socket = null;
  /** Operations sent on this connection and not acknowledged. @type {Set<string>} */
  #inFlight = new Set();
  /** State vector of the server at the start of this connection. @type {Uint8Array | null} */
  #serverVector = null;
  /** What the server has sent on this connection until it was in sync. @type {Uint8Array[]} */
  #received = [];
  #hasServerState = false;
  /** Operations that the server makes for this page, by id. @type {Map<string, Followed>} */
  #followed = new Map();
  #closed = false;
  #wantsFreshToken = false;
  /** @type {Map<string, ReturnType<typeof setTimeout>>} */
  #timers = new Map();

  /**
   * @param {object} options
   * @param {string} options.url address of the document's socket
   * @param {string} options.documentId
   * @param {Y.Doc} options.doc
   * @param {Tokens} options.tokens
   * @param {Outbox} options.outbox
   * @param {boolean} options.writable whether this person may write
   * @param {boolean} options.empty whether the server has nothing that has to come first
   */
  constructor({ url, documentId, doc, tokens, outbox, writable, empty }) {
    super();
    this.#url = url;
    this.#documentId = documentId;
    this.#doc = doc;
    this.#tokens = tokens;
    this.#outbox = outbox;
    this.awareness = new Awareness(doc);
    // What an earlier page has kept is part of the document, whatever its own store holds.
    for (const { update } of outbox.operations) Y.applyUpdate(doc, update, this);
    this.state = {
      connection: "disconnected",
      loaded: empty || doc.store.clients.size > 0,
      synced: false,
      unsaved: outbox.edits,
      kept: outbox.kept,
      writable,
      stopped: null,
    };
    outbox.onKept = () => this.#countUnsaved();
    this.#batch = new Batch(doc, (update, edits) => this.#keep(update, edits));
    doc.on("update", this.#onDocUpdate);
    this.awareness.on("update", this.#onAwareness);
  }

  /** Connect, and keep connected until `close`. */
  open() {
    globalThis.addEventListener?.("online", this.#retryNow);
    globalThis.addEventListener?.("offline", this.#onOffline);
    globalThis.document?.addEventListener("visibilitychange", this.#onVisibility);
    globalThis.addEventListener?.("pagehide", this.flush);
    return this.#connect();
  }

  /** End the connection and every timer. */
  close() {
    this.#closed = true;
    this.#batch.close();
    globalThis.removeEventListener?.("online", this.#retryNow);
    globalThis.removeEventListener?.("offline", this.#onOffline);
    globalThis.document?.removeEventListener("visibilitychange", this.#onVisibility);
    globalThis.removeEventListener?.("pagehide", this.flush);
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#doc.off("update", this.#onDocUpdate);
    this.awareness.off("update", this.#onAwareness);
    this.awareness.destroy();
    this.#socket?.close();
  }

  /** End the present batch: its edits become an operation now. */
  flush = () => this.#batch.flush();

  /** End the present batch; return whether the page may go: nothing is lost with it. */
  settle() {
    this.flush();
    return this.state.unsaved === 0 || this.#outbox.keeps;
  }

  /**
   * Merge an operation that the server makes for this page with an origin of the page's own, by
   * which the undo manager knows it. True once it is here; false when the connection ended before,
   * or the operation came without its id: then it is here, or will be, as anybody's.
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
   * Wait no longer for an operation.
   * @param {string} id
   * @param {boolean} [isMerged]
   */
  unfollow(id, isMerged = false) {
    this.#followed.get(id)?.onEnd(isMerged);
    this.#followed.delete(id);
  }

  /** Try again after a stop. */
  resume() {
    this.#set({ stopped: null });
    this.#retryNow();
  }

  /**
   * Note whether this person may write, as the server has said elsewhere.
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
      kept: this.#outbox.kept && edits === 0,
    });
  }

  /**
   * (Re)start a named timer.
   * @param {string} name
   * @param {number} delayMs
   * @param {() => void} action
   */
  #after(name, delayMs, action) {
    clearTimeout(this.#timers.get(name));
    this.#timers.set(name, setTimeout(action, delayMs));
  }

  /** @param {string[]} names */
  #stopTimers(...names) {
    for (const name of names) clearTimeout(this.#timers.get(name));
  }

  // --- connection ------------------------------------------------------------------------------

  async #connect() {
    if (this.#closed || this.state.stopped || this.state.connection !== "disconnected") return;
    this.#stopTimers("reconnect");
    this.#set({ connection: "connecting" });
    /** @type {Token} */
    let token;
    try {
      token = await (this.#wantsFreshToken ? this.#tokens.renew() : this.#tokens.current());
      this.#wantsFreshToken = false;
    } catch (error) {
      this.#onNoToken(error);
      return;
    }
    if (this.#closed) return;
    const socket = new WebSocket(this.#url, [
      SUBPROTOCOL,
      TOKEN_SUBPROTOCOL_PREFIX + token.access,
    ]);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.onopen = () => this.#onOpen(token);
    socket.onmessage = (event) => this.#onMessage(event.data);
    socket.onclose = (event) => {
      if (this.#socket === socket) this.#onClose(event.code, event.reason);
    };
  }

  /** @param {unknown} error */
  #onNoToken(error) {
    this.#set({ connection: "disconnected" });
    if (error instanceof SignedOutError) {
      this.#stop("signed-out", "You are logged out. Log in again to go on.");
    } else {
      this.#retryLater();
    }
  }

  /** @param {Token} token */
  #onOpen(token) {
    this.#set({ connection: "connected" });
    this.#send(encodeSyncStep1(Y.encodeStateVector(this.#doc)));
    // With a new clock: others have seen this state end with the last connection.
    this.awareness.setLocalState(this.awareness.getLocalState());
    this.#renewBefore(token);
    this.#watchSilence();
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #onClose(code, reason) {
    this.#socket = null;
    this.#inFlight.clear();
    for (const id of this.#followed.keys()) this.unfollow(id);
    this.#serverVector = null;
    this.#hasServerState = false;
    this.#received = [];
    this.#stopTimers("ack", "silence", "renew", "awareness");
    const others = [...this.awareness.getStates().keys()].filter(
      (client) => client !== this.#doc.clientID,
    );
    awarenessProtocol.removeAwarenessStates(this.awareness, others, this);
    this.#set({ connection: "disconnected", synced: false });
    if (this.#closed) return;
    const final = FINAL[code];
    if (final) {
      this.#stop(final.reason, final.reason === "refused" && reason ? reason : final.message);
      return;
    }
    this.#wantsFreshToken = code === CLOSE.NOT_AUTHENTICATED;
    this.#retryLater();
  }

  /** Drop a connection that is no longer believed in, without waiting for its closing. */
  #abandon() {
    const socket = this.#socket;
    if (socket === null) return;
    this.#onClose(1006, "");
    socket.close();
  }

  /**
   * @param {StopReason} reason
   * @param {string} message
   */
  #stop(reason, message) {
    this.flush();
    this.#set({ stopped: { reason, message } });
  }

  #retryLater() {
    this.#after("reconnect", this.#backoff.next(), () => void this.#connect());
  }

  #retryNow = () => {
    this.#backoff.reset();
    void this.#connect();
  };

  #onOffline = () => this.#abandon();

  #onVisibility = () => {
    if (document.visibilityState === "visible") this.#retryNow();
    else this.flush();
  };

  /** @param {Token} token */
  #renewBefore(token) {
    const delayMs = Math.max(token.expiresAt - Date.now() - RENEW_BEFORE_MS, 1_000);
    this.#after("renew", delayMs, () => void this.#renew());
  }

  /** Give the open connection a new token; it goes on without a break. */
  async #renew() {
    try {
      const token = await this.#tokens.renew();
      this.#send(encodeToken(token.access));
      this.#renewBefore(token);
    } catch (error) {
      if (error instanceof SignedOutError) {
        this.#abandon();
        this.#stop("signed-out", "You are logged out. Log in again to go on.");
      } else {
        this.#after("renew", this.#backoff.next(), () => void this.#renew());
      }
    }
  }

  /** Ask a silent server for a sign of life; give it up when none comes. */
  #watchSilence() {
    this.#after("silence", SILENCE_MS, () => {
      this.#send(encodeQueryAwareness());
      this.#send(encodeSyncStep1(Y.encodeStateVector(this.#doc)));
      this.#after("silence", SILENCE_MS / 2, () => this.#abandon());
    });
  }

  /** @param {Uint8Array<ArrayBuffer>} bytes */
  #send(bytes) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(bytes);
  }

  // --- from the server -------------------------------------------------------------------------

  /** @param {ArrayBuffer | string} data */
  #onMessage(data) {
    this.#watchSilence();
    if (typeof data === "string") return;
    try {
      this.#handle(decodeFrame(new Uint8Array(data)));
    } catch (error) {
      console.error("A frame of the server could not be read:", error);
      this.#abandon();
    }
  }

  /** @param {import("./wire.js").Frame} frame */
  #handle(frame) {
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
        awarenessProtocol.applyAwarenessUpdate(this.awareness, frame.update, this);
        break;
      case "query-awareness":
        this.#sendAwareness();
        break;
      case "ack":
        this.#onAck(frame.id, frame.stage);
        break;
      case "reject":
        this.#onReject(frame.code, frame.message);
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
   * Merge an operation of somebody else, unless it is here already (docs/system-flow.md, §6).
   *
   * Not by the version vector alone: an operation that only deletes does not move the vector.
   * @param {{id: string, vector: Uint8Array, update: Uint8Array, seq: number}} operation
   */
  #onOperation({ id, vector, update, seq }) {
    if (seq <= this.seq && this.#covers(vector)) {
      this.unfollow(id);
      return;
    }
    this.#merge(update, this.#followed.get(id)?.origin);
    this.unfollow(id, true);
    this.seq = Math.max(this.seq, seq);
    if (this.#doc.store.pendingStructs !== null || this.#doc.store.pendingDs !== null) {
      this.#send(encodeSyncStep1(Y.encodeStateVector(this.#doc)));
    }
  }

  /**
   * Say whether this document has everything that an encoded state vector names.
   * @param {Uint8Array} vector
   */
  #covers(vector) {
    const own = Y.decodeStateVector(Y.encodeStateVector(this.#doc));
    return [...Y.decodeStateVector(vector)].every(
      ([client, clock]) => (own.get(client) ?? 0) >= clock,
    );
  }

  // --- to the server ---------------------------------------------------------------------------

  /**
   * The server names what it has: at the start, or later when an operation waits there for
   * something that it lacks.
   * @param {Uint8Array} vector
   */
  #onServerVector(vector) {
    if (this.state.synced) {
      this.#sendWhatIsMissing(vector, { deletes: false });
    } else {
      this.#serverVector = vector;
      this.#reconcile();
    }
  }

  /** Once the server's vector and state are both here: send what it lacks, and be in sync. */
  #reconcile() {
    if (this.state.synced || this.#serverVector === null || !this.#hasServerState) return;
    this.flush();
    this.#backoff.reset();
    this.#set({ synced: true, loaded: true });
    this.#sendOperations();
    this.#sendWhatIsMissing(this.#serverVector, { deletes: true });
    this.#received = [];
  }

  /**
   * @param {Uint8Array} serverVector
   * @param {{deletes: boolean}} compare
   */
  #sendWhatIsMissing(serverVector, compare) {
    if (!this.state.writable) return;
    this.flush();
    const kept = this.#outbox.operations.map(({ update }) => update);
    const known = [...this.#received, ...kept];
    const update = residualUpdate(this.#doc, serverVector, known, compare);
    if (update !== null) this.#keep(update, 1);
  }

  /**
   * Make an operation of a batch and send it when its turn comes.
   * @param {Uint8Array} update
   * @param {number} edits
   */
  #keep(update, edits) {
    this.#outbox.add(update, Y.encodeStateVector(this.#doc), edits);
    this.#countUnsaved();
    this.#sendOperations();
  }

  /** Send kept operations, in order, as far as the window allows. */
  #sendOperations() {
    if (!this.state.synced || !this.state.writable) return;
    for (const operation of this.#outbox.operations) {
      if (this.#inFlight.size >= WINDOW) break;
      if (this.#inFlight.has(operation.id)) continue;
      this.#inFlight.add(operation.id);
      this.#outbox.markSent(operation.id);
      this.#send(encodeOperation(this.#documentId, operation));
      if (this.#inFlight.size === 1) this.#watchAcks();
    }
  }

  #watchAcks() {
    this.#after("ack", ACK_TIMEOUT_MS, () => this.#abandon());
  }

  /**
   * @param {string} id
   * @param {number} stage
   */
  #onAck(id, stage) {
    if (stage === ACK_STAGE.RECEIVED) return;
    this.#inFlight.delete(id);
    this.#outbox.remove(id);
    if (this.#inFlight.size > 0) this.#watchAcks();
    else this.#stopTimers("ack");
    this.#sendOperations();
    this.#countUnsaved();
  }

  /**
   * An operation was refused: keep everything, send nothing more until the person says so.
   *
   * What follows builds on the refused operation, so it could not be merged either.
   * @param {string} code
   * @param {string} message
   */
  #onReject(code, message) {
    if (code === "forbidden") {
      this.#inFlight.clear();
      this.#stopTimers("ack");
      this.#set({ writable: false });
      this.dispatchEvent(new Event("denied"));
      return;
    }
    this.#abandon();
    this.#stopTimers("reconnect");
    this.#stop("refused", message || "The server did not accept an edit.");
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

  // --- presence --------------------------------------------------------------------------------

  /**
   * @param {{added: number[], updated: number[], removed: number[]}} change
   * @param {unknown} origin
   */
  #onAwareness = ({ added, updated, removed }, origin) => {
    const own = [...added, ...updated, ...removed].includes(this.#doc.clientID);
    if (own && origin !== this) {
      this.#after("awareness", AWARENESS_PAUSE_MS, () => this.#sendAwareness());
    }
  };

  #sendAwareness() {
    this.#send(
      encodeAwareness(
        awarenessProtocol.encodeAwarenessUpdate(this.awareness, [this.#doc.clientID]),
      ),
    );
  }
}
