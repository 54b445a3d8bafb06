/** How much of the page an on-screen keyboard covers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { keyboardHeight } from "../../static/js/editor/screen_keyboard.js";

const whole = { height: 740, offsetTop: 0, scale: 1 };

test("without a keyboard nothing is covered", () => {
  assert.equal(keyboardHeight(whole, 740), 0);
});

test("a keyboard covers the lower end of the page", () => {
  assert.equal(keyboardHeight({ ...whole, height: 440 }, 740), 300);
  assert.equal(keyboardHeight({ ...whole, height: 440.4 }, 740), 300);
});

test("what the browser has scrolled away above the visible part is not covered below", () => {
  assert.equal(keyboardHeight({ ...whole, height: 440, offsetTop: 100 }, 740), 200);
  assert.equal(keyboardHeight({ ...whole, height: 440, offsetTop: 300 }, 740), 0);
  assert.equal(keyboardHeight({ ...whole, height: 440, offsetTop: 320 }, 740), 0);
});

test("a bar of the browser is no keyboard, and neither is a zoom", () => {
  assert.equal(keyboardHeight({ ...whole, height: 684 }, 740), 0);
  assert.equal(keyboardHeight({ ...whole, height: 370, scale: 2 }, 740), 0);
});
