/** Lost text that its writer keeps (`lost_text.js`). Pure. */

/** @typedef {import("./lost_text.js").Lost} Lost */
/** @typedef {import("../../vendor/yjs.js").Y.Doc} Doc */
/** @typedef {import("../../vendor/yjs.js").Y.Transaction} Transaction */

/**
 * Insert lost texts again, as copies: they belong to who wrote them first. The edit deletes the lost
 * ones by their ids, so that they are moved, and no longer lost.
 * @param {Doc} doc
 * @param {import("./copies.js").Copies} copies
 * @param {Pick<Lost, "parts" | "ids">} lost
 * @param {() => void} insert inserts the texts of the parts, in one transaction
 */
export function keepLost(doc, copies, { parts, ids }, insert) {
  const addDeletes = (/** @type {Transaction} */ { deleteSet }) => {
    doc.off("beforeTransaction", addDeletes);
    for (const { client, clock, length } of ids) {
      const deletes = deleteSet.clients.get(client) ?? [];
      deletes.push({ clock, len: length });
      deleteSet.clients.set(client, deletes);
    }
  };
  copies.noteReturned(parts);
  doc.on("beforeTransaction", addDeletes);
  insert();
  doc.off("beforeTransaction", addDeletes);
}
