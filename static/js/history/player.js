/** Playing a document from a moment to the present: how fast, and the clock that does it. */

/** What the wait for the next change is cut down to, and up to, in ms. */
const SHORTEST_MS = 40;
const LONGEST_MS = 400;
/** What a wait of unknown length counts as. */
const USUAL_MS = 150;
/** About how long the whole may take; a long document plays faster. */
const WHOLE_MS = 60_000;
/** With reduced motion the picture changes no more often than this. */
const CALM_MS = 1_000;

/**
 * Return how many times faster than its shortened waits so many changes are played.
 * @param {number} changes
 */
export function speedOf(changes) {
  return Math.max(1, (changes * USUAL_MS) / WHOLE_MS);
}

/**
 * Return how long the picture stands still between two changes, in ms.
 * @param {number | null} before ms since 1970; null where it is not known
 * @param {number | null} after
 */
export function waitBetween(before, after) {
  if (before === null || after === null) return USUAL_MS;
  return Math.min(Math.max(after - before, SHORTEST_MS), LONGEST_MS);
}

/**
 * @typedef {object} Playback
 * @property {() => number} position the change after which the picture is
 * @property {() => number} end
 * @property {(seq: number) => number | null} timeOf when a change was made, ms; null if not known
 * @property {() => boolean} isReady whether the last picture that was wanted is shown
 * @property {(seq: number) => void} show
 * @property {() => void} onChange it plays, or no longer
 */

/** Plays a film, frame by frame; it never wants a picture before the last one is there. */
export class Player {
  #playback;
  #isCalm;
  #frame = 0;
  #then = 0;
  /** Time that has passed and is not played yet, in ms. */
  #due = 0;
  #speed = 1;

  /**
   * @param {Playback} playback
   * @param {boolean} isCalm whether the reader wants little motion
   */
  constructor(playback, isCalm) {
    this.#playback = playback;
    this.#isCalm = isCalm;
  }

  get isPlaying() {
    return this.#frame !== 0;
  }

  /** Play to the end: from the beginning, if it is there already. */
  play() {
    if (this.isPlaying || this.#playback.end() === 0) return;
    if (this.#playback.position() >= this.#playback.end()) this.#playback.show(0);
    this.#speed = speedOf(this.#playback.end() - this.#playback.position());
    this.#due = 0;
    this.#then = performance.now();
    this.#frame = requestAnimationFrame(this.#tick);
    this.#playback.onChange();
  }

  pause() {
    if (!this.isPlaying) return;
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#playback.onChange();
  }

  /** @param {number} now */
  #tick = (now) => {
    this.#frame = requestAnimationFrame(this.#tick);
    // What waits for the server is not made up for afterwards.
    if (!this.#playback.isReady()) {
      this.#then = now;
      return;
    }
    this.#due += Math.max(0, now - this.#then) * this.#speed;
    this.#then = now;
    if (this.#isCalm && this.#due < CALM_MS * this.#speed) return;
    this.#step();
  };

  #step() {
    const { position, end, timeOf, show } = this.#playback;
    const last = end();
    let seq = position();
    while (seq < last) {
      const wait = waitBetween(seq === 0 ? null : timeOf(seq), timeOf(seq + 1));
      if (wait > this.#due) break;
      this.#due -= wait;
      seq += 1;
    }
    if (seq !== position()) show(seq);
    if (seq >= last) this.pause();
  }
}
