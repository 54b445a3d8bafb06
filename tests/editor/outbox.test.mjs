/** The outbox: order, growth before sending, no change after it, survival. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Y } from "../../static/vendor/yjs.js";
import { Outbox } from "../../static/js/sync/outbox.js";
import { MemoryStore } from "../../static/js/sync/operation_store.js";

/** Updates of a text that is typed word by word. @param {string[]} words */
function typed(...words) {
  const doc = new Y.Doc();
  /** @type {Uint8Array[]} */
  const updates = [];
  doc.on("update", (/** @type {Uint8Array} */ update) => updates.push(update));
  const text = doc.getText("t");
  for (const word of words) text.insert(text.length, word);
  return /** @type {[Uint8Array, Uint8Array, ...Uint8Array[]]} */ (updates);
}

const vector = Uint8Array.of(0);

test("batches that were not sent grow into one operation with a new id", async () => {
  const outbox = await Outbox.open(new MemoryStore());
  const [one, two] = typed("one", "two");
  const first = outbox.add(one, vector, 1);
  const second = outbox.add(two, vector, 2);
  assert.notEqual(first.id, second.id);
  assert.deepEqual(
    outbox.operations.map(({ id }) => id),
    [second.id],
  );
  assert.equal(outbox.edits, 3);
  const doc = new Y.Doc();
  Y.applyUpdate(doc, second.update);
  assert.equal(doc.getText("t").toString(), "onetwo");
});

test("an operation that was sent does not change any more", async () => {
  const outbox = await Outbox.open(new MemoryStore());
  const [one, two] = typed("one", "two");
  const first = outbox.add(one, vector, 1);
  outbox.markSent(first.id);
  const second = outbox.add(two, vector, 1);
  assert.deepEqual(
    outbox.operations.map(({ id }) => id),
    [first.id, second.id],
  );
  assert.ok(first.order < second.order);
});

test("an operation survives reloads until it is removed, and does not grow afterwards", async () => {
  const store = new MemoryStore();
  const [one, two] = typed("one", "two");
  const kept = (await Outbox.open(store)).add(one, vector, 1);
  const reloaded = await Outbox.open(store);
  const next = reloaded.add(two, vector, 1);
  assert.deepEqual(
    reloaded.operations.map(({ id }) => id),
    [kept.id, next.id],
  );
  assert.equal(reloaded.remove(kept.id), true);
  assert.equal(reloaded.remove(kept.id), false);
  assert.deepEqual(
    (await Outbox.open(store)).operations.map(({ id }) => id),
    [next.id],
  );
});

test("a large operation does not grow, and a new one begins", async () => {
  const outbox = await Outbox.open(new MemoryStore());
  const [large, small] = typed("x".repeat(65 * 1024), "y");
  outbox.add(large, vector, 1);
  outbox.add(small, vector, 1);
  assert.equal(outbox.operations.length, 2);
});

test("operations count as kept once the store has them, and never in a store in memory", async () => {
  const store = new MemoryStore();
  store.durable = true;
  const outbox = await Outbox.open(store);
  const [one] = typed("one");
  const kept = new Promise((resolve) => {
    outbox.onStored = () => resolve(outbox.isStored);
  });
  outbox.add(one, vector, 1);
  assert.equal(outbox.isStored, false);
  assert.equal(outbox.willBeStored, true);
  assert.equal(await kept, true);
  assert.equal((await Outbox.open(new MemoryStore())).willBeStored, false);
});

test("if the store refuses, the operation stays in memory and does not count as kept", async () => {
  const store = new MemoryStore();
  store.durable = true;
  store.put = () => Promise.reject(new Error("full"));
  const warned = console.warn;
  const outbox = await Outbox.open(store);
  const [one] = typed("one");
  await new Promise((resolve) => {
    console.warn = resolve;
    outbox.add(one, vector, 1);
  });
  console.warn = warned;
  assert.equal(outbox.isStored, false);
  assert.equal(outbox.willBeStored, false);
  assert.equal(outbox.operations.length, 1);
});

test("a large batch goes in pieces, the last of which counts, and nothing grows into them", async () => {
  const store = new MemoryStore();
  const outbox = await Outbox.open(store);
  const [small, large, next] = typed("y", "x".repeat(20_000), "z");
  outbox.add(small, vector, 1);
  outbox.add(large, vector, 2, [], 4_000);
  outbox.add(/** @type {Uint8Array} */ (next), vector, 1);
  const { operations } = await Outbox.open(store);
  assert.ok(operations.length > 6);
  assert.equal(outbox.edits, 4);
  const groups = new Set(operations.slice(1, -1).map(({ group }) => group));
  assert.equal(groups.size, 1);
  assert.equal(operations.at(-1)?.group, undefined);
  const doc = new Y.Doc();
  for (const { update } of operations) {
    Y.applyUpdate(doc, update);
    assert.equal(doc.store.pendingStructs, null);
  }
  assert.equal(doc.getText("t").length, 20_002);
});

test("what an earlier page has made too large is cut when it is loaded", async () => {
  const store = new MemoryStore();
  const [small, large] = typed("y", "x".repeat(100_000));
  const earlier = await Outbox.open(store);
  earlier.add(small, vector, 1);
  earlier.add(large, vector, 3);
  const outbox = await Outbox.open(store);
  outbox.cutLarge(50_000, 10_000);
  assert.ok(outbox.operations.length > 5);
  assert.equal(outbox.edits, 4);
  const stored = (await Outbox.open(store)).operations.map(({ id }) => id);
  assert.deepEqual(
    stored,
    outbox.operations.map(({ id }) => id),
  );
});

test("with one piece of an edit all of it that waits is set aside", async () => {
  const store = new MemoryStore();
  const outbox = await Outbox.open(store);
  const doc = new Y.Doc();
  doc.on("update", (/** @type {Uint8Array} */ update) => outbox.add(update, vector, 1, [], 4_000));
  const text = doc.getText("t");
  text.insert(0, "x".repeat(20_000));
  text.insert(0, "before ");
  text.insert(text.length, " after");
  const [first, second] = outbox.operations;
  assert.ok(first && second);
  outbox.remove(first.id); // it was stored
  await outbox.park({ id: second.id, code: "limit_exceeded", message: "Full." }, doc);
  const left = await Outbox.open(store);
  const server = new Y.Doc();
  for (const { update } of [first, ...left.operations]) Y.applyUpdate(server, update);
  assert.equal(server.store.pendingStructs, null);
  const { structs } = Y.decodeUpdate(first.update);
  const stored = structs.reduce((sum, { length }) => sum + length, 0);
  assert.equal(server.getText("t").toString(), `before ${"x".repeat(stored)} after`);
  const [parked] = await left.loadParked();
  assert.ok(parked);
  Y.applyUpdate(server, parked.update);
  assert.equal(server.getText("t").toString(), text.toString());
});
