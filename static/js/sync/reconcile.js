/**
 * Finds the edits that the server lacks and that no operation in the outbox has. Pure.
 *
 * The page answers the server's sync step 1 with the operations of its outbox, by their ids. Edits
 * that are missing even then, after a crash between the document's store and the outbox, become one
 * more operation. So nothing is logged twice, and nothing is lost.
 */
import { Y } from "../../vendor/yjs.js";

/** @typedef {{clock: number, len: number}} Range */

/** @typedef {ReturnType<typeof Y.createDeleteSet>} DeleteSet */

/**
 * Return the update that neither the server nor the operations have, or null.
 * @param {Y.Doc} doc
 * @param {Uint8Array} serverVector state vector of the server's sync step 1
 * @param {Uint8Array[]} updates the operations of the outbox, and all updates of the server on
 *   this connection
 * @param {{deletes: boolean, implied?: DeleteSet[]}} compare whether deletions are compared, which
 *   needs the server's sync step 2 in `updates`, as it has the whole delete set; and what merging the
 *   server's updates has deleted here: the server deletes that by itself
 * @returns {Uint8Array | null}
 */
export function residualUpdate(doc, serverVector, updates, { deletes, implied = [] }) {
  const decoded = updates.map((update) => Y.decodeUpdate(update));
  const known = Y.decodeStateVector(serverVector);
  extend(
    known,
    decoded.flatMap(({ structs }) => structs),
  );
  const structsMissing = [...Y.decodeStateVector(Y.encodeStateVector(doc))].some(
    ([client, clock]) => clock > (known.get(client) ?? 0),
  );
  const deletesMissing =
    deletes &&
    !coversAll(
      Y.mergeDeleteSets([...decoded.map(({ ds }) => ds), ...implied]),
      Y.createDeleteSetFromStructStore(doc.store),
    );
  if (!structsMissing && !deletesMissing) return null;
  return Y.encodeStateAsUpdate(doc, Y.encodeStateVector(known));
}

/**
 * Extend a state vector by the structs that follow it without a gap.
 * @param {Map<number, number>} vector
 * @param {(Y.Item | Y.GC | Y.Skip)[]} structs
 */
function extend(vector, structs) {
  const inOrder = structs
    .filter((struct) => !(struct instanceof Y.Skip))
    .sort((one, other) => one.id.clock - other.id.clock);
  for (const struct of inOrder) {
    const { client, clock } = struct.id;
    const have = vector.get(client) ?? 0;
    if (clock <= have && clock + struct.length > have) vector.set(client, clock + struct.length);
  }
}

/**
 * Return whether every range of `wanted` is within `known`, whose ranges are sorted and merged.
 * @param {{clients: Map<number, Range[]>}} known
 * @param {{clients: Map<number, Range[]>}} wanted
 */
function coversAll(known, wanted) {
  return [...wanted.clients].every(([client, ranges]) => {
    const have = known.clients.get(client) ?? [];
    return ranges.every(({ clock, len }) =>
      have.some((range) => range.clock <= clock && clock + len <= range.clock + range.len),
    );
  });
}

/**
 * Return whether a document has everything that an encoded state vector names.
 * @param {Y.Doc} doc
 * @param {Uint8Array} vector
 */
export function coversVector(doc, vector) {
  return [...Y.decodeStateVector(vector)].every(
    ([client, clock]) => Y.getState(doc.store, client) >= clock,
  );
}

/**
 * Return the encoded state vector of the clients whose structs an update inserts. It is as large as
 * the update, however many clients the document has.
 * @param {Uint8Array} update
 */
export function insertedVector(update) {
  return Y.encodeStateVector(Y.parseUpdateMeta(update).to);
}

/**
 * Return whether a document has everything that an update needs, so that none of it would wait.
 * @param {Y.Doc} doc
 * @param {Uint8Array} update
 */
export function isComplete(doc, update) {
  const { structs, ds } = Y.decodeUpdate(update);
  const known = Y.decodeStateVector(Y.encodeStateVector(doc));
  extend(known, structs);
  const isKnown = (/** @type {number} */ client, /** @type {number} */ end) =>
    end <= (known.get(client) ?? 0);
  const isThere = (/** @type {unknown} */ id) =>
    !(id instanceof Y.ID) || isKnown(id.client, id.clock + 1);
  return (
    structs.every(
      (struct) =>
        isKnown(struct.id.client, struct.id.clock + struct.length) &&
        (!(struct instanceof Y.Item) ||
          [struct.origin, struct.rightOrigin, struct.parent].every(isThere)),
    ) &&
    [...ds.clients].every(([client, ranges]) =>
      ranges.every(({ clock, len }) => isKnown(client, clock + len)),
    )
  );
}
