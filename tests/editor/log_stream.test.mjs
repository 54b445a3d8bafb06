/** The log stream is read as the server writes it; the cache stays within its bound. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encoding } from "../../static/vendor/yjs.js";
import { ByteCache } from "../../static/js/lib/byte_cache.js";
import { LogSegment } from "../../static/js/history/log_stream.js";

/** @param {[number, number, number[]][]} operations author's index, time, update */
function packed(...operations) {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, 2);
  for (const text of ["7", "ada", "9", ""]) encoding.writeVarString(encoder, text);
  for (const [author, at, update] of operations) {
    encoding.writeVarUint(encoder, author);
    encoding.writeVarUint(encoder, at);
    encoding.writeVarUint8Array(encoder, new Uint8Array(update));
  }
  return encoding.toUint8Array(encoder);
}

test("author, time and update of each operation", () => {
  const log = new LogSegment(packed([0, 1_764_000_000_123, [1, 2]], [1, 5, []], [0, 6, [3]]), 40);
  assert.deepEqual([log.first, log.last], [41, 43]);
  assert.deepEqual(log.mark(41), { author: { id: "7", username: "ada" }, at: 1_764_000_000_123 });
  assert.equal(log.mark(42)?.author.username, "");
  assert.deepEqual([...log.update(41)], [1, 2]);
  assert.equal(log.update(42).length, 0);
  assert.deepEqual([...log.update(43)], [3]);
  assert.equal(log.mark(44), null);
});

test("a response without an operation ends at its first seq", () => {
  const log = new LogSegment(packed(), 40);
  assert.deepEqual([log.first, log.last], [41, 40]);
});

test("a truncated response is an error", () => {
  const whole = packed([0, 1, [1, 2, 3]]);
  assert.throws(() => new LogSegment(whole.slice(0, -1), 0));
});

test("the least recently used value is evicted first", () => {
  const cache = new ByteCache(10);
  cache.set(1, { size: 4 });
  cache.set(2, { size: 4 });
  cache.get(1);
  cache.set(3, { size: 4 });
  assert.deepEqual([cache.has(1), cache.has(2), cache.has(3)], [true, false, true]);
  assert.equal(cache.size, 8);
});

test("a value that has grown counts with its present size", () => {
  const cache = new ByteCache(10);
  const value = { size: 4 };
  cache.set(1, value);
  value.size = 9;
  cache.set(1, value);
  assert.equal(cache.size, 9);
  cache.set(2, { size: 30 });
  assert.deepEqual([cache.has(1), cache.has(2), cache.size], [false, true, 30]);
});
