/** The keys of tabs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { tabAfter } from "../../static/js/ui/tabs.js";

test("arrow keys go round, Home and End to the ends, other keys nowhere", () => {
  assert.equal(tabAfter("ArrowRight", 0, 2), 1);
  assert.equal(tabAfter("ArrowRight", 1, 2), 0);
  assert.equal(tabAfter("ArrowLeft", 0, 3), 2);
  assert.equal(tabAfter("ArrowLeft", 2, 3), 1);
  assert.equal(tabAfter("Home", 2, 3), 0);
  assert.equal(tabAfter("End", 0, 3), 2);
  assert.equal(tabAfter("ArrowDown", 0, 3), null);
  assert.equal(tabAfter("a", 0, 3), null);
});
