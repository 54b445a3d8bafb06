// Where a tooltip stands.
import assert from "node:assert/strict";
import { test } from "node:test";
import { tooltipPlace } from "../../static/js/ui/tooltip.js";

const TOOLTIP = { width: 100, height: 24 };
const ROOM = { width: 320, height: 640 };

test("a tooltip stands below its element, centred", () => {
  const element = { top: 100, bottom: 136, left: 140, right: 180 };
  assert.deepEqual(tooltipPlace(element, TOOLTIP, ROOM), { top: 142, left: 110 });
});

test("a tooltip stands above its element where there is no room below", () => {
  const element = { top: 600, bottom: 636, left: 140, right: 180 };
  assert.equal(tooltipPlace(element, TOOLTIP, ROOM).top, 570);
  const tall = { top: 10, bottom: 636, left: 140, right: 180 };
  assert.equal(tooltipPlace(tall, TOOLTIP, ROOM).top, 6);
});

test("a tooltip stays inside the window", () => {
  const element = { top: 0, bottom: 36, left: 0, right: 20 };
  assert.equal(tooltipPlace(element, TOOLTIP, ROOM).left, 6);
  assert.equal(tooltipPlace({ ...element, left: 300, right: 320 }, TOOLTIP, ROOM).left, 214);
});
