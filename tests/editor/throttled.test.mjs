/** Presence of others leads to one request at once, and to one more after the interval. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { throttled } from "../../static/js/ui/dom.js";

test("many calls within the interval are one at its start and one at its end", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let calls = 0;
  const call = throttled(2_000, () => {
    calls += 1;
  });
  for (let number = 0; number < 150; number += 1) call();
  assert.equal(calls, 1);
  context.mock.timers.tick(1_999);
  assert.equal(calls, 1);
  context.mock.timers.tick(1);
  assert.equal(calls, 2);
  call();
  assert.equal(calls, 2);
  context.mock.timers.tick(2_000);
  assert.equal(calls, 3);
  context.mock.timers.tick(2_000);
  assert.equal(calls, 3);
  call();
  assert.equal(calls, 4);
});
