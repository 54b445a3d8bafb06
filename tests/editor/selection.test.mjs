/** Before which keys the editor reads the browser's selection. */
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { readSelectionBeforeKey } from "../../static/js/editor/selection.js";

const ANDROID = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/130.0 Mobile";

/** Return whether the editor reads the selection before a key. @param {object} event */
function reads(event, composing = false) {
  const done = /** @type {string[]} */ ([]);
  const domObserver = {
    forceFlush: () => done.push("forced"),
    flush: () => done.push("flushed"),
  };
  const view = /** @type {any} */ ({ composing, domObserver });
  const key = { keyCode: 0, ctrlKey: false, metaKey: false, isComposing: false, ...event };
  assert.equal(readSelectionBeforeKey(view, /** @type {any} */ (key)), false);
  assert.ok(done.length === 0 || done.join() === "forced,flushed");
  return done.length > 0;
}

/** @param {string | undefined} userAgent */
function setBrowser(userAgent) {
  const value = userAgent === undefined ? undefined : { userAgent };
  Object.defineProperty(globalThis, "navigator", { value, configurable: true });
}

afterEach(() => setBrowser(undefined));

test("the selection is read before a shortcut, Enter and an erasing key", () => {
  assert.ok(reads({ key: "k", keyCode: 75, ctrlKey: true }));
  assert.ok(reads({ key: "k", keyCode: 75, metaKey: true }));
  assert.ok(reads({ key: "Enter", keyCode: 13 }));
  assert.ok(reads({ key: "Backspace", keyCode: 8 }));
  assert.ok(!reads({ key: "k", keyCode: 75 }));
});

test("what an input method has not finished is left alone", () => {
  assert.ok(!reads({ key: "Enter", keyCode: 13 }, true));
  assert.ok(!reads({ key: "Enter", keyCode: 13, isComposing: true }));
  // Safari sends the Enter that confirms a word after the end of the composition, with this code.
  assert.ok(!reads({ key: "Enter", keyCode: 229 }));
  assert.ok(!reads({ key: "Backspace", keyCode: 229 }));
  assert.ok(!reads({ key: "Process" }));
  assert.ok(!reads({ key: "Unidentified" }));
});

test("Enter on Android is left to the keyboard, and a shortcut there is not", () => {
  setBrowser(ANDROID);
  assert.ok(!reads({ key: "Enter", keyCode: 13 }));
  assert.ok(reads({ key: "k", keyCode: 75, ctrlKey: true }));
  setBrowser(ANDROID.replace("Android 14", "x86_64"));
  assert.ok(reads({ key: "Enter", keyCode: 13 }));
});
