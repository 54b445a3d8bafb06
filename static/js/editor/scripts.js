/**
 * Raised and lowered text in plain text, as the server writes it (`apps/crdt/content/scripts.py`):
 * "10⁶", never "106". Pure.
 */

/** By mark: the sign for what has no characters of its own, and those characters. */
const SCRIPTS = /** @type {Record<string, [string, string, string]>} */ ({
  superscript: ["^", "0123456789+-−=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ"],
  subscript: ["_", "0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎"],
});
/** Endings of ordinals, which read well behind their number. */
const ORDINAL = /^(st|nd|rd|th|e|er|re|ème|º|ª)$/;
/** What would go on with the text before it. */
const GOES_ON = /^\s*[\p{L}\p{N}+\-−=±.,]/u;

/**
 * Return texts of a line as one; each has the name of its script, if any.
 * @param {{text: string, script: string | undefined}[]} parts
 */
export function textOfScripts(parts) {
  let line = "";
  for (let at = 0; at < parts.length; ) {
    const script = parts[at]?.script;
    let words = "";
    for (; at < parts.length && parts[at]?.script === script; at += 1) words += parts[at]?.text;
    line += script ? scripted(words, script, line.at(-1) ?? "") : words;
  }
  return line;
}

/**
 * Return the script of a text with these marks.
 * @param {readonly {type: {name: string}}[]} marks
 */
export function scriptOf(marks) {
  return marks.find(({ type }) => Object.hasOwn(SCRIPTS, type.name))?.type.name;
}

/**
 * @param {string} words
 * @param {string} script
 * @param {string} before the character before them
 */
function scripted(words, script, before) {
  if (!GOES_ON.test(words) || (ORDINAL.test(words) && /\p{Nd}/u.test(before))) return words;
  const [sign = "", plain = "", own = ""] = SCRIPTS[script] ?? [];
  const characters = [...words].map((character) => own[plain.indexOf(character)]);
  if (!characters.includes(undefined)) return characters.join("");
  return /^[\p{L}\p{N}]+$/u.test(words) ? `${sign}${words}` : `${sign}(${words})`;
}
