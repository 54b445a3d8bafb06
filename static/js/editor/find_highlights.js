/** The highlights of find, as decorations, and the edit that replaces matches. */
import {
  Decoration,
  DecorationSet,
  Plugin,
  PluginKey,
  yUndoPluginKey,
} from "../../vendor/tiptap.js";
import { replacement } from "./find_replace.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */
/** @typedef {import("./find_search.js").Found} Found */

const KEY = new PluginKey("findHighlights");

/**
 * Let an editor show highlights; called once.
 * @param {Editor} editor
 */
export function registerHighlights(editor) {
  editor.registerPlugin(
    new Plugin({
      key: KEY,
      state: {
        init: () => DecorationSet.empty,
        apply: (transaction, shown) => {
          /** @type {{found: Found[], current: number} | undefined} */
          const set = transaction.getMeta(KEY);
          if (set === undefined) return shown.map(transaction.mapping, transaction.doc);
          const decorations = set.found.map(({ from, to }, at) =>
            Decoration.inline(from, to, {
              class: at === set.current ? "find-match is-current" : "find-match",
            }),
          );
          return DecorationSet.create(transaction.doc, decorations);
        },
      },
      props: { decorations: (state) => KEY.getState(state) },
    }),
  );
}

/**
 * Show matches, one of them as the present one.
 * @param {Editor} editor
 * @param {Found[]} found
 * @param {number} current
 */
export function showHighlights({ state, view }, found, current) {
  view.dispatch(state.tr.setMeta(KEY, { found, current }));
}

/**
 * Replace matches, which are in order, by one edit that is a step of undo by itself.
 * @param {Editor} editor
 * @param {Found[]} found
 * @param {() => void} beforeEdit called where there is an edit
 */
export function replaceFound({ state, view }, found, beforeEdit) {
  const transaction = replacement(state, found);
  if (transaction === null) return;
  const undo = yUndoPluginKey.getState(state)?.undoManager;
  undo?.stopCapturing();
  beforeEdit();
  view.dispatch(transaction);
  undo?.stopCapturing();
}
