/** Flow control to the server: the outbox's operations in order, few of them unacknowledged. */

/** @typedef {import("./outbox.js").Outbox} Outbox */
/** @typedef {import("./outbox.js").Operation} Operation */

/** Operations that wait for their acknowledgement at once. */
export const MAX_IN_FLIGHT = 32;
/** Without an acknowledgement for so long the connection counts as lost. Exceeds a lock's lease. */
export const ACK_TIMEOUT_MS = 25_000;

/** Sends the operations of one outbox over one connection after the other. */
export class SendWindow {
  #outbox;
  #send;
  #onTimeout;
  /** Operations sent on this connection and not acknowledged. @type {Set<string>} */
  #inFlight = new Set();
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
      this.#inFlight.add(operation.id);
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
    this.#inFlight.delete(id);
    this.#outbox.remove(id);
    if (this.#inFlight.size > 0) this.#startTimer();
    else clearTimeout(this.#timer);
  }

  /** Forget what was sent: the connection has ended, or the server accepts nothing. */
  clear() {
    this.#inFlight.clear();
    clearTimeout(this.#timer);
  }

  #startTimer() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#onTimeout, ACK_TIMEOUT_MS);
  }
}
