/**
 * Finds the matches of a query in a document, within a bounded time: a regular expression of a person
 * can take longer than anybody waits, so it runs in a worker that is ended.
 */
import { expressionOf, matchesIn, textsOf } from "./find_matches.js";

/** @typedef {import("./find_matches.js").Query} Query */
/** @typedef {import("./find_matches.js").Node} Node */

/** A match as positions of the document. @typedef {{from: number, to: number, insert: string}} Found */

/** A regular expression has so long for all texts of a document. */
const MAX_SEARCH_MS = 1_000;

/** Why there are no matches. */
export class SearchError extends Error {}

export class Search {
  /** Ends the search that runs, without a result. */
  #cancel = () => {};
  /** A query that took too long is not tried again. */
  #tooLong = "";

  /** End what runs. */
  close() {
    this.#cancel();
  }

  /**
   * Return the matches in a document: at once for words, later for a regular expression, and null if
   * another search was begun meanwhile.
   * @param {Query} query
   * @param {string} replacement
   * @param {Node} doc
   * @returns {Promise<Found[] | null> | Found[]}
   */
  find(query, replacement, doc) {
    this.#cancel();
    const expression = compiled(query);
    if (expression === null) return [];
    const blocks = textsOf(doc);
    const texts = blocks.map(({ text }) => text);
    const placed = (/** @type {import("./find_matches.js").Match[]} */ matches) =>
      matches.map(({ text, at, length, insert }) => {
        const from = (blocks[text]?.from ?? 0) + at;
        return { from, to: from + length, insert };
      });
    if (!query.isRegExp) return placed(matchesIn(texts, expression, null, replacement));
    return this.#ask({ query, replacement, texts }).then((found) => found && placed(found));
  }

  /**
   * @param {{query: Query, replacement: string, texts: string[]}} asked
   * @returns {Promise<import("./find_matches.js").Match[] | null>}
   */
  #ask(asked) {
    const name = JSON.stringify(asked.query);
    if (name === this.#tooLong) return Promise.reject(tooLong());
    return new Promise((resolve, reject) => {
      const worker = new Worker(new URL("./find_worker.js", import.meta.url), { type: "module" });
      /** @type {ReturnType<typeof setTimeout> | undefined} */
      let timer;
      const end = () => {
        clearTimeout(timer);
        worker.terminate();
        this.#cancel = () => {};
      };
      this.#cancel = () => {
        end();
        resolve(null);
      };
      worker.addEventListener("error", () => {
        end();
        reject(new SearchError("This could not be searched"));
      });
      worker.addEventListener("message", ({ data: { isReady, found } }) => {
        if (!isReady) {
          end();
          resolve(found);
          return;
        }
        worker.postMessage(asked);
        // The time in which the worker is loaded is not the expression's.
        timer = setTimeout(() => {
          end();
          this.#tooLong = name;
          reject(tooLong());
        }, MAX_SEARCH_MS);
      });
    });
  }
}

function tooLong() {
  return new SearchError("This expression takes too long");
}

/** @param {Query} query */
function compiled(query) {
  try {
    return expressionOf(query);
  } catch {
    throw new SearchError(query.isRegExp ? "This is no regular expression" : "This is too long");
  }
}
