/** Shows a state of a document: one editor, in which only blocks that differ are replaced. */
import { reveal } from "../ui/dom.js";
import { createPreview } from "../editor/editor.js";
import { NodeBuilder } from "./yjs_to_prosemirror.js";

/** @typedef {import("../../vendor/yjs.js").Y.Doc} YDoc */
/** @typedef {ReturnType<NodeBuilder["root"]>["content"]} Content */

/** Shows one document after the other. */
export class StateView {
  #editor;
  #nodes;

  /** @param {HTMLElement} element the element that scrolls */
  constructor(element) {
    this.#editor = createPreview(element);
    this.#nodes = new NodeBuilder(this.#editor.schema);
  }

  /**
   * Show a document; with `follow` the place that changed is scrolled into view. `isLive` is for a
   * document that others write in.
   * @param {YDoc} doc
   * @param {{follow?: boolean, isLive?: boolean}} [options]
   */
  show(doc, { follow = false, isLive = false } = {}) {
    const { state, view } = this.#editor;
    const next = this.#nodes.root(doc, { isLive }).content;
    const now = state.doc.content;
    const place = now.findDiffStart(next);
    if (place === null) return;
    const { from, to, nodes } = differingBlocks(now, next);
    view.dispatch(state.tr.replaceWith(from, to, nodes));
    if (follow) this.#reveal(place);
  }

  destroy() {
    this.#editor.destroy();
  }

  /** @param {number} place */
  #reveal(place) {
    const { view } = this.#editor;
    const { node } = view.domAtPos(Math.min(place, view.state.doc.content.size));
    const element = node instanceof HTMLElement ? node : node.parentElement;
    reveal(element, view.dom.closest(".history-sheet"));
  }
}

/**
 * Return the range of blocks that differ, and the blocks to replace them with.
 * @param {Content} now
 * @param {Content} next
 */
function differingBlocks(now, next) {
  const most = Math.min(now.childCount, next.childCount);
  let first = 0;
  let from = 0;
  while (first < most && now.child(first).eq(next.child(first))) {
    from += now.child(first).nodeSize;
    first += 1;
  }
  let last = 0;
  let to = now.size;
  const [nowCount, nextCount] = [now.childCount, next.childCount];
  while (
    last < most - first &&
    now.child(nowCount - 1 - last).eq(next.child(nextCount - 1 - last))
  ) {
    to -= now.child(nowCount - 1 - last).nodeSize;
    last += 1;
  }
  return { from, to, nodes: next.content.slice(first, nextCount - last) };
}
