/** The confirmation of a new retention: it lists only what would be deleted. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { losses, toDays, toSeconds } from "../../static/js/history/retention_text.js";

const DAY = 86_400;
const SERVER = { all_s: DAY, hourly_s: 7 * DAY, daily_s: 30 * DAY };
const MORE = { all_s: 2 * DAY, hourly_s: 7 * DAY, daily_s: 60 * DAY };
const FEWER = { all_s: 2 * DAY, hourly_s: 7 * DAY, daily_s: 29 * DAY };

/**
 * @typedef {import("../../static/js/history/retention_text.js").Keep} Keep
 * @param {Keep | null} keep
 * @param {number | null} days
 * @param {number} [inForce]
 */
function settings(keep, days, inForce = days ?? 0) {
  const held = { keep: keep ?? SERVER, compact_after_days: inForce };
  return { keep, compact_after_days: days, in_force: held };
}

/** @type {[string, ReturnType<typeof settings>, Keep | null, number | null, RegExp[]][]} */
const CASES = [
  ["nothing changes", settings(null, null), null, null, []],
  ["more is kept", settings(null, 30), MORE, 90, []],
  ["all is kept again", settings(FEWER, 30), FEWER, 0, []],
  ["versions go sooner", settings(MORE, 0), FEWER, 0, [/^Versions without a name/]],
  ["compaction begins", settings(null, null), null, 90, [/^Changes older than 90 days .* undone/]],
  ["compaction comes sooner", settings(null, 90), null, 30, [/^Changes older than 30 days/]],
  [
    "the server's own are not known",
    settings(MORE, 0),
    null,
    null,
    [/^Versions/, /^Changes older than the server/],
  ],
];

for (const [name, now, keep, days, expected] of CASES) {
  test(name, () => {
    const found = losses(now, { keep, compact_after_days: days });
    assert.equal(found.length, expected.length);
    expected.forEach((pattern, index) => assert.match(found[index] ?? "", pattern));
  });
}

test("seconds come back from days as they were", () => {
  for (const seconds of [0, 1, 59, 3_600, DAY, 100 * 366 * DAY - 1]) {
    assert.equal(toSeconds(toDays(seconds)), seconds);
  }
});
