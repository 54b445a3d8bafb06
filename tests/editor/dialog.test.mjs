/** Dialogs: removed from the page when closed; a prompt has one answer or none. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { ask, openDialog } from "../../static/js/ui/dialog.js";
import { FakeElement, fakeDocument, installFakeDocument } from "./fake_document.mjs";

installFakeDocument();

beforeEach(() => {
  fakeDocument.body = new FakeElement("body");
});

/** The dialog that is open. */
function shown() {
  const dialog = fakeDocument.body.querySelector("dialog");
  assert.ok(dialog);
  return dialog;
}

function field() {
  const input = shown().querySelector("input");
  assert.ok(input);
  return input;
}

/** Press Enter in the form, or its button. */
function submit() {
  shown()
    .querySelector("form")
    ?.dispatchEvent(new Event("submit", { cancelable: true }));
}

test("a dialog is modal, has its heading as a name, and leaves the page when it is closed", () => {
  const dialog = openDialog("Share", "content");
  assert.equal(shown(), dialog);
  assert.ok(shown().isOpen);
  const heading = shown().querySelector("h2");
  assert.deepEqual(heading?.children, ["Share"]);
  assert.equal(shown().attributes.get("aria-labelledby"), heading?.attributes.get("id"));
  shown().querySelector("[aria-label]")?.dispatchEvent(new Event("click"));
  assert.equal(fakeDocument.body.querySelector("dialog"), null);
});

test("a click beside the dialog closes it, a click in it does not", () => {
  openDialog("Share");
  const dialog = shown();
  const inside = new Event("click");
  Object.defineProperty(inside, "target", { value: dialog.querySelector("h2") });
  dialog.dispatchEvent(inside);
  assert.ok(dialog.isOpen);
  dialog.dispatchEvent(new Event("click"));
  assert.ok(!dialog.isOpen);
});

const QUESTION = { heading: "Rename", label: "Title", value: "Draft", button: "Rename" };

test("a prompt starts with the present value, focused, and resolves to the entered one", async () => {
  const answer = ask(QUESTION);
  assert.equal(field().value, "Draft");
  assert.equal(fakeDocument.activeElement, field());
  field().value = "Final";
  submit();
  assert.equal(await answer, "Final");
});

test("a prompt that is closed has no answer", async () => {
  const answer = ask(QUESTION);
  field().value = "Final";
  shown().close();
  assert.equal(await answer, null);
});

test("an answer that is not valid is refused with its problem until it is changed", async () => {
  const validate = (/** @type {string} */ value) => (value === "ok" ? "" : "Enter ok.");
  const answer = ask({ ...QUESTION, validate });
  submit();
  assert.ok(shown().isOpen);
  assert.equal(field().problem, "Enter ok.");
  field().dispatchEvent(new Event("input"));
  assert.equal(field().problem, "");
  field().value = "ok";
  submit();
  assert.equal(await answer, "ok");
});
