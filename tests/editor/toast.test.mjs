/** Short messages: one that stays is not replaced. */
import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { hideToast, toast } from "../../static/js/ui/toast.js";
import { FakeElement, fakeDocument, installFakeDocument } from "./fake_document.mjs";

const place = new FakeElement("div");
installFakeDocument();
Object.assign(globalThis, { HTMLElement: FakeElement });
Object.assign(fakeDocument, { getElementById: () => place });
mock.timers.enable({ apis: ["setTimeout"] });

beforeEach(() => {
  while (shown().length > 0) close(0);
});

/** The messages that are shown. */
function shown() {
  return messages().map((message) => message.querySelector("span")?.children[0]);
}

function messages() {
  return place.children.filter((child) => child instanceof FakeElement);
}

/** Press the key that closes a message. @param {number} at */
function close(at) {
  messages()[at]?.querySelector("[aria-label]")?.dispatchEvent(new Event("click"));
}

/** Press the action of a message. @param {number} at */
function act(at) {
  messages()[at]?.querySelector("button")?.dispatchEvent(new Event("click"));
}

test("a message replaces the last one, and goes by itself", () => {
  toast("one");
  toast("two");
  assert.deepEqual(shown(), ["two"]);
  mock.timers.tick(8_000);
  assert.deepEqual(shown(), []);
});

test("a message that stays is replaced by none, and goes when it is closed", () => {
  const onClose = mock.fn();
  toast("stays", undefined, { stays: true, onClose });
  toast("passes");
  assert.deepEqual(shown(), ["stays", "passes"]);
  mock.timers.tick(8_000);
  assert.deepEqual(shown(), ["stays"]);
  toast("passes again");
  hideToast();
  assert.deepEqual(shown(), ["stays"]);
  assert.equal(onClose.mock.callCount(), 0);
  close(0);
  assert.deepEqual(shown(), []);
  assert.equal(onClose.mock.callCount(), 1);
});

test("messages that stay are shown one after the other", () => {
  const [run, onClose] = [mock.fn(), mock.fn()];
  toast("one", { label: "Keep", run }, { stays: true, onClose });
  const hide = toast("two", undefined, { stays: true });
  toast("three", undefined, { stays: true });
  assert.deepEqual(shown(), ["one"]);
  hide();
  act(0);
  assert.deepEqual(shown(), ["three"]);
  assert.equal(run.mock.callCount(), 1);
  assert.equal(onClose.mock.callCount(), 0);
});

test("a message that is hidden by its maker gives its place to the next one", () => {
  const hide = toast("one", undefined, { stays: true });
  toast("two", undefined, { stays: true });
  hide();
  hide();
  assert.deepEqual(shown(), ["two"]);
});
