/** Moves the blocks of the text: by keys, by the menu of a block, by dragging it. */
import { yUndoPluginKey } from "../../vendor/tiptap.js";
import { Y } from "../../vendor/yjs.js";
import { moveBlock } from "../sync/block_edits.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */
/** @typedef {Editor["state"]["doc"]} Node */
/** @typedef {(copies: import("../sync/copies.js").Copy[]) => void} NoteKnown */

/** Origin of a move, in the person's undo stack. */
const MOVED = Symbol("moved block");

/**
 * The part of the binding that is used (y-tiptap).
 * @typedef {{type: Y.XmlFragment, mapping: Map<unknown, unknown>}} Binding
 */

/** @param {Editor} editor @returns {Binding} */
function bindingOf({ state }) {
  return /** @type {any} */ (state)["y-sync$"].binding;
}

/**
 * Return the element of a block, by the way of child places that leads to it; null if the binding has none.
 * @param {Editor} editor
 * @param {number[]} path
 */
export function elementAt(editor, path) {
  const { type, mapping } = bindingOf(editor);
  /** @type {Y.XmlFragment} */
  let found = type;
  let node = editor.state.doc;
  for (const index of path) {
    node = node.child(index);
    const children = found.toArray();
    const element =
      children.find((child) => mapping.get(child) === node) ??
      (children.length === node.childCount ? children[index] : undefined);
    if (!(element instanceof Y.XmlElement)) return null;
    found = element;
  }
  return found instanceof Y.XmlElement ? found : null;
}

/**
 * Return the place of an element's block in the document; null if it does not stand there.
 * @param {Editor} editor
 * @param {Y.XmlElement} element
 */
export function positionOf(editor, element) {
  const node = bindingOf(editor).mapping.get(element);
  let found = /** @type {number | null} */ (null);
  editor.state.doc.descendants((one, pos) => {
    if (one === node) found = pos;
    return found === null && !one.isTextblock;
  });
  return found;
}

/**
 * Return the way to what the keys move: the item of a list, else the block of the document; null for a
 * selection over several.
 * @param {Editor} editor
 */
export function pathAtCaret({ state: { selection } }) {
  const { $from, $to } = selection;
  let depth = Math.min($from.depth, 1);
  for (let at = $from.depth; at > 1 && depth === 1; at -= 1) {
    if (/^(?:listItem|taskItem)$/.test($from.node(at).type.name)) depth = at;
  }
  // A picture or a line that is selected is between the blocks.
  const last = Math.max(depth, 1);
  const path = Array.from({ length: last }, (_, at) => $from.index(at));
  if (depth === 0) return $to.pos - $from.pos === $from.nodeAfter?.nodeSize ? path : null;
  return $to.depth >= depth && $to.before(depth) === $from.before(depth) ? path : null;
}

/**
 * Move a block before another one of its siblings, as a step of undo by itself. The caret stays in it.
 * @param {Editor} editor
 * @param {Y.XmlElement} element
 * @param {Y.XmlElement | null} before null for the end
 * @param {NoteKnown} noteKnown
 */
export function moveElement(editor, element, before, noteKnown) {
  const { selection } = editor.state;
  const { from, to, head } = selection;
  const start = positionOf(editor, element);
  const size = start === null ? 0 : (editor.state.doc.nodeAt(start)?.nodeSize ?? 0);
  const undo = yUndoPluginKey.getState(editor.state)?.undoManager;
  undo?.addTrackedOrigin(MOVED);
  undo?.stopCapturing();
  const moved = moveBlock(element, before, { origin: MOVED, noteKnown });
  undo?.stopCapturing();
  if (moved === null) return false;
  const now = positionOf(editor, moved);
  if (now !== null && start !== null && from >= start && to <= start + size) {
    if ("node" in selection) editor.commands.setNodeSelection(now);
    else editor.commands.setTextSelection(now + Math.min(Math.max(head - start, 1), size - 1));
  }
  return true;
}

/**
 * Move a block of a path by one place; false at the first or last one.
 * @param {Editor} editor
 * @param {number[]} path
 * @param {1 | -1} by
 * @param {NoteKnown} noteKnown
 */
export function moveBy(editor, path, by, noteKnown) {
  const index = path.at(-1) ?? 0;
  const parent = path.slice(0, -1);
  const node = parent.reduce((one, at) => one.child(at), editor.state.doc);
  if (index + by < 0 || index + by >= node.childCount) return false;
  const element = elementAt(editor, path);
  const place = by > 0 ? index + 2 : index - 1;
  const before = place < node.childCount ? elementAt(editor, [...parent, place]) : null;
  if (element === null || (before === null && place < node.childCount)) return false;
  return moveElement(editor, element, before, noteKnown);
}
