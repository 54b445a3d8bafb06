/** How long to wait before the next try: doubling, bounded, with jitter so that pages spread. */

const FIRST_MS = 300;
const LONGEST_MS = 8_000;

/** Delays of one connection. */
export class Backoff {
  #tries = 0;

  /** Return the next delay in ms: between half and all of the doubled one. */
  next() {
    const ceiling = Math.min(FIRST_MS * 2 ** this.#tries, LONGEST_MS);
    this.#tries += 1;
    return ceiling * (0.5 + Math.random() / 2);
  }

  /** Begin anew: the last try went well. */
  reset() {
    this.#tries = 0;
  }
}
