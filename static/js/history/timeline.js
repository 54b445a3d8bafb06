/** The slider of the history: the position in the log, the steps between positions, playing. */
import { debounced, icon } from "../ui/dom.js";
import { partsOf } from "../ui/template.js";
import { positionText } from "./history_text.js";
import { Player } from "./player.js";
import { drawTicks, ticksOf } from "./ticks.js";

/** @typedef {import("./session_list.js").SessionList} SessionList */
/** @typedef {import("./log_stream.js").Mark} Mark */

/** The position is announced when the slider has rested for so long. */
const ANNOUNCE_MS = 600;

/**
 * @typedef {object} TimelineHooks
 * @property {(seq: number) => Mark | null} markOf who made a change, and when; null if not loaded
 * @property {() => boolean} isShown whether the state at the position is on the screen
 * @property {() => void} onMove the position is another
 * @property {() => void} onRefresh what depends on the position is to be shown again
 */

/** The position in the log of one document, and the controls that move it. */
export class Timeline {
  /** The position: the state after this operation is shown. */
  seq = 0;
  /** The last operation of the log. */
  head = 0;
  /** The position before the first operation of the log, which may be compacted. */
  start = 0;
  /** Where the reader went before the log was there. @type {number | null} */
  #wanted = null;
  #isReady = false;
  #parts;
  #list;
  #hooks;
  #player;
  #announceSoon = debounced(ANNOUNCE_MS, () => this.#announce());

  /**
   * @param {ParentNode} root
   * @param {SessionList} list
   * @param {TimelineHooks} hooks
   */
  constructor(root, list, hooks) {
    this.#list = list;
    this.#hooks = hooks;
    this.#parts = partsOf(root, {
      main: HTMLElement,
      transport: HTMLElement,
      slider: HTMLInputElement,
      ticks: HTMLElement,
      play: HTMLButtonElement,
      earlier: HTMLButtonElement,
      later: HTMLButtonElement,
      progress: HTMLProgressElement,
      who: HTMLElement,
      place: HTMLElement,
      said: HTMLElement,
    });
    this.#player = new Player(
      {
        position: () => this.seq,
        end: () => this.head,
        timeOf: (seq) => hooks.markOf(seq)?.at ?? null,
        isReady: () => hooks.isShown(),
        show: (seq) => this.goTo(seq),
        onChange: () => this.#showPlaying(),
      },
      matchMedia("(prefers-reduced-motion: reduce)").matches,
    );
    this.#bind();
  }

  get isPlaying() {
    return this.#player.isPlaying;
  }

  get isAtHead() {
    return this.seq === this.head;
  }

  pause() {
    this.#player.pause();
  }

  /**
   * Begin at a position, or where the reader has gone meanwhile.
   * @param {number} start
   * @param {number} head
   * @param {number} [seq]
   */
  begin(start, head, seq) {
    this.start = start;
    this.#parts.slider.min = String(start);
    this.setHead(head);
    this.#isReady = true;
    this.goTo(Math.min(this.#wanted ?? seq ?? head, head));
  }

  /** @param {number} head */
  setHead(head) {
    this.head = head;
    this.#parts.slider.max = String(head);
    this.showTicks();
  }

  /** Show where the sessions that are loaded begin. */
  showTicks() {
    drawTicks(this.#parts.ticks, ticksOf(this.#list.rows, this));
  }

  /**
   * Go where the reader wants, which ends playing.
   * @param {number} seq
   */
  pick(seq) {
    this.#player.pause();
    if (this.#isReady) this.goTo(seq);
    else this.#wanted = seq;
  }

  /** @param {number} seq */
  goTo(seq) {
    this.seq = Math.max(0, Math.min(seq, this.head));
    this.#hooks.onMove();
    this.refresh();
    this.#announceSoon();
  }

  /** Show the position, with the author and the time as far as they are known. */
  refresh() {
    const { slider, who, place, earlier, later } = this.#parts;
    const mark = this.#hooks.markOf(this.seq);
    const [name, count] = positionText(this, mark, (username) => this.#list.nameOf(username));
    who.textContent = name;
    place.textContent = count;
    slider.value = String(this.seq);
    slider.setAttribute("aria-valuetext", [name, count].filter(Boolean).join(", "));
    earlier.setAttribute("aria-disabled", String(this.seq <= this.start));
    later.setAttribute("aria-disabled", String(this.isAtHead));
    this.#list.mark(this.seq);
    this.#hooks.onRefresh();
  }

  /**
   * Show how much of the log around the position is loaded.
   * @param {number} share from 0 to 1
   */
  showProgress(share) {
    this.#parts.progress.value = share;
    this.#parts.progress.classList.toggle("is-done", share >= 1);
    this.refresh();
  }

  /** Hide the progress: what could be loaded is loaded. */
  endProgress() {
    this.#parts.progress.classList.add("is-done");
  }

  #bind() {
    const { play, earlier, later, slider, transport } = this.#parts;
    play.addEventListener("click", () => this.#togglePlaying());
    earlier.addEventListener("click", () => void this.#toSession(-1));
    later.addEventListener("click", () => void this.#toSession(1));
    slider.addEventListener("input", () => this.pick(Number(slider.value)));
    transport.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /**
   * Go to the end of the session before or after.
   * @param {-1 | 1} direction
   */
  async #toSession(direction) {
    this.#player.pause();
    const from = this.seq;
    if (direction > 0) {
      this.goTo(this.#list.after(from) ?? this.head);
      return;
    }
    const to = Math.max(await this.#list.before(from), Math.min(from, this.start));
    if (this.seq === from) this.goTo(to);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    /** @type {Record<string, () => unknown>} */
    const keys = {
      PageUp: () => this.#toSession(1),
      PageDown: () => this.#toSession(-1),
      ArrowLeft: () => this.pick(Math.max(this.seq - 1, this.start)),
      ArrowRight: () => this.pick(this.seq + 1),
      Home: () => this.pick(this.start),
      End: () => this.pick(this.head),
    };
    // On a button the space bar presses it; the slider has no use for it.
    if (event.target === this.#parts.slider) keys[" "] = () => this.#togglePlaying();
    const action = keys[event.key];
    if (!action) return;
    event.preventDefault();
    void action();
  }

  #togglePlaying() {
    if (this.#player.isPlaying) this.#player.pause();
    else this.#player.play();
  }

  #showPlaying() {
    const { play, main } = this.#parts;
    const { isPlaying } = this.#player;
    play.replaceChildren(icon(isPlaying ? "pause" : "play"));
    play.setAttribute("aria-label", isPlaying ? "Pause" : "Play");
    main.classList.toggle("is-playing", isPlaying);
    if (!isPlaying) this.#announceSoon();
  }

  #announce() {
    const { said, slider } = this.#parts;
    if (!this.#player.isPlaying) said.textContent = slider.getAttribute("aria-valuetext");
  }
}
