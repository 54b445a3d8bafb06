/** The emoji behind `:` and two letters; their list is loaded with the first of them. */
import { matching } from "./suggestion_state.js";

/** @typedef {import("./suggestion_popup.js").Source} Source */

/** Fewer letters match too much: `:` is written before them as a colon, or a smile. */
const MIN_QUERY_CHARS = 2;
/** Most emoji that are offered. */
const MAX_EMOJI = 30;

/** @typedef {{emoji: string, label: string, words: string}} Emoji */

/**
 * Return the emoji of the vendored list: a line for each. Pure.
 * @param {string} lines
 * @returns {Emoji[]}
 */
export function emojiOf(lines) {
  return lines.split("\n").map((line) => {
    const [emoji = "", label = "", words = ""] = line.split("\t");
    return { emoji, label, words };
  });
}

/**
 * Return the emoji that letters match, as they are typed between colons. Pure.
 * @param {string} query
 * @param {Emoji[]} all
 */
export function matchingEmoji(query, all) {
  const words = query.replace(/:$/, "").replaceAll("_", " ");
  return words.length < MIN_QUERY_CHARS || words !== words.trim()
    ? []
    : matching(words, all, MAX_EMOJI);
}

/** @returns {Source} */
export function emojiMenu() {
  /** @type {Emoji[] | null} */
  let all = null;
  return {
    sign: ":",
    name: "Emoji",
    find: (query) => {
      if (query.length < MIN_QUERY_CHARS) return [];
      if (all !== null) return suggestionsOf(query, all);
      return import("../../vendor/emoji.js").then(({ EMOJI }) => {
        all = emojiOf(EMOJI);
        return suggestionsOf(query, all);
      });
    },
  };
}

/** @param {string} query @param {Emoji[]} all @returns {import("./suggestion_popup.js").Suggestion[]} */
function suggestionsOf(query, all) {
  return matchingEmoji(query, all).map(({ emoji, label }) => ({
    label,
    symbol: emoji,
    run: (editor, { from, to }) => {
      const insert = (
        /** @type {{tr: import("../../vendor/tiptap.js").Editor["state"]["tr"]}} */ props,
      ) => {
        props.tr.insertText(emoji, from, to);
        return true;
      };
      editor.chain().focus().command(insert).run();
    },
  }));
}
