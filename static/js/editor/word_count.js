/**
 * How many words a text has, counted again only where it has changed: the editor's nodes never
 * change, and stay the same ones wherever an edit did not reach. Pure.
 */

/** @typedef {import("../../vendor/tiptap.js").Editor["state"]["doc"]} Node */

/** Made when it is needed: that takes the browser some milliseconds. @type {Intl.Segmenter | null} */
let segmenter = null;
/** Stands for what is no letter, as a line break within a paragraph: words end there. */
const GAP = " ";

/** Counts words, and remembers the count of each node. */
export class WordCounter {
  /** @type {WeakMap<Node, number>} */
  #counts = new WeakMap();

  /**
   * Return how many words stand in a node; null when it became late before the end. What was
   * counted until then is remembered: who asks again goes on.
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
      // Only after something new: each call comes further, whatever the clock says.
      if (count === null || (known === undefined && isLate())) return null;
      sum += count;
    }
    return sum;
  }
}

/** @param {Node} node */
function textOf(node) {
  return node.textBetween(0, node.content.size, GAP, GAP);
}

/** @param {string} text */
function wordsOf(text) {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: "word" });
  let count = 0;
  for (const { isWordLike } of segmenter.segment(text)) if (isWordLike) count += 1;
  return count;
}
