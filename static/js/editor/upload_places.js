/** Where a file stands that is on its way: a position in the text, and one that outlives the page. */
import { Y } from "../../vendor/yjs.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */
/** @typedef {Editor["state"]["doc"]} PMNode */

/** The shared type of the text. */
const ROOT = "default";

/**
 * Return the end of the block at a position, behind the pictures and files that follow it: there another
 * one may stand.
 * @param {PMNode} doc
 * @param {number} at
 */
export function blockEdge(doc, at) {
  const place = doc.resolve(Math.min(at, doc.content.size));
  if (place.depth === 0 || !place.parent.isTextblock) return place.pos;
  let edge = place.after();
  for (let node = doc.nodeAt(edge); node; node = doc.nodeAt(edge)) {
    if (node.type.name !== "image" && node.type.name !== "file") break;
    edge += node.nodeSize;
  }
  return edge;
}

/**
 * Return where a position is that was seen before this module was loaded: the end of its block if the
 * text is another one now; null if the block is gone.
 * @param {Y.Doc} ydoc
 * @param {PMNode} doc
 * @param {{state: Editor["state"], blocks: unknown[]}} seen
 * @param {number | null} at null for the caret
 */
export function placeOfSeen(ydoc, doc, { state, blocks }, at) {
  const place = at ?? state.selection.to;
  // The binding may have made an equal text.
  if (doc.eq(state.doc)) return place;
  const block = blocks[state.doc.resolve(place).index(0)];
  const index = ydoc
    .getXmlFragment(ROOT)
    .toArray()
    .indexOf(/** @type {any} */ (block));
  return index < 0 ? null : positionIn(doc, [index + 1]);
}

/**
 * Return a position between blocks as one that moves with the block before it.
 * @param {Y.Doc} ydoc
 * @param {PMNode} doc
 * @param {number} at
 * @returns {unknown} JSON; null for the end
 */
export function anchorOf(ydoc, doc, at) {
  const place = doc.resolve(at);
  /** @type {any} */
  let type = ydoc.getXmlFragment(ROOT);
  for (let depth = 0; depth < place.depth && type; depth++) type = type.get(place.index(depth));
  const index = place.index();
  if (!(type instanceof Y.XmlFragment) || index > type.length) return null;
  return Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(type, index, -1));
}

/**
 * Return where an anchor is now; the end of the text where its place is gone.
 * @param {Y.Doc} ydoc
 * @param {PMNode} doc
 * @param {unknown} anchor
 */
export function placeOf(ydoc, doc, anchor) {
  const end = doc.content.size;
  if (anchor === null) return end;
  const relative = Y.createRelativePositionFromJSON(anchor);
  const found = Y.createAbsolutePositionFromRelativePosition(relative, ydoc);
  if (found === null) return end;
  const path = [found.index];
  /** @type {any} */
  let type = found.type;
  for (; type?.parent; type = type.parent) path.unshift(type.parent.toArray().indexOf(type));
  if (type !== ydoc.getXmlFragment(ROOT)) return end;
  return positionIn(doc, path) ?? end;
}

/**
 * Return the position before the child that a path of indices leads to.
 * @param {PMNode} doc
 * @param {number[]} path
 */
function positionIn(doc, path) {
  let [node, at] = [doc, 0];
  for (const [depth, index] of path.entries()) {
    if (index < 0 || index > node.childCount || node.isTextblock) return null;
    for (let before = 0; before < index; before++) at += node.child(before).nodeSize;
    if (depth === path.length - 1) return at;
    const child = node.maybeChild(index);
    if (!child) return null;
    [node, at] = [child, at + 1];
  }
  return null;
}

/**
 * Return how often a document shows a file.
 * @param {PMNode} doc
 * @param {string} id
 */
export function timesShown(doc, id) {
  let count = 0;
  doc.descendants((node) => {
    if (node.attrs.attachment === id) count++;
  });
  return count;
}
