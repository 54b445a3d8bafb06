/** The text that a transaction of the editor brings by itself. Pure. */

/**
 * Return the text of a transaction's slices: what is typed or pasted; empty where it only moves what
 * is there, as a split or a join does; null where it cannot be told, as for a drop.
 * @param {{steps: readonly object[], getMeta: (name: string) => unknown}} transaction one of the editor
 */
export function typedText(transaction) {
  if (transaction.getMeta("uiEvent") === "drop") return null;
  return transaction.steps.map(textOf).join("");
}

/** @param {{slice?: {content: {textBetween: (from: number, to: number) => string, size: number}}}} step */
function textOf({ slice }) {
  return slice ? slice.content.textBetween(0, slice.content.size) : "";
}
