/**
 * Reads awareness updates of the server, entry by entry. Pure.
 *
 * A state is another person's data, and an older server passes it on as that person's client wrote
 * it. Each state is rebuilt from the fields that a page needs, as the server does it
 * (`apps/collab/presence_state.py`), so that no plugin of the editor meets another form.
 */
import { decoding, encoding } from "../../vendor/yjs.js";

/** Longest name of a root type in a cursor, in characters. */
export const ROOT_NAME_MAX_CHARS = 64;

/** @typedef {{client: number, clock: number, state: Record<string, unknown> | null}} Entry */

/**
 * Return the entries of an awareness update that can be shown; the others are left out, and so are
 * those behind one whose length cannot be read.
 * @param {Uint8Array} update of y-protocols
 * @returns {Entry[]}
 */
export function readEntries(update) {
  /** @type {Entry[]} */
  const entries = [];
  try {
    const decoder = decoding.createDecoder(update);
    for (let left = decoding.readVarUint(decoder); left > 0; left -= 1) {
      const client = decoding.readVarUint(decoder);
      const clock = decoding.readVarUint(decoder);
      const state = parsedState(decoding.readVarString(decoder));
      // A server may end a client whose clock is the largest safe integer by the next number.
      if (state === undefined || !(state === null || Number.isSafeInteger(clock))) continue;
      entries.push({ client, clock, state });
    }
  } catch (error) {
    console.debug("An awareness update could not be read to its end:", error);
  }
  return entries;
}

/**
 * Encode entries as an awareness update of y-protocols.
 * @param {Entry[]} entries
 */
export function encodeEntries(entries) {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, entries.length);
  for (const { client, clock, state } of entries) {
    encoding.writeVarUint(encoder, client);
    encoding.writeVarUint(encoder, clock);
    encoding.writeVarString(encoder, JSON.stringify(state));
  }
  return encoding.toUint8Array(encoder);
}

/**
 * Return a state of the allow-list's form, null for a client that leaves, undefined for a state
 * that is no JSON, no object, or has no user.
 * @param {string} json
 */
export function parsedState(json) {
  let state;
  try {
    state = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (state === null) return null;
  const user = isObject(state) ? userOf(state.user) : null;
  if (user === null) return undefined;
  /** @type {Record<string, unknown>} */
  const rebuilt = { user };
  if ("cursor" in state) rebuilt.cursor = cursorOf(state.cursor);
  if (isCount(state.renamed)) rebuilt.renamed = state.renamed;
  return rebuilt;
}

/** @param {any} user */
function userOf(user) {
  if (!isObject(user)) return null;
  const { id, username, name } = user;
  return [id, username, name].every((field) => typeof field === "string")
    ? { id, username, name }
    : null;
}

/** @param {any} cursor */
function cursorOf(cursor) {
  if (!isObject(cursor)) return null;
  const anchor = positionOf(cursor.anchor);
  const head = positionOf(cursor.head);
  return anchor && head ? { anchor, head } : null;
}

/**
 * Return a relative position of Yjs, null for anything else. Yjs throws at a position without an
 * item, a type and a root.
 * @param {any} position
 */
function positionOf(position) {
  if (!isObject(position)) return null;
  const { type = null, item = null, tname = null, assoc = 0 } = position;
  const isRoot =
    typeof tname === "string" && tname.length > 0 && tname.length <= ROOT_NAME_MAX_CHARS;
  const isValid =
    [type, item].every((id) => id === null || isId(id)) &&
    (tname === null || isRoot) &&
    [type, item, tname].some((value) => value !== null) &&
    [-1, 0, 1, null].includes(assoc);
  return isValid ? { type, tname, item, assoc: assoc ?? 0 } : null;
}

/** @param {any} id */
function isId(id) {
  return isObject(id) && isCount(id.client) && isCount(id.clock);
}

/** @param {unknown} value */
function isCount(value) {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, any>}
 */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
