/**
 * One document's socket: opened with an access token, opened again with growing delays, renewed and
 * watched for silence. What the frames mean is the provider's concern.
 */
import { SignedOutError } from "../lib/api.js";
import { Backoff } from "./backoff.js";
import { CLOSE, SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX, decodeFrame, encodeToken } from "./wire.js";

/** @typedef {import("../lib/api.js").Token} Token */

/**
 * Why the page does not connect again by itself. `renewal`: the client id of a change was refused.
 * @typedef {"removed" | "gone" | "reload" | "refused" | "quarantined" | "renewal"
 *   | "signed-out"} StopReason
 */

/** @typedef {{reason: StopReason, message: string}} Stop */

/**
 * Where the access token comes from.
 * @typedef {object} Tokens
 * @property {() => Promise<Token>} current one that is valid for a while
 * @property {() => Promise<Token>} renew a new one
 */

/**
 * What the connection calls; none of them may throw but `onFrame`, which ends the connection then.
 * @typedef {object} ConnectionHandlers
 * @property {() => void} onStatus `status` is another, without a socket that opened or closed
 * @property {() => void} onOpen
 * @property {(frame: import("./wire.js").Frame) => void} onFrame
 * @property {(reason: string) => void} onClose the server's reason in words, may be empty
 * @property {(stop: Stop) => void} onStop it does not try again until `resume`
 * @property {() => void} onSilence the server is to be asked for a frame
 */

/** After this time without a frame the server is asked for one; it has half of it to answer. */
const SILENCE_MS = 20_000;
/** A token is renewed this long before it expires. */
const TOKEN_RENEWAL_MARGIN_MS = 60_000;
/** The shortest wait before a token is renewed. */
const MIN_TOKEN_RENEWAL_MS = 1_000;
/** The close code that a browser reports for a connection without a closing handshake. */
const ABNORMAL_CLOSURE = 1006;

/** @type {Stop} */
const SIGNED_OUT = {
  reason: "signed-out",
  message: "You are logged out. Log in again to continue.",
};

/**
 * The close codes after which another try does not help, with the message for a close frame that
 * has no reason in words.
 * @type {Record<number, Stop>}
 */
const FINAL_STOPS = {
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
    message: "This document was replaced on the server. Reload the page to continue.",
  },
  [CLOSE.MALFORMED]: {
    reason: "refused",
    message: "The server could not read a change of this page. Reload the page to continue.",
  },
  [CLOSE.TOO_LARGE]: {
    reason: "refused",
    message: "A change, or the whole document, is larger than the server accepts.",
  },
  [CLOSE.QUARANTINED]: {
    reason: "quarantined",
    message:
      "This document does not load and is closed for repair. Ask an administrator to repair it.",
  },
};

/** Keeps one socket open until it is closed or stopped. */
export class Connection {
  /** @type {"connecting" | "connected" | "disconnected"} */
  status = "disconnected";
  #url;
  #tokens;
  #handlers;
  #backoff = new Backoff();
  /** @type {WebSocket | null} */
  #socket = null;
  #isClosed = false;
  #isStopped = false;
  #needsNewToken = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retryTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #silenceTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #renewalTimer;

  /**
   * @param {string} url
   * @param {Tokens} tokens
   * @param {ConnectionHandlers} handlers
   */
  constructor(url, tokens, handlers) {
    this.#url = url;
    this.#tokens = tokens;
    this.#handlers = handlers;
  }

  /** Connect, and stay connected until `close`. */
  open() {
    globalThis.addEventListener?.("online", this.retryNow);
    globalThis.addEventListener?.("offline", this.#onOffline);
    return this.#connect();
  }

  /** End the connection and every timer. */
  close() {
    this.#isClosed = true;
    globalThis.removeEventListener?.("online", this.retryNow);
    globalThis.removeEventListener?.("offline", this.#onOffline);
    clearTimeout(this.#retryTimer);
    this.#stopTimers();
    this.#socket?.close();
  }

  /** @param {Uint8Array<ArrayBuffer>} bytes sent if the socket is open */
  send(bytes) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(bytes);
  }

  /** Drop a connection that no longer answers, without waiting for its closing handshake. */
  abandon() {
    const socket = this.#socket;
    if (socket === null) return;
    this.#onClose(ABNORMAL_CLOSURE, "");
    socket.close();
  }

  /**
   * End the connection until `resume`.
   * @param {StopReason} reason
   * @param {string} message
   */
  stop(reason, message) {
    this.abandon();
    this.#stop({ reason, message });
  }

  /** Connect again after a stop. */
  resume() {
    this.#isStopped = false;
    this.retryNow();
  }

  /** Connect now, if there is no connection, and start with the shortest delay again. */
  retryNow = () => {
    this.#backoff.reset();
    void this.#connect();
  };

  /** Start with the shortest delay at the next loss: this connection has worked. */
  resetBackoff() {
    this.#backoff.reset();
  }

  async #connect() {
    if (this.#isClosed || this.#isStopped || this.status !== "disconnected") return;
    clearTimeout(this.#retryTimer);
    this.status = "connecting";
    this.#handlers.onStatus();
    /** @type {Token} */
    let token;
    try {
      token = await (this.#needsNewToken ? this.#tokens.renew() : this.#tokens.current());
      this.#needsNewToken = false;
    } catch (error) {
      this.#onNoToken(error);
      return;
    }
    if (this.#isClosed) return;
    const socket = new WebSocket(this.#url, [SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX + token.access]);
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
    this.status = "disconnected";
    this.#handlers.onStatus();
    if (error instanceof SignedOutError) this.#stop(SIGNED_OUT);
    else this.#retryLater();
  }

  /** @param {Token} token */
  #onOpen(token) {
    this.status = "connected";
    this.#handlers.onOpen();
    this.#renewBefore(token);
    this.#watchSilence();
  }

  /** @param {ArrayBuffer | string} data */
  #onMessage(data) {
    this.#watchSilence();
    if (typeof data === "string") return;
    try {
      this.#handlers.onFrame(decodeFrame(new Uint8Array(data)));
    } catch (error) {
      console.error("A frame of the server could not be read:", error);
      this.abandon();
    }
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #onClose(code, reason) {
    this.#socket = null;
    this.#stopTimers();
    this.status = "disconnected";
    this.#handlers.onClose(reason);
    if (this.#isClosed) return;
    const { stop, needsNewToken } = closeOutcome(code, reason);
    this.#needsNewToken = needsNewToken;
    if (stop) this.#stop(stop);
    else this.#retryLater();
  }

  #onOffline = () => this.abandon();

  /** @param {Stop} stop */
  #stop(stop) {
    clearTimeout(this.#retryTimer);
    this.#isStopped = true;
    this.#handlers.onStop(stop);
  }

  #retryLater() {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => void this.#connect(), this.#backoff.next());
  }

  #stopTimers() {
    clearTimeout(this.#silenceTimer);
    clearTimeout(this.#renewalTimer);
  }

  /** Ask a silent server for a frame; end the connection when none comes. */
  #watchSilence() {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => {
      this.#handlers.onSilence();
      this.#silenceTimer = setTimeout(() => this.abandon(), SILENCE_MS / 2);
    }, SILENCE_MS);
  }

  /** @param {Token} token */
  #renewBefore(token) {
    const leftMs = token.expiresAt - Date.now() - TOKEN_RENEWAL_MARGIN_MS;
    this.#renewAfter(Math.max(leftMs, MIN_TOKEN_RENEWAL_MS));
  }

  /** @param {number} delayMs */
  #renewAfter(delayMs) {
    clearTimeout(this.#renewalTimer);
    this.#renewalTimer = setTimeout(() => void this.#renew(), delayMs);
  }

  /** Give the open connection a new token, without a break. */
  async #renew() {
    try {
      const token = await this.#tokens.renew();
      if (this.status !== "connected") return;
      this.send(encodeToken(token.access));
      this.#renewBefore(token);
    } catch (error) {
      if (error instanceof SignedOutError) this.stop(SIGNED_OUT.reason, SIGNED_OUT.message);
      else if (this.status === "connected") this.#renewAfter(this.#backoff.next());
    }
  }
}

/**
 * Return whether to stop, with the server's reason in words if it gave one, and whether the next
 * try needs a new token.
 * @param {number} code
 * @param {string} reason of the close frame
 * @returns {{stop: Stop | null, needsNewToken: boolean}}
 */
export function closeOutcome(code, reason) {
  const final = FINAL_STOPS[code];
  return {
    stop: final ? { reason: final.reason, message: reason.trim() || final.message } : null,
    needsNewToken: code === CLOSE.NOT_AUTHENTICATED,
  };
}
