/** What becomes a part to unfold. */

/**
 * Return the blocks of the selection; null where no part to unfold can have them, as items of a list.
 * @param {import("../../vendor/tiptap.js").Editor} editor
 */
export function detailsRange({ state: { doc, schema, selection } }) {
  const range = selection.$from.blockRange(selection.$to);
  if (!range) return null;
  const { content } = doc.slice(range.start, range.end);
  return schema.nodes.detailsContent?.validContent(content) ? range : null;
}
