/** Shows text that was written into what somebody else had deleted: it is in no version. */
import { ago } from "../lib/time.js";
import { h } from "../ui/dom.js";

/** So many operations are asked for. */
const LIMIT = 100;

/**
 * A row of `…/deletions/`.
 * @typedef {object} LostRow
 * @property {number} seq
 * @property {string} received_at
 * @property {{username: string | null}} author
 * @property {{text: string}[]} written_into_deleted
 */

/** @param {string} path of the document */
export const lostPath = (path) => `${path}deletions/?lost=true&limit=${LIMIT}`;

/**
 * Render lost text, the latest first.
 * @param {{results: LostRow[], next: string | null}} page
 * @param {(username: string) => string} nameOf
 * @param {((text: string) => void) | null} keep inserts a text; null without the right
 * @returns {{element: HTMLElement, places: HTMLElement[], summary: string}}
 */
export function renderLost({ results, next }, nameOf, keep) {
  const places = results.map((row) => placeOf(row, nameOf, keep));
  const empty = "Nothing was written into a part that somebody else had deleted.";
  const element = places.length
    ? h("ul", { class: "history-lost" }, ...places)
    : h("p", { class: "muted" }, empty);
  return { element, places, summary: lostSummary(results.length, next !== null) };
}

/**
 * @param {number} count
 * @param {boolean} hasMore
 */
export function lostSummary(count, hasMore) {
  if (count === 0) return "No lost text";
  const texts = count === 1 ? "1 text" : `${count} texts`;
  return `${hasMore ? `The latest ${texts}` : texts} that went with a deleted part`;
}

/**
 * @param {LostRow} row
 * @param {(username: string) => string} nameOf
 * @param {((text: string) => void) | null} keep
 */
function placeOf({ author, received_at, written_into_deleted }, nameOf, keep) {
  const who = author.username === null ? "Somebody" : nameOf(author.username);
  const text = written_into_deleted.map((piece) => piece.text).join("");
  const button = h("button", { type: "button", class: "button" }, "Add it at the end");
  button.addEventListener("click", () => {
    keep?.(text);
    button.disabled = true;
    button.textContent = "Added at the end";
  });
  return h(
    "li",
    {},
    h("p", { class: "muted" }, `${who}, ${ago(received_at)}`),
    h("blockquote", { dir: "auto" }, text),
    ...(keep === null ? [] : [button]),
  );
}
