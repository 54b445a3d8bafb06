/** Changes that the server does not take, in words for the banner. Pure. */
import { changes, sentence } from "./status.js";

/**
 * Return the banner's text for changes that the server does not take: those that were refused and are
 * set aside, and so many of a person who may only read. Empty without any.
 * @param {{message: string}[]} parked
 * @param {number} ofReader
 */
export function waitingNotice(parked, ofReader) {
  if (ofReader > 0) {
    const verb = ofReader === 1 ? "is" : "are";
    return `You may only read this document now. ${changes(ofReader)} of yours ${verb} not stored.`;
  }
  const last = parked.at(-1);
  if (!last) return "";
  const what = parked.length === 1 ? "A change" : `${parked.length} changes`;
  const reason = sentence(last.message);
  return `${what} could not be stored. ${reason} The document goes on without it.`;
}
