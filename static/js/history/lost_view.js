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
 * @property {{part: string, seq: number} | null} bring_back null: its place is not known
 */

/**
 * @typedef {object} LostActions
 * @property {(text: string) => void} keep inserts a text at the end
 * @property {(part: string, seq: number) => Promise<void>} bringBack inserts it at its place
 */

/** @param {string} path of the document */
export const lostPath = (path) => `${path}deletions/?lost=true&limit=${LIMIT}`;

/**
 * Render lost text, the latest first.
 * @param {{results: LostRow[], next: string | null}} page
 * @param {(username: string) => string} nameOf
 * @param {LostActions | null} actions null without the right
 * @returns {{element: HTMLElement, places: HTMLElement[], summary: string}}
 */
export function renderLost({ results, next }, nameOf, actions) {
  const places = results.map((row) => placeOf(row, nameOf, actions));
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
 * @param {LostActions | null} actions
 */
function placeOf({ author, received_at, written_into_deleted, bring_back }, nameOf, actions) {
  const who = author.username === null ? "Somebody" : nameOf(author.username);
  const text = written_into_deleted.map((piece) => piece.text).join("");
  const label = bring_back ? "Bring it back" : "Add it at the end";
  const button = h("button", { type: "button", class: "button" }, label);
  button.addEventListener("click", () => {
    button.disabled = true;
    if (bring_back) {
      void actions?.bringBack(bring_back.part, bring_back.seq).finally(() => {
        button.disabled = false;
      });
    } else {
      actions?.keep(text);
      button.textContent = "Added at the end";
    }
  });
  return h(
    "li",
    {},
    h("p", { class: "muted" }, `${who}, ${ago(received_at)}`),
    h("blockquote", { dir: "auto" }, text),
    ...(actions === null ? [] : [button]),
  );
}
