/** Matches of find and replace: which texts of a document match, and what replaces them. Pure. */

/** @typedef {import("../../vendor/tiptap.js").Editor["state"]["doc"]} Node */

/**
 * What is sought.
 * @typedef {{text: string, isCase: boolean, isWord: boolean, isRegExp: boolean}} Query
 */

/** A match: where it begins in which text, its length, and what replaces it. @typedef {{text: number, at: number, length: number, insert: string}} Match */

/** A block's text, and where it begins in the document. @typedef {{from: number, text: string}} BlockText */

/** Most characters of what is sought, and most matches that are counted. */
export const MAX_QUERY_CHARS = 1_000;
export const MAX_MATCHES = 10_000;
/** Most characters of all replacements together: a group may be repeated in each. */
const MAX_INSERTED_CHARS = 5_000_000;

/**
 * Return the expression of a query; null for an empty one. Throws on one that is not correct.
 * @param {Query} query
 */
export function expressionOf({ text, isCase, isWord, isRegExp }) {
  if (text === "") return null;
  if (text.length > MAX_QUERY_CHARS) throw new SyntaxError("What is sought is too long.");
  const source = isRegExp ? text : text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  // Checked alone, so that the brackets around it cannot complete it.
  new RegExp(source, "u");
  const whole = `(?<![\\p{L}\\p{N}_])(?:${source})(?![\\p{L}\\p{N}_])`;
  return new RegExp(isWord ? whole : source, isCase ? "gu" : "giu");
}

/**
 * Return the texts of all blocks: a character for each position, a line break as one, other nodes as one
 * that no text has.
 * @param {Node} doc
 * @returns {BlockText[]}
 */
export function textsOf(doc) {
  /** @type {BlockText[]} */
  const texts = [];
  doc.descendants((node, pos) => {
    if (!node.isTextblock) return true;
    let text = "";
    node.forEach((child) => {
      if (child.isText) text += child.text;
      else text += child.type.name === "hardBreak" ? "\n" : "\ufffc".repeat(child.nodeSize);
    });
    if (text !== "") texts.push({ from: pos + 1, text });
    return false;
  });
  return texts;
}

/**
 * Return the first matches within texts, in order. An expression that matches nothing at all, such as
 * `x*`, has no match there; nor has one that takes a picture or another node with it.
 * @param {readonly string[]} texts
 * @param {RegExp} expression
 * @param {string | null} replacement with `$1`, `$&` and `$<name>`; null for the letters themselves
 * @param {string} [literal] what replaces each match as it is
 * @returns {Match[]}
 */
export function matchesIn(texts, expression, replacement, literal = "") {
  /** @type {Match[]} */
  const found = [];
  let inserted = 0;
  for (const [index, text] of texts.entries()) {
    for (const match of text.matchAll(expression)) {
      const [letters] = match;
      if (letters === "" || letters.includes("\ufffc")) continue;
      const insert = replacement === null ? literal : expanded(replacement, match);
      inserted += insert.length;
      if (inserted > MAX_INSERTED_CHARS) return found;
      found.push({ text: index, at: match.index, length: letters.length, insert });
      if (found.length === MAX_MATCHES) return found;
    }
  }
  return found;
}

/**
 * Return a replacement with its groups.
 * @param {string} replacement
 * @param {RegExpMatchArray} match
 */
function expanded(replacement, match) {
  return replacement.replace(/\$(?:\$|&|<([^>]*)>|(\d\d?))/g, (sign, name, digits) => {
    if (sign === "$$") return "$";
    if (sign === "$&") return match[0];
    if (name !== undefined) return match.groups?.[name] ?? "";
    const [two, one] = [Number(digits), Number(digits.charAt(0))];
    if (two > 0 && two < match.length) return match[two] ?? "";
    if (one > 0 && one < match.length) return (match[one] ?? "") + digits.slice(1);
    return sign;
  });
}
