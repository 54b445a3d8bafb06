/** The speed of playing a document, and the text of dates and times. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { speedOf, waitBetween } from "../../static/js/history/player.js";
import { dayOf, timeRange } from "../../static/js/lib/time.js";

test("pauses are shortened, and simultaneous changes are still visible", () => {
  assert.equal(waitBetween(0, 86_400_000), 400);
  assert.equal(waitBetween(5_000, 5_000), 40);
  assert.equal(waitBetween(5_000, 4_000), 40);
  assert.equal(waitBetween(5_000, 5_250), 250);
  assert.equal(waitBetween(null, 5_000), 150);
});

test("a short document plays as it was written, a long one in about a minute", () => {
  assert.equal(speedOf(20), 1);
  assert.equal(speedOf(400), 1);
  assert.equal((100_000 * 150) / speedOf(100_000), 60_000);
});

test("days have names", () => {
  const now = new Date(2026, 10, 25, 0, 30).getTime();
  const on = (/** @type {number} */ year, month = 10, day = 25, hour = 12, minute = 0) =>
    new Date(year, month, day, hour, minute).toISOString();
  assert.equal(dayOf(on(2026, 10, 25, 0, 10), now), "Today");
  assert.equal(dayOf(on(2026, 10, 24, 23, 50), now), "Yesterday");
  assert.equal(dayOf(on(2026, 9, 11, 12), now), "11 October");
  assert.equal(dayOf(on(2025, 9, 11, 12), now), "11 October 2025");
});

test("a time range has two ends, or one", () => {
  const at = (/** @type {number} */ minute) => new Date(2026, 10, 25, 9, minute).toISOString();
  assert.equal(timeRange(at(5), at(17)), "09:05–09:17");
  assert.equal(timeRange(at(5), at(5)), "09:05");
});
