/** What a diff says of its changes: who wrote, removed, moved or brought back what. Pure. */
import { ago } from "../lib/time.js";

/** @typedef {import("./diff_view.js").Change} Change */

/** A change of text or of an element, with its author. @typedef {Pick<Change, "kind" | "author" | "received_at" | "brought_back">} Authored */

/**
 * Return how a piece was changed, by whom and when.
 * @param {Authored} change
 */
export function changeText({ kind, author, received_at: at, brought_back: back }) {
  const name = nameOf(author);
  const when = at ? `, ${ago(at)}` : "";
  if (!back) return `${name} ${kind === "insert" ? "added" : "removed"} this${when}`;
  const bringer = nameOf(back.author);
  if (kind === "delete") {
    if (back.moved) return `${bringer} moved this away${when}`;
    return `${name} removed this${when}; ${bringer} brought it back, ${ago(back.received_at)}`;
  }
  const done = back.moved ? "moved it here" : "brought it back";
  return `${name} wrote this${when}; ${bringer} ${done}, ${ago(back.received_at)}`;
}

/**
 * Return what changed, in numbers, and who did it: text that stands again is no new text.
 * @param {Change[]} changes
 */
export function summaryOf(changes) {
  const words = { added: 0, removed: 0, moved: 0, back: 0 };
  let formatted = 0;
  const people = new Set();
  for (const change of changes) {
    const { kind, text, author, brought_back: back, marks_before: marks, node } = change;
    if (kind === "equal") {
      if (marks || node?.attributes_before) formatted += 1;
      continue;
    }
    const what = whatOf(kind, back);
    if (what !== null) words[what] += wordsOf(text);
    people.add(nameOf(kind === "insert" && back ? back.author : author));
  }
  const blocks = changes.some(({ kind, node }) => kind !== "equal" && node);
  if (people.size === 0 && formatted === 0) return "Nothing changed.";
  const counts = [
    words.added && `${counted(words.added, "word")} added`,
    words.removed && `${counted(words.removed, "word")} removed`,
    words.moved && `${counted(words.moved, "word")} moved`,
    words.back && `${counted(words.back, "word")} brought back`,
  ].filter(Boolean);
  const parts = [
    ...counts,
    formatted && counted(formatted, "formatting change"),
    counts.length === 0 && blocks && "Blocks changed",
  ].filter(Boolean);
  const by = people.size > 0 ? ` by ${[...people].join(", ")}` : "";
  return `${parts.join(", ") || "White space changed"}${by}.`;
}

/**
 * Return the authors whose colours the changes have, in the order of their first change.
 * @param {Change[]} changes
 */
export function coloursOf(changes) {
  /** @type {Map<number, string>} */
  const found = new Map();
  for (const { kind, author } of changes) {
    if (kind !== "equal" && author) found.set(author.id, nameOf(author));
  }
  return [...found].map(([id, name]) => ({ id, name }));
}

/**
 * Return what is counted of a change; null for the old place of what was moved.
 * @param {"insert" | "delete"} kind
 * @param {Change["brought_back"]} back
 */
function whatOf(kind, back) {
  if (kind === "delete") return back?.moved ? null : "removed";
  if (!back) return "added";
  return back.moved ? "moved" : "back";
}

/** @param {{name: string | null} | null} author */
function nameOf(author) {
  return author?.name ?? "someone";
}

/** @param {string} text */
function wordsOf(text) {
  return text.split(/\s+/).filter(Boolean).length;
}

/**
 * @param {number} count
 * @param {string} thing
 */
function counted(count, thing) {
  return `${count.toLocaleString("en")} ${thing}${count === 1 ? "" : "s"}`;
}
