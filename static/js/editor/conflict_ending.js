/** Ends move conflicts as an edit of the page (`../sync/conflict_edits.js`). */
import { yUndoPluginKey } from "../../vendor/tiptap.js";
import { Y } from "../../vendor/yjs.js";
import { endConflicts } from "../sync/conflict_edits.js";

/** @typedef {import("../sync/move_conflicts.js").MoveConflicts} MoveConflicts */

/**
 * @typedef {object} Page
 * @property {import("../sync/provider.js").Provider} provider
 * @property {Y.Doc} doc
 * @property {import("../../vendor/tiptap.js").Editor} editor
 */

/** Origin of an edit that the person asked for, in their undo stack. */
const ASKED = Symbol("conflict");

/**
 * End conflicts, as an edit that one undo reverts.
 * @param {MoveConflicts} conflicts
 * @param {Page} page
 */
export function endAsked(conflicts, page) {
  const undo = yUndoPluginKey.getState(page.editor.state)?.undoManager;
  undo?.addTrackedOrigin(ASKED);
  undo?.stopCapturing();
  endWith(conflicts, page, ASKED);
  undo?.stopCapturing();
}

/**
 * End conflicts, as an edit with an origin.
 * @param {MoveConflicts} conflicts
 * @param {Page} page
 * @param {symbol} origin
 */
export function endWith(conflicts, { provider, doc }, origin) {
  endConflicts(doc, conflicts, {
    origin,
    noteKnown: (copies) => provider.copies.noteKnown(copies),
    isVisited: (type) => isVisited(provider, doc, type),
  });
}

/**
 * Return whether another person's caret is in a block.
 * @param {import("../sync/provider.js").Provider} provider
 * @param {Y.Doc} doc
 * @param {Y.AbstractType<any>} block
 */
function isVisited(provider, doc, block) {
  for (const [client, { cursor }] of provider.awareness.getStates()) {
    if (client === doc.clientID || !cursor?.head) continue;
    const place = Y.createAbsolutePositionFromRelativePosition(
      Y.createRelativePositionFromJSON(cursor.head),
      doc,
    );
    for (let type = place?.type ?? null; type !== null; type = parentOf(type)) {
      if (type === block) return true;
    }
  }
  return false;
}

/** @param {Y.AbstractType<any>} type */
function parentOf(type) {
  const parent = type._item?.parent;
  return parent instanceof Y.AbstractType ? parent : null;
}
