/** Announces changes of the status to screen readers: each once, when it has lasted for a moment. */

/** @typedef {import("./status.js").Status} Status */

/** A state that lasts less is not announced. */
export const ANNOUNCE_PAUSE_MS = 1_000;

/** Announces one status after the other. The page begins with nothing to announce. */
export class StatusAnnouncer {
  #announce;
  #announced = "Saved";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {(text: string) => void} announce */
  constructor(announce) {
    this.#announce = announce;
  }

  /**
   * Follow the status. *Saving…* is none of its own: what follows it is announced, and *Saved* only
   * where something else was announced before.
   * @param {Status} status
   */
  update({ kind, text }) {
    clearTimeout(this.#timer);
    if (kind === "saving") return;
    // A number that goes up with each letter is no other state.
    const state = text.replace(/\d+ changes?/, "");
    if (state === this.#announced) return;
    this.#timer = setTimeout(() => {
      this.#announced = state;
      this.#announce(text);
    }, ANNOUNCE_PAUSE_MS);
  }
}
