/** Flow control to the server: the outbox's operations in order, few of them unacknowledged. */

/** @typedef {import("./outbox.js").Outbox} Outbox */
/** @typedef {import("./outbox.js").Operation} Operation */

/** Operations that wait for their acknowledgement at once. */
export const MAX_IN_FLIGHT = 32;
/** Bytes of them, unless one alone is larger: the server's queue must not be full of one page. */
export const MAX_BYTES_IN_FLIGHT = 4 * 1024 * 1024;
/** Without an acknowledgement for so long the connection counts as lost. Exceeds a lock's lease. */
export const ACK_TIMEOUT_MS = 25_000;

/** Sends the operations of one outbox over one connection after the other. */
export class SendWindow {
  #outbox;
  #send;
  #onTimeout;
  /** Bytes of each operation that was sent on this connection and is not acknowledged, by id.
   * @type {Map<string, number>} */
  #inFlight = new Map();
  #bytes = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {Outbox} outbox
   * @param {(operation: Operation) => void} send
   * @param {() => void} onTimeout called when an acknowledgement does not come
   */
  constructor(outbox, send, onTimeout) {
    this.#outbox = outbox;
    this.#send = send;
    this.#onTimeout = onTimeout;
  }

  /** Send operations that were not sent on this connection, as far as the window allows. */
  fill() {
    for (const operation of this.#outbox.operations) {
      if (this.#inFlight.size >= MAX_IN_FLIGHT) break;
      if (this.#inFlight.has(operation.id)) continue;
      const bytes = operation.update.length;
      if (this.#inFlight.size > 0 && this.#bytes + bytes > MAX_BYTES_IN_FLIGHT) break;
      this.#inFlight.set(operation.id, bytes);
      this.#bytes += bytes;
      this.#outbox.markSent(operation.id);
      this.#send(operation);
      if (this.#inFlight.size === 1) this.#startTimer();
    }
  }

  /**
   * Remove an operation that is in the server's log.
   * @param {string} id
   */
  acknowledge(id) {
    this.#bytes -= this.#inFlight.get(id) ?? 0;
    this.#inFlight.delete(id);
    this.#outbox.remove(id);
    if (this.#inFlight.size > 0) this.#startTimer();
    else clearTimeout(this.#timer);
  }

  /** Forget what was sent: the connection has ended, or the server accepts nothing. */
  clear() {
    this.#inFlight.clear();
    this.#bytes = 0;
    clearTimeout(this.#timer);
  }

  #startTimer() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#onTimeout, ACK_TIMEOUT_MS);
  }
}
