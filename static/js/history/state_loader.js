/** Shows the state at the wanted position, one after the other: a late one never replaces a newer. */
import { Y } from "../../vendor/yjs.js";
import { SupersededError } from "./replay.js";
import { StateView } from "./state_view.js";

/** @typedef {import("../lib/api.js").Api} Api */
/** @typedef {import("./replay.js").Replay} Replay */

/** A part of the log that is not loaded is asked for when the slider has rested for so long. */
const REST_MS = 60;

/**
 * @typedef {object} StateLoaderHooks
 * @property {() => {seq: number, start: number, isPlaying: boolean}} position what is wanted
 * @property {() => void} onShown the state at the position is on the screen
 * @property {() => void} onEnd all that was wanted is shown
 * @property {(error: unknown) => void} onError
 */

/** Loads states from the replay, or from the server before the log's start, and shows them. */
export class StateLoader {
  /** The replay once the log is there. @type {Replay | null} */
  replay = null;
  /** The position whose state is shown, -1 for another document. */
  shownSeq = -1;
  #api;
  #path;
  #sheet;
  #hooks;
  #view;
  #isRunning = false;
  #isClosed = false;
  /** Called when another position is wanted. @type {() => void} */
  #onMove = () => {};

  /**
   * @param {Api} api
   * @param {string} path of the document
   * @param {HTMLElement} sheet
   * @param {StateLoaderHooks} hooks
   */
  constructor(api, path, sheet, hooks) {
    this.#api = api;
    this.#path = path;
    this.#sheet = sheet;
    this.#hooks = hooks;
    this.#view = new StateView(sheet);
  }

  close() {
    this.#isClosed = true;
    this.replay?.close();
    this.#view.destroy();
  }

  /**
   * Show the present of a document that others write in.
   * @param {Y.Doc} doc
   */
  showLive(doc) {
    this.#view.show(doc, { isLive: true });
  }

  /**
   * Show a document that is no state of the log.
   * @param {Y.Doc} doc
   */
  showOther(doc) {
    this.#view.show(doc);
  }

  /** Forget what is shown: it is no state of the log. */
  invalidate() {
    this.shownSeq = -1;
  }

  /** Show the state at the position that is wanted now. */
  follow() {
    this.#onMove();
    void this.#run();
  }

  async #run() {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      while (this.replay && !this.#isClosed) {
        const { seq } = this.#hooks.position();
        if (this.shownSeq === seq) break;
        await this.#showState(this.replay, seq);
      }
      this.#hooks.onEnd();
    } catch (error) {
      this.#hooks.onError(error);
    }
    this.#isRunning = false;
    this.#setBusy(false);
  }

  /**
   * Show a state, unless another one is wanted before it is loaded.
   * @param {Replay} replay
   * @param {number} seq
   */
  async #showState(replay, seq) {
    if (seq < this.#hooks.position().start) {
      const stored = new Y.Doc();
      Y.applyUpdate(stored, await this.#api.bytes(`${this.#path}at/${seq}/state/`));
      if (this.#hooks.position().seq === seq && !this.#isClosed) this.#show(stored, seq);
      return;
    }
    const isHere = replay.has(seq);
    const moved = new Promise((/** @type {(value: null) => void} */ resolve) => {
      this.#onMove = () => resolve(null);
    });
    if (!isHere) {
      this.#setBusy(true);
      await Promise.race([moved, rest(REST_MS)]);
      if (this.#hooks.position().seq !== seq) return;
    }
    const doc = await (isHere ? replay.at(seq) : Promise.race([replay.at(seq), moved])).catch(
      (/** @type {unknown} */ error) => {
        if (error instanceof SupersededError) return null;
        throw error;
      },
    );
    if (!doc || this.#isClosed) return;
    this.#show(doc, seq);
    await frame();
  }

  /**
   * @param {Y.Doc} doc
   * @param {number} seq
   */
  #show(doc, seq) {
    const isStep = Math.abs(seq - this.shownSeq) === 1 || this.#hooks.position().isPlaying;
    this.#view.show(doc, { follow: isStep });
    this.shownSeq = seq;
    this.#sheet.dataset.seq = String(seq);
    this.#setBusy(false);
    this.#hooks.onShown();
  }

  /** @param {boolean} isBusy */
  #setBusy(isBusy) {
    this.#sheet.setAttribute("aria-busy", String(isBusy));
  }
}

/** @param {number} ms */
function rest(ms) {
  return new Promise((/** @type {(value: null) => void} */ resolve) => {
    setTimeout(() => resolve(null), ms);
  });
}

/** Wait until the page has drawn. */
function frame() {
  return new Promise((resolve) => {
    requestAnimationFrame(resolve);
  });
}
