/** In place of the text: what changed in a session or since then, or text that is lost or doubled. */
import { debounced, reveal } from "../ui/dom.js";
import { partsOf } from "../ui/template.js";
import { renderDiff } from "./diff_view.js";
import { conflictsPath, withConflicts } from "./conflict_view.js";
import { changesRange, nextPlace } from "./history_text.js";
import { lostPath, renderLost } from "./lost_view.js";
import { ViewTabs } from "./view_tabs.js";

/** @typedef {import("../lib/api.js").Api} Api */

/** Changes are asked for when the slider has rested for so long. */
const LOAD_PAUSE_MS = 150;

/**
 * @typedef {object} ChangesViewHooks
 * @property {() => {seq: number, head: number}} position
 * @property {(seq: number) => number} startOf the state before the session that a change is in
 * @property {((part: string, against: number) => Promise<void>) | null} onRestorePart null: one may not
 * @property {(username: string) => string} nameOf
 * @property {((text: string) => void) | null} onKeepText null: one may not
 * @property {((row: import("../sync/found_conflicts.js").ConflictRow) => void) | null} onEndConflict null: one may not
 * @property {() => void} onShown
 * @property {(error: unknown) => void} onError
 */

/** Shows changes with their authors, and steps through them. */
export class ChangesView {
  /** "text": none are shown. */
  #view = "text";
  #shownRange = "";
  /** @type {HTMLElement[]} */
  #places = [];
  #isClosed = false;
  /** Counts the loads: the one begun last is shown, however long others take. */
  #loads = 0;
  #api;
  #path;
  #parts;
  #hooks;
  #loadSoon = debounced(LOAD_PAUSE_MS, () => void this.#load());

  /**
   * @param {Api} api
   * @param {string} path of the document
   * @param {ParentNode} root
   * @param {ChangesViewHooks} hooks
   */
  constructor(api, path, root, hooks) {
    this.#api = api;
    this.#path = path;
    this.#hooks = hooks;
    this.#parts = partsOf(root, {
      main: HTMLElement,
      views: HTMLElement,
      changes: HTMLElement,
      changesBar: HTMLElement,
      changesText: HTMLElement,
      changeBefore: HTMLButtonElement,
      changeAfter: HTMLButtonElement,
    });
    const { views, changeBefore, changeAfter } = this.#parts;
    new ViewTabs(views, (view) => this.#setView(view));
    changeBefore.addEventListener("click", () => this.#toChange(-1));
    changeAfter.addEventListener("click", () => this.#toChange(1));
  }

  close() {
    this.#isClosed = true;
  }

  /** Show the changes at the present position soon, if changes are shown. */
  refreshSoon() {
    if (this.#view !== "text") this.#loadSoon();
  }

  /** @param {string} view */
  #setView(view) {
    this.#view = view;
    this.#shownRange = "";
    const { main, changes, changesBar } = this.#parts;
    main.classList.toggle("is-diff", view !== "text");
    changesBar.hidden = view === "text";
    changes.replaceChildren();
    if (view !== "text") void this.#load();
  }

  #range() {
    return changesRange(this.#view, this.#hooks.position(), this.#hooks.startOf);
  }

  /** Return what is to be shown, as a word; empty for the text. */
  #wanted() {
    if (this.#view === "text" || this.#isClosed) return "";
    return this.#view === "lost" ? "lost" : this.#range().join("-");
  }

  async #load() {
    const { changes } = this.#parts;
    const wanted = this.#wanted();
    if (wanted === "" || wanted === this.#shownRange) return;
    this.#loads += 1;
    const load = this.#loads;
    changes.setAttribute("aria-busy", "true");
    try {
      const shown = await (wanted === "lost" ? this.#loadLost() : this.#loadDiff());
      if (load !== this.#loads || this.#wanted() !== wanted) return;
      this.#show(shown);
      this.#shownRange = wanted;
      this.#hooks.onShown();
    } catch (error) {
      if (load === this.#loads && this.#wanted() === wanted) this.#hooks.onError(error);
    }
    changes.setAttribute("aria-busy", "false");
  }

  async #loadDiff() {
    const [against, seq] = this.#range();
    const answer = await this.#api.call(`${this.#path}at/${seq}/diff/?against=${against}`);
    const { onRestorePart } = this.#hooks;
    const restorePart = (/** @type {string} */ part) => void onRestorePart?.(part, against);
    return renderDiff(answer.changes, onRestorePart && restorePart);
  }

  async #loadLost() {
    const { nameOf, onKeepText, onRestorePart, onEndConflict } = this.#hooks;
    const bringBack = async (/** @type {string} */ part, /** @type {number} */ seq) => {
      await onRestorePart?.(part, seq);
      // More than this text may have come back with its part.
      this.#shownRange = "";
      this.refreshSoon();
    };
    const actions = onKeepText && { keep: onKeepText, bringBack };
    const [lost, { results }] = await Promise.all([
      this.#api.call(lostPath(this.#path)),
      this.#api.call(conflictsPath(this.#path)),
    ]);
    return withConflicts(renderLost(lost, nameOf, actions), results, onEndConflict);
  }

  /** @param {{element: HTMLElement, places: HTMLElement[], summary: string}} shown */
  #show({ element, places, summary }) {
    const { changes, changesText, changeBefore, changeAfter } = this.#parts;
    this.#places = places;
    changes.replaceChildren(element);
    changesText.textContent = summary;
    changeBefore.disabled = changeAfter.disabled = places.length === 0;
    reveal(places[0], changes);
  }

  /**
   * Bring the change before or after the one in view into view.
   * @param {-1 | 1} direction
   */
  #toChange(direction) {
    const at = this.#places.findIndex((place) => place.classList.contains("is-here"));
    const to = nextPlace(at, this.#places.length, direction);
    this.#places[at]?.classList.remove("is-here");
    const place = this.#places[to];
    if (!place) return;
    place.classList.add("is-here");
    place.scrollIntoView({ block: "center" });
    // Who changed it and when, as its tooltip says by mouse.
    const { tooltip } = place.dataset;
    const number = `${to + 1} of ${this.#places.length}`;
    this.#parts.changesText.textContent = tooltip ? `${number}: ${tooltip}` : number;
  }
}
