/** Exponential backoff with jitter, so that pages do not reconnect at once. */

const FIRST_DELAY_MS = 300;
const MAX_DELAY_MS = 8_000;

/** The delays of one connection. */
export class Backoff {
  #tries = 0;

  /** Return the next delay in ms: between half and all of the doubled delay. */
  next() {
    const ceiling = Math.min(FIRST_DELAY_MS * 2 ** this.#tries, MAX_DELAY_MS);
    this.#tries += 1;
    return ceiling * (0.5 + Math.random() / 2);
  }

  /** Start with the first delay again. */
  reset() {
    this.#tries = 0;
  }
}
