/** Batching of edits into operations, alone and with others. */
import assert from "node:assert/strict";
import { beforeEach, afterEach, mock, test } from "node:test";
import { Y } from "../../static/vendor/yjs.js";
import { Batch, SPACING_MS } from "../../static/js/sync/batch.js";

beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"] }));
afterEach(() => mock.timers.reset());

/** A document, its batch, and the number of edits of each finished batch. */
function batched() {
  const doc = new Y.Doc();
  /** @type {{update: Uint8Array, edits: number}[]} */
  const finished = [];
  const batch = new Batch(doc, (update, edits) => finished.push({ update, edits }));
  return { doc, text: doc.getText("t"), batch, finished };
}

test("a pause of 200 ms ends the batch", () => {
  const { text, batch, finished } = batched();
  text.insert(0, "a");
  mock.timers.tick(199);
  text.insert(1, "b");
  mock.timers.tick(199);
  assert.equal(finished.length, 0);
  assert.equal(batch.edits, 2);
  mock.timers.tick(1);
  assert.deepEqual(
    finished.map(({ edits }) => edits),
    [2],
  );
  assert.equal(batch.edits, 0);
});

test("a batch lasts 2 s at most, also without a pause", () => {
  const { text, finished } = batched();
  for (let tick = 0; tick < 19; tick += 1) {
    text.insert(0, "a");
    mock.timers.tick(110);
  }
  assert.equal(finished.length, 1);
});

test("20 characters end the batch at once", () => {
  const { text, finished } = batched();
  text.insert(0, "x".repeat(19));
  assert.equal(finished.length, 0);
  text.insert(0, "y");
  assert.equal(finished.length, 1);
});

test("a large edit is an operation of its own", () => {
  const { text, finished } = batched();
  text.insert(0, "a");
  text.insert(1, "x".repeat(20_000));
  text.insert(0, "b");
  assert.deepEqual(
    finished.map(({ update }) => update.length > 16_384),
    [false, true],
  );
  mock.timers.tick(200);
  assert.equal(finished.length, 3);
});

test("edits of others are no part of the batch", () => {
  const { doc, batch } = batched();
  const other = new Y.Doc();
  other.getText("t").insert(0, "theirs");
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(other));
  assert.equal(batch.edits, 0);
});

test("the batch's update holds all its edits", () => {
  const { text, batch, finished } = batched();
  text.insert(0, "ab");
  text.delete(0, 1);
  batch.close();
  const [only] = finished;
  assert.ok(only);
  const doc = new Y.Doc();
  Y.applyUpdate(doc, only.update);
  assert.equal(doc.getText("t").toString(), "b");
});

const TOGETHER = { pauseMs: 0, intervalMs: 84, characters: 20 };

test("with others the first key goes at once, and then a batch each interval", () => {
  const { text, batch, finished } = batched();
  batch.setCadence(TOGETHER);
  text.insert(0, "a");
  assert.equal(finished.length, 1);
  text.insert(1, "b");
  mock.timers.tick(40);
  text.insert(2, "c");
  mock.timers.tick(43);
  assert.equal(finished.length, 1);
  mock.timers.tick(1);
  assert.deepEqual(
    finished.map(({ edits }) => edits),
    [1, 2],
  );
  mock.timers.tick(84);
  text.insert(3, "d");
  assert.equal(finished.length, 3);
});

test("no more than twelve operations are made in a second, whatever is typed", () => {
  for (const cadence of [TOGETHER, { ...TOGETHER, intervalMs: 1 }, null]) {
    const { text, batch, finished } = batched();
    if (cadence !== null) batch.setCadence(cadence);
    for (let tick = 0; tick < 1000; tick += 5) {
      text.insert(0, "x".repeat(20));
      mock.timers.tick(5);
    }
    assert.ok(finished.length <= 13, `${finished.length} operations in ${1000 / SPACING_MS}`);
    assert.ok(finished.length >= 10, `${finished.length} operations`);
    batch.close();
  }
});

test("what was typed alone goes out when somebody comes", () => {
  const { text, batch, finished } = batched();
  text.insert(0, "a");
  mock.timers.tick(10);
  batch.setCadence(TOGETHER);
  assert.equal(finished.length, 1);
});
