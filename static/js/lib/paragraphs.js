/**
 * Return texts as paragraphs for the editor.
 * @param {string[]} texts
 */
export function paragraphsOf(texts) {
  return texts.map((text) => ({ type: "paragraph", content: [{ type: "text", text }] }));
}
