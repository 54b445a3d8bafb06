/** Plays a document from a state to the present: the speed, and the frames. */

/** Bounds of the wait between two changes. */
const MIN_WAIT_MS = 40;
const MAX_WAIT_MS = 400;
/** The wait where the times of the changes are not known. */
const DEFAULT_WAIT_MS = 150;
/** Approximate maximum of the whole playback: a long document plays faster. */
const MAX_PLAYBACK_MS = 60_000;
/** With reduced motion the text changes no more often than this. */
const REDUCED_MOTION_MS = 1_000;

/**
 * Return the factor by which so many changes are played faster than their waits.
 * @param {number} changes
 */
export function speedOf(changes) {
  return Math.max(1, (changes * DEFAULT_WAIT_MS) / MAX_PLAYBACK_MS);
}

/**
 * Return the wait between two changes in ms.
 * @param {number | null} before ms since the epoch; null if not known
 * @param {number | null} after
 */
export function waitBetween(before, after) {
  if (before === null || after === null) return DEFAULT_WAIT_MS;
  return Math.min(Math.max(after - before, MIN_WAIT_MS), MAX_WAIT_MS);
}

/**
 * @typedef {object} Playback
 * @property {() => number} position the operation whose state is shown
 * @property {() => number} end
 * @property {(seq: number) => number | null} timeOf time of a change, ms since the epoch; null if not known
 * @property {() => boolean} isReady whether the state at the position is on the screen
 * @property {(seq: number) => void} show
 * @property {() => void} onChange called when playing begins or ends
 */

/** Plays frame by frame; waits until the state that it asked for is shown. */
export class Player {
  #playback;
  #isReducedMotion;
  #frame = 0;
  #lastFrameAt = 0;
  /** Time in ms that has passed and is not played yet. */
  #due = 0;
  #speed = 1;

  /**
   * @param {Playback} playback
   * @param {boolean} isReducedMotion whether the reader prefers reduced motion
   */
  constructor(playback, isReducedMotion) {
    this.#playback = playback;
    this.#isReducedMotion = isReducedMotion;
  }

  get isPlaying() {
    return this.#frame !== 0;
  }

  /** Play to the end; from the beginning if the position is the end. */
  play() {
    if (this.isPlaying || this.#playback.end() === 0) return;
    if (this.#playback.position() >= this.#playback.end()) this.#playback.show(0);
    this.#speed = speedOf(this.#playback.end() - this.#playback.position());
    this.#due = 0;
    this.#lastFrameAt = performance.now();
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
    // Time spent on waiting for the server is not played.
    if (!this.#playback.isReady()) {
      this.#lastFrameAt = now;
      return;
    }
    this.#due += Math.max(0, now - this.#lastFrameAt) * this.#speed;
    this.#lastFrameAt = now;
    if (this.#isReducedMotion && this.#due < REDUCED_MOTION_MS * this.#speed) return;
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
