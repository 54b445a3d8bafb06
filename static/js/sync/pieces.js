/**
 * Cuts a large update into pieces that the server takes one after the other. Pure.
 *
 * Each piece builds on those before it alone. Texts are cut between two characters; the deletes come
 * with the last piece, so that nothing is gone before what replaces it is there.
 */
import { Y } from "../../vendor/yjs.js";
import { encodeUpdate } from "./client_ids.js";

/** @typedef {import("./client_ids.js").Range} Range */

/** A unit of UTF-16 has at most so many bytes in UTF-8. */
const BYTES_PER_UNIT = 3;

/**
 * Return the pieces of an update, in order: it alone, if it is not larger than `maxBytes` or cannot
 * be cut. A piece with one value that cannot be cut may be larger.
 * @param {Uint8Array} update
 * @param {number} maxBytes
 * @returns {Uint8Array[]}
 */
export function piecesOf(update, maxBytes) {
  if (update.length <= maxBytes) return [update];
  const { structs, ds } = Y.decodeUpdate(update);
  if (structs.some((struct) => struct instanceof Y.Skip)) return [update];
  const cut = structs.flatMap((struct) => [...cutText(struct, maxBytes)]);
  const ordered = inOrder(cut);
  if (ordered === null) return [update];
  const pieces = grouped(ordered, maxBytes).map((group) => ({ group, deletes: new Map() }));
  const last = pieces.at(-1);
  if (last) last.deletes = ds.clients;
  return pieces.map(({ group, deletes }) => encodeUpdate(group, deletes));
}

/**
 * Yield the parts of a struct: of a long text, several items.
 * @param {Y.Item | Y.GC | Y.Skip} struct
 * @param {number} maxBytes
 * @returns {Generator<Y.Item | Y.GC | Y.Skip>}
 */
function* cutText(struct, maxBytes) {
  const most = Math.max(2, Math.floor(maxBytes / BYTES_PER_UNIT / 2));
  if (!(struct instanceof Y.Item) || !(struct.content instanceof Y.ContentString)) {
    yield struct;
    return;
  }
  const { str } = struct.content;
  const { client, clock } = struct.id;
  for (let at = 0; at < str.length; ) {
    let end = Math.min(at + most, str.length);
    if (end < str.length && isHighSurrogate(str.charCodeAt(end - 1))) end -= 1;
    const id = Y.createID(client, clock + at);
    const origin = at === 0 ? struct.origin : Y.createID(client, clock + at - 1);
    const parent = at === 0 ? /** @type {any} */ (struct.parent) : null;
    const content = new Y.ContentString(str.slice(at, end));
    const { rightOrigin, parentSub } = struct;
    yield new Y.Item(id, null, origin, null, rightOrigin, parent, parentSub, content);
    at = end;
  }
}

/** @param {number} unit */
function isHighSurrogate(unit) {
  return unit >= 0xd800 && unit <= 0xdbff;
}

/**
 * Return structs so that each is behind those that it needs; null if that cannot be.
 * @param {(Y.Item | Y.GC | Y.Skip)[]} structs in the order of their clocks for each client
 */
function inOrder(structs) {
  /** @type {Map<number, {waiting: (Y.Item | Y.GC | Y.Skip)[], at: number}>} */
  const queues = new Map();
  for (const struct of structs) {
    const { client } = struct.id;
    const queue = queues.get(client) ?? { waiting: [], at: 0 };
    queue.waiting.push(struct);
    queues.set(client, queue);
  }
  const isThere = (/** @type {Y.ID | null} */ id) => {
    const queue = id && queues.get(id.client);
    const next = queue?.waiting[queue.at];
    return !id || !next || id.clock < next.id.clock;
  };
  const isReady = (/** @type {Y.Item | Y.GC | Y.Skip} */ struct) =>
    !(struct instanceof Y.Item) ||
    (isThere(struct.origin) &&
      isThere(struct.rightOrigin) &&
      (!(struct.parent instanceof Y.ID) || isThere(struct.parent)));
  /** @type {(Y.Item | Y.GC | Y.Skip)[]} */
  const ordered = [];
  while (ordered.length < structs.length) {
    const before = ordered.length;
    for (const queue of queues.values()) {
      for (let next = queue.waiting[queue.at]; next && isReady(next); ) {
        ordered.push(next);
        queue.at += 1;
        next = queue.waiting[queue.at];
      }
    }
    if (ordered.length === before) return null;
  }
  return ordered;
}

/**
 * Put structs together to groups of at most so many bytes.
 * @param {(Y.Item | Y.GC | Y.Skip)[]} structs
 * @param {number} maxBytes
 */
function grouped(structs, maxBytes) {
  /** @type {(Y.Item | Y.GC | Y.Skip)[][]} */
  const groups = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const struct of structs) {
    const own = encodeUpdate([struct], new Map()).length;
    if (bytes + own > maxBytes) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(struct);
    bytes += own;
  }
  return groups;
}
