/** A link to a moment of a document. Pure; the history itself is loaded when it is opened. */

/**
 * Return the moment that an address names, as `#at=123`.
 * @param {string} hash
 */
export function seqOf(hash) {
  const found = /^#at=(\d{1,9})$/.exec(hash);
  return found ? Number(found[1]) : null;
}
