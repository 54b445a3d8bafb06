/**
 * Asks the server for move conflicts that stand in the document, whichever pages were open when the
 * edits met: after the page has opened, and when an edit of others looks as if it had met another one.
 */
import { conflictsOf, mayConflict } from "../sync/found_conflicts.js";

/** @typedef {import("../sync/found_conflicts.js").ConflictRow} ConflictRow */

/**
 * @typedef {object} Context
 * @property {import("../lib/api.js").Api} api
 * @property {import("../pages/editor_page.js").Page} page
 * @property {string} scope names the person and the document
 */

/** The page is asked for first, and its writers are told first. */
const OPEN_PAUSE_MS = 3_000;
/** The pages of the two writers end most conflicts by themselves before that. */
const MERGE_PAUSE_MS = 10_000;
/** Not all pages of a document ask at once. */
const SPREAD_MS = 20_000;

/** Asks for conflicts now and then. */
export class FoundConflicts {
  #provider;
  #context;
  #offer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {import("../sync/provider.js").Provider} provider
   * @param {Context} context
   * @param {(conflicts: import("../sync/move_conflicts.js").MoveConflicts, reason: string) => void} offer
   */
  constructor(provider, context, offer) {
    this.#provider = provider;
    this.#context = context;
    this.#offer = offer;
    this.#askIn(OPEN_PAUSE_MS);
  }

  /**
   * Ask soon if an update that was merged may have met another edit.
   * @param {import("../../vendor/yjs.js").Y.Transaction} transaction
   * @param {Uint8Array} update
   */
  onMerged(transaction, update) {
    if (this.#timer !== undefined) return;
    // What came while there was no connection is one update.
    if (!this.#provider.state.synced || mayConflict(transaction, update)) {
      this.#askIn(MERGE_PAUSE_MS + Math.random() * SPREAD_MS);
    }
  }

  /** @param {number} ms */
  #askIn(ms) {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#ask();
    }, ms);
  }

  async #ask() {
    const { api, page } = this.#context;
    const { write, look_at_history: mayLook } = page.document.abilities;
    if (!write || !mayLook) return;
    if (!this.#provider.state.synced) {
      this.#askIn(OPEN_PAUSE_MS);
      return;
    }
    try {
      const { results } = await api.call(`documents/${page.document.id}/move-conflicts/`);
      if (results.length > 0)
        this.#offer(conflictsOf(results), reasonOf(results, Number(page.user.id)));
    } catch (error) {
      // The next edit asks again; the history shows them as well.
      console.warn("Conflicting edits were not asked for:", error);
    }
  }
}

/**
 * Return why there are conflicts, as the end of a sentence.
 * @param {ConflictRow[]} rows
 * @param {number} selfId
 */
export function reasonOf(rows, selfId) {
  const people = new Map(
    rows.flatMap(({ author, other }) => [author, other.author]).map((who) => [who.id, who]),
  );
  const self = people.has(selfId);
  people.delete(selfId);
  const names = [...people.values()].map(({ name }) => name ?? "somebody else");
  if (names.length + Number(self) > 2) return "because people changed the same paragraph at once.";
  if (self) names.push("you");
  if (names.length === 1) return `because ${names[0]} changed the same paragraph on two pages.`;
  return `because ${names.join(" and ")} changed the same paragraph.`;
}
