/** Links to a state of a document. Pure, and apart from the history, which is loaded later. */

/**
 * Return the seq of an address such as `#at=123`, null without one.
 * @param {string} hash
 */
export function seqOf(hash) {
  const found = /^#at=(\d{1,9})$/.exec(hash);
  return found ? Number(found[1]) : null;
}
