/**
 * Where changes of words begin. Pure.
 *
 * A binding that compares texts may find that "Grace: Goals" became of "Goals" by "race: G" behind
 * the "G". People have typed words: such an insertion, or deletion, is moved to where a word begins.
 */

/** @typedef {import("./diff_view.js").Change} Change */

/**
 * Return the changes with each insertion and deletion moved to the beginning of a word, if it reads the
 * same there.
 * @param {Change[]} changes in document order
 * @returns {Change[]}
 */
export function alignedToWords(changes) {
  const aligned = changes.map((change) => ({ ...change }));
  for (let at = 1; at + 1 < aligned.length; at += 1) {
    const [before, change, after] = aligned.slice(at - 1, at + 2);
    if (before && change && after && areNeighbours(before, change, after)) {
      align(before, change, after);
    }
  }
  return aligned.filter(({ node, text }) => node !== undefined || text !== "");
}

/**
 * Return whether a change lies within one text that looks the same before and after it.
 * @param {Change} before
 * @param {Change} change
 * @param {Change} after
 */
function areNeighbours(before, change, after) {
  const isText = [before, change, after].every(({ node }) => node === undefined);
  const marks = [before, change, after].map(({ marks }) => JSON.stringify(marks ?? {}));
  return (
    isText &&
    change.kind !== "equal" &&
    before.kind === "equal" &&
    after.kind === "equal" &&
    before.depth === change.depth &&
    after.depth === change.depth &&
    new Set(marks).size === 1
  );
}

/**
 * Move a change to the left, letter by letter, up to the beginning of a word.
 * @param {Change} before
 * @param {Change} change
 * @param {Change} after
 */
function align(before, change, after) {
  let [left, text, right] = [before.text, change.text, after.text];
  while (!/(^|\s)$/u.test(left)) {
    const letter = left.at(-1) ?? "";
    if (letter !== text.at(-1)) return;
    left = left.slice(0, -1);
    text = letter + text.slice(0, -1);
    right = letter + right;
  }
  [before.text, change.text, after.text] = [left, text, right];
}
