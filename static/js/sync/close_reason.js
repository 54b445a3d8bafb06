/** The server's reason for a closed connection, due once the connection has been closed for a while. */

const CLOSE_REASON_MS = 3_000;

export class CloseReason {
  #show;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #isDue = false;
  #text = "";

  /** @param {(text: string) => void} show called with the reason when it is due, and with "" after it */
  constructor(show) {
    this.#show = show;
  }

  /** @param {string} text the present reason; empty while the connection is open */
  set(text) {
    this.#text = text;
    if (text === "") {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#isDue = false;
      this.#show("");
    } else if (this.#isDue) this.#show(text);
    else this.#timer ??= setTimeout(() => this.#onDue(), CLOSE_REASON_MS);
  }

  #onDue() {
    this.#isDue = true;
    this.#show(this.#text);
  }
}
