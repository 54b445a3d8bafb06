/** The ticks of the history's slider, and the times that stand there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ticksOf } from "../../static/js/history/ticks.js";
import { momentOf } from "../../static/js/lib/time.js";

const NOW = new Date(2026, 10, 30, 18, 0).getTime();
const HOUR_MS = 3_600_000;
const ago = (/** @type {number} */ hours) => new Date(NOW - hours * HOUR_MS).toISOString();

test("a session's tick stands before its first change, with the hour of its begin", () => {
  const sessions = [
    { first_seq: 76, began_at: ago(2) },
    { first_seq: 1, began_at: ago(5) },
  ];
  assert.deepEqual(ticksOf(sessions, { start: 0, head: 100 }, NOW), [
    { share: 0, label: "13:00" },
    { share: 0.75, label: "16:00" },
  ]);
});

test("the first label of another day is the day", () => {
  const sessions = [3, 28, 30, 100].map((hours, at) => ({
    first_seq: 100 - at * 30,
    began_at: ago(hours),
  }));
  const labels = ticksOf(sessions, { start: 0, head: 120 }, NOW).map(({ label }) => label);
  assert.deepEqual(labels, ["26 Nov", "Yesterday", "14:00", "Today"]);
});

test("two sessions of one minute have one label", () => {
  const sessions = [2, 2].map((hours, at) => ({ first_seq: 51 - at * 50, began_at: ago(hours) }));
  const labels = ticksOf(sessions, { start: 0, head: 100 }, NOW).map(({ label }) => label);
  assert.deepEqual(labels, ["16:00", ""]);
});

test("ticks and labels are few however many sessions there are", () => {
  const sessions = Array.from({ length: 5_000 }, (_, at) => ({
    first_seq: 10_000 - at * 2,
    began_at: ago(at),
  }));
  const ticks = ticksOf(sessions, { start: 0, head: 10_001 }, NOW);
  assert.ok(ticks.length > 40 && ticks.length <= 81, String(ticks.length));
  assert.ok(ticks.filter(({ label }) => label !== "").length <= 7);
});

test("a session of a compacted or empty log, or later than its end, has no tick", () => {
  const sessions = [
    { first_seq: 200, began_at: ago(1) },
    { first_seq: 1, began_at: ago(5) },
  ];
  assert.deepEqual(ticksOf(sessions, { start: 50, head: 100 }, NOW), []);
  assert.deepEqual(ticksOf(sessions, { start: 0, head: 0 }, NOW), []);
});

test("a moment is how long ago it was within an hour, else its day and hour", () => {
  assert.equal(momentOf(NOW - 5_000, NOW), "just now");
  assert.equal(momentOf(NOW - 59 * 60_000, NOW), "59 minutes ago");
  assert.equal(momentOf(NOW - 4 * HOUR_MS, NOW), "today at 14:00");
  assert.equal(momentOf(NOW - 28 * HOUR_MS, NOW), "yesterday at 14:00");
  assert.equal(momentOf(NOW - 100 * HOUR_MS, NOW), "26 November at 14:00");
});
