/** The send window, and what a document covers. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { MemoryStore } from "../../static/js/sync/operation_store.js";
import { Outbox } from "../../static/js/sync/outbox.js";
import { coversVector } from "../../static/js/sync/reconcile.js";
import {
  ACK_TIMEOUT_MS,
  MAX_BYTES_IN_FLIGHT,
  MAX_IN_FLIGHT,
  SendWindow,
} from "../../static/js/sync/send_window.js";
import { Y } from "../../static/vendor/yjs.js";
import { EMPTY_VECTOR, write, updateOf } from "./provider_page.mjs";

test("coversVector: every client's clock is reached", () => {
  const doc = new Y.Doc();
  const other = new Y.Doc();
  write(doc, "one");
  write(other, "two");
  assert.ok(coversVector(doc, EMPTY_VECTOR));
  assert.ok(coversVector(doc, Y.encodeStateVector(doc)));
  assert.ok(!coversVector(doc, Y.encodeStateVector(other)));
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(other));
  assert.ok(coversVector(doc, Y.encodeStateVector(other)));
});

test("the send window is bounded, moves with acknowledgements and notices their absence", async () => {
  const outbox = await Outbox.open(new MemoryStore());
  const sent = /** @type {string[]} */ ([]);
  const onTimeout = mock.fn();
  const window = new SendWindow(outbox, ({ id }) => sent.push(id), onTimeout);
  for (let number = 0; number < MAX_IN_FLIGHT + 2; number += 1) {
    outbox.markSent(outbox.add(updateOf("x"), EMPTY_VECTOR, 1).id);
  }
  const ids = outbox.operations.map(({ id }) => id);
  window.fill();
  window.fill();
  assert.deepEqual(sent, ids.slice(0, MAX_IN_FLIGHT));
  mock.timers.tick(ACK_TIMEOUT_MS - 1);
  window.acknowledge(String(ids[0]));
  window.fill();
  assert.deepEqual(sent, ids.slice(0, MAX_IN_FLIGHT + 1));
  mock.timers.tick(ACK_TIMEOUT_MS - 1);
  assert.equal(onTimeout.mock.callCount(), 0, "each acknowledgement starts the wait again");
  mock.timers.tick(1);
  assert.equal(onTimeout.mock.callCount(), 1);
  window.clear();
  window.fill();
  assert.equal(sent.length, MAX_IN_FLIGHT + 1 + MAX_IN_FLIGHT);
});

test("few bytes are in flight at once, but an operation of any size goes", async () => {
  const outbox = await Outbox.open(new MemoryStore());
  const sent = /** @type {string[]} */ ([]);
  const window = new SendWindow(
    outbox,
    ({ id }) => sent.push(id),
    () => {},
  );
  const half = updateOf("x".repeat(MAX_BYTES_IN_FLIGHT / 2 + 1));
  for (const update of [half, half, updateOf("x".repeat(MAX_BYTES_IN_FLIGHT * 2))]) {
    outbox.add(update, EMPTY_VECTOR, 1);
  }
  const ids = outbox.operations.map(({ id }) => id);
  for (let count = 1; count <= 3; count += 1) {
    window.fill();
    window.fill();
    assert.deepEqual(sent, ids.slice(0, count));
    window.acknowledge(String(ids[count - 1]));
  }
  window.clear();
});
