/** What a page knows of its document on the server, and how large its edits may be. Pure. */

/**
 * @typedef {object} ProviderState
 * @property {"connecting" | "connected" | "disconnected"} connection
 * @property {boolean} loaded whether the document is here: from this device, or from the server
 * @property {boolean} synced whether this connection has brought the server's state
 * @property {number} unsaved how many changes are not in the server's log
 * @property {boolean} kept whether those changes outlive the page, or will in a moment
 * @property {boolean} stored whether they are on the device's disk now
 * @property {boolean} writable whether the server accepts edits of this person
 * @property {boolean} outdated whether this page is older than the content, and may only read it
 * @property {import("./connection.js").Stop | null} stopped
 * @property {string} closeReason the server's words for the last connection's end, until the next
 *   connection is in sync; may be empty
 */

/**
 * What the server has told one connection, until the page is in sync: its state vector, its updates
 * and what merging them has deleted here, whether its state was among them; and whether it has told
 * the person's right.
 * @typedef {object} Arrivals
 * @property {Uint8Array | null} vector
 * @property {Uint8Array[]} received
 * @property {import("./reconcile.js").DeleteSet[]} implied
 * @property {boolean} hasState
 * @property {boolean} knowsRight
 */

/** @returns {Arrivals} */
export function noArrivals() {
  return { vector: null, received: [], implied: [], hasState: false, knowsRight: false };
}

/**
 * The server's limits, in bytes.
 * @typedef {{updateBytes: number, documentBytes: number}} Limits
 */

/** @type {Readonly<Limits>} */
export const DEFAULT_LIMITS = Object.freeze({
  updateBytes: 4 * 1024 * 1024,
  documentBytes: 12 * 1024 * 1024,
});

/** A larger edit is sent in pieces of so many bytes, so that others get their turn in between. */
const PIECE_BYTES = 1024 * 1024;
/** Bytes of a frame beside its update. */
const FRAME_BYTES = 64 * 1024;

/**
 * Return the largest update that is sent, and the size of the pieces of a larger one.
 * @param {Limits} limits
 */
export function sizesOf({ updateBytes }) {
  const maxBytes = Math.max(updateBytes - FRAME_BYTES, updateBytes / 2);
  return { maxBytes, pieceBytes: Math.min(PIECE_BYTES, maxBytes / 2) };
}
