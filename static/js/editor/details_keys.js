/** The keys of parts to unfold, and the caret that unfolds them. Loaded when the first one is shown. */
import { Plugin, PluginKey } from "../../vendor/tiptap.js";
import { unfoldAt } from "./details.js";
import { detailsRange } from "./details_range.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */

const KEY = new PluginKey("detailsKeys");

/**
 * Let an editor write in parts to unfold; called once.
 * @param {Editor} editor
 */
export function registerDetails(editor) {
  const handleKeyDown = (/** @type {unknown} */ _view, /** @type {KeyboardEvent} */ event) =>
    editor.isEditable && !event.isComposing && onKey(editor, event);
  editor.registerPlugin(new Plugin({ key: KEY, props: { handleKeyDown } }), (plugin, plugins) => [
    plugin,
    ...plugins,
  ]);
  editor.on("selectionUpdate", () => unfoldAt(editor, editor.state.selection.head));
}

/**
 * @param {Editor} editor
 * @param {KeyboardEvent} event
 */
function onKey(editor, { key, shiftKey, ctrlKey, metaKey, altKey }) {
  const { selection } = editor.state;
  if (!selection.empty || shiftKey || ctrlKey || metaKey || altKey) return false;
  const isSummary = selection.$from.parent.type.name === "detailsSummary";
  if (key === "Enter") return isSummary ? goInside(editor) : goBehind(editor);
  return key === "Backspace" && isSummary && selection.$from.parentOffset === 0 && unwrap(editor);
}

/** Go from the summary to the content. @param {Editor} editor */
function goInside(editor) {
  // Behind the summary the content begins, and in it its first block.
  const inside = editor.state.selection.$from.after() + 2;
  unfoldAt(editor, inside);
  return editor.commands.setTextSelection(inside);
}

/** Go from an empty last paragraph of the content to a paragraph behind it. @param {Editor} editor */
function goBehind(editor) {
  const { $from } = editor.state.selection;
  const content = $from.depth > 2 ? $from.node(-1) : null;
  if (content?.type.name !== "detailsContent" || $from.parent.content.size > 0) return false;
  if (content.childCount === 1 || $from.index(-1) < content.childCount - 1) return false;
  const end = $from.after(-2);
  return editor.commands.command(({ tr, state: { schema } }) => {
    tr.insert(end, schema.node("paragraph"));
    tr.delete($from.before(), $from.after());
    const { selection } = tr;
    const at = tr.doc.resolve(tr.mapping.map(end, -1) + 1);
    tr.setSelection(/** @type {any} */ (selection.constructor).near(at)).scrollIntoView();
    return true;
  });
}

/** Make the blocks of a part to unfold those of the text. @param {Editor} editor */
function unwrap(editor) {
  const { $from } = editor.state.selection;
  const details = $from.node(-1);
  const at = $from.before(-1);
  return editor.commands.command(({ tr, state: { schema } }) => {
    const line = schema.node("paragraph", null, details.firstChild?.content);
    const blocks = details.lastChild?.content.content ?? [];
    tr.replaceWith(at, at + details.nodeSize, [line, ...blocks]);
    const { selection } = tr;
    tr.setSelection(/** @type {any} */ (selection.constructor).near(tr.doc.resolve(at + 1)));
    return true;
  });
}

/**
 * Make a part to unfold of the blocks of the selection.
 * @param {Editor} editor
 */
export function insertDetails(editor) {
  const range = detailsRange(editor);
  if (!range || !editor.isEditable) return;
  editor
    .chain()
    .focus()
    .command(({ tr, state: { schema } }) => {
      const { start, end } = range;
      const summary = schema.node("detailsSummary");
      const content = schema.node("detailsContent", null, tr.doc.slice(start, end).content);
      tr.replaceWith(start, end, schema.node("details", null, [summary, content]));
      const { selection } = tr;
      // In the summary: the part and its summary begin before it.
      tr.setSelection(/** @type {any} */ (selection.constructor).near(tr.doc.resolve(start + 2)));
      return true;
    })
    .run();
}
