/** The update that is sent besides the outbox after a reconnect: only edits missing from both. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Y } from "../../static/vendor/yjs.js";
import { insertedVector, residualUpdate } from "../../static/js/sync/reconcile.js";

/** A document and the update of each of its edits. */
function recorded() {
  const doc = new Y.Doc();
  /** @type {Uint8Array[]} */
  const updates = [];
  doc.on("update", (/** @type {Uint8Array} */ update) => updates.push(update));
  return { doc, text: doc.getText("t"), updates };
}

/** @param {Uint8Array[]} updates */
function serverWith(...updates) {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  return { doc, vector: Y.encodeStateVector(doc), state: Y.encodeStateAsUpdate(doc) };
}

test("nothing is missing when the outbox has the rest", () => {
  const { doc, text, updates } = recorded();
  text.insert(0, "one");
  text.insert(3, " two");
  text.delete(0, 1);
  const server = serverWith(...updates.slice(0, 1));
  const known = [server.state, ...updates.slice(1)];
  assert.equal(residualUpdate(doc, server.vector, known, { deletes: true }), null);
});

test("an edit in neither is sent, and makes the server equal", () => {
  const { doc, text, updates } = recorded();
  text.insert(0, "one");
  text.insert(3, " two");
  text.insert(7, " three");
  const [first, , third] = /** @type {[Uint8Array, Uint8Array, Uint8Array]} */ (updates);
  const server = serverWith(first);
  const residual = residualUpdate(doc, server.vector, [server.state, third], { deletes: true });
  assert.ok(residual);
  Y.applyUpdate(server.doc, third);
  Y.applyUpdate(server.doc, residual);
  assert.equal(server.doc.getText("t").toString(), "one two three");
});

test("a single deletion is found although it does not advance the vector", () => {
  const { doc, text, updates } = recorded();
  text.insert(0, "abc");
  const server = serverWith(...updates);
  text.delete(1, 1);
  const residual = residualUpdate(doc, server.vector, [server.state], { deletes: true });
  assert.ok(residual);
  Y.applyUpdate(server.doc, residual);
  assert.equal(server.doc.getText("t").toString(), "ac");
});

test("content of another person's operation is not sent back", () => {
  const { doc, updates } = recorded();
  const server = serverWith();
  const other = recorded();
  other.text.insert(0, "theirs");
  const [operation] = /** @type {[Uint8Array]} */ (other.updates);
  Y.applyUpdate(doc, operation);
  const known = [server.state, operation];
  assert.equal(residualUpdate(doc, server.vector, known, { deletes: true }), null);
  assert.equal(updates.length, 1);
});

test("the vector of an edit names its own client, among many", () => {
  const { doc, text, updates } = recorded();
  for (let client = 1; client <= 50; client += 1) {
    const other = new Y.Doc();
    other.clientID = client;
    other.getText("t").insert(0, "x");
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(other));
  }
  updates.length = 0;
  text.insert(0, "ab");
  text.delete(0, 1);
  const [inserted, deleted] = /** @type {[Uint8Array, Uint8Array]} */ (updates);
  assert.deepEqual([...Y.decodeStateVector(insertedVector(inserted))], [[doc.clientID, 2]]);
  assert.equal(Y.decodeStateVector(insertedVector(deleted)).size, 0);
});

test("what goes with a parent that the server has deleted is not sent as a deletion", () => {
  const { doc, updates } = recorded();
  const root = doc.getXmlFragment("default");
  const element = new Y.XmlElement("paragraph");
  element.insert(0, [new Y.XmlText("plan")]);
  root.insert(0, [element]);
  const server = serverWith(...updates);
  server.doc.getXmlFragment("default").delete(0, 1);
  /** @type {Y.XmlText} */ (element.get(0)).insert(4, " IMPORTANT");
  const state = Y.encodeStateAsUpdate(server.doc);
  const known = [state, ...updates];
  /** @type {import("../../static/js/sync/reconcile.js").DeleteSet[]} */
  const implied = [];
  doc.once("afterTransaction", (/** @type {Y.Transaction} */ { deleteSet }) => {
    implied.push(deleteSet);
  });
  Y.applyUpdate(doc, state);
  const vector = Y.encodeStateVector(server.doc);
  assert.ok(residualUpdate(doc, vector, known, { deletes: true }));
  assert.equal(residualUpdate(doc, vector, known, { deletes: true, implied }), null);
});
