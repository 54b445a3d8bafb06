/** So many characters of a text are shown. */
const MAX_SHOWN = 60;

/**
 * Return a text in quotation marks, its start if it is long.
 * @param {string} text
 */
export function quoted(text) {
  return text.length > MAX_SHOWN ? `“${text.slice(0, MAX_SHOWN)}…”` : `“${text}”`;
}
