/**
 * Counts the words of a document again only where it has changed: the editor's nodes are immutable,
 * and an edit leaves the nodes that it does not touch as they are.
 */
import { debounced } from "../ui/dom.js";

/** @typedef {import("../../vendor/tiptap.js").Editor["state"]["doc"]} Node */

/** Made at first use, as that takes some milliseconds. @type {Intl.Segmenter | null} */
let segmenter = null;
/** Replaces leaf nodes, such as a line break within a paragraph: words end there. */
const LEAF_TEXT = " ";
/** Words are counted after a pause in the changes of this length. */
const COUNT_PAUSE_MS = 300;
/** Words of a long text are counted in slices, so that a key never waits longer than this. */
const COUNT_SLICE_MS = 8;

/**
 * Show the number of words of an editor's text, now and after each change.
 * @param {HTMLElement} place
 * @param {import("../../vendor/tiptap.js").Editor} editor
 */
export function mountWordCount(place, editor) {
  const words = new WordCounter();
  const count = () => {
    const endsAt = performance.now() + COUNT_SLICE_MS;
    const number = words.count(editor.state.doc, () => performance.now() > endsAt);
    if (number === null) countOn();
    else place.textContent = number === 1 ? "1 word" : `${number.toLocaleString()} words`;
  };
  const countOn = debounced(0, count);
  const countSoon = debounced(COUNT_PAUSE_MS, count);
  editor.on("update", countSoon);
  countSoon();
}

/** Counts words, with the counts of all nodes cached. Pure. */
export class WordCounter {
  /** @type {WeakMap<Node, number>} */
  #counts = new WeakMap();

  /**
   * Return the number of words in a node; null if `isLate` became true before the end. The next call
   * continues from there.
   * @param {Node} node
   * @param {() => boolean} [isLate]
   * @returns {number | null}
   */
  count(node, isLate = () => false) {
    const known = this.#counts.get(node);
    if (known !== undefined) return known;
    const count = node.isTextblock ? wordsOf(textOf(node)) : this.#countWithin(node, isLate);
    if (count !== null) this.#counts.set(node, count);
    return count;
  }

  /**
   * @param {Node} node
   * @param {() => boolean} isLate
   */
  #countWithin(node, isLate) {
    let sum = 0;
    for (const child of node.children) {
      const known = this.#counts.get(child);
      const count = known ?? this.count(child, isLate);
      // Only after a node that was not counted before, so that every call makes progress.
      if (count === null || (known === undefined && isLate())) return null;
      sum += count;
    }
    return sum;
  }
}

/** @param {Node} node */
function textOf(node) {
  return node.textBetween(0, node.content.size, LEAF_TEXT, LEAF_TEXT);
}

/** @param {string} text */
function wordsOf(text) {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: "word" });
  let count = 0;
  for (const { isWordLike } of segmenter.segment(text)) if (isWordLike) count += 1;
  return count;
}
