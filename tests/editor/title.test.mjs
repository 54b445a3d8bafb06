/** The title field: saved after a pause, stored until then, and never overwritten while typing. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { TitleField } from "../../static/js/editor/title.js";
import { ApiError } from "../../static/js/lib/api.js";
import { FakeElement, fakeDocument, installFakeDocument } from "./fake_document.mjs";
import { settled } from "./fake_socket.mjs";

const storage = installFakeDocument();
const KEY = "title-key";

/** A field and a fake server: `saves` are the titles that it received. */
function titleField({ title = "Draft" } = {}) {
  const input = new FakeElement("textarea");
  const saves = /** @type {string[]} */ ([]);
  const server = { title, answer: async (/** @type {string} */ text) => text };
  const onEnter = mock.fn();
  const field = new TitleField({
    input: /** @type {any} */ (input),
    title,
    storageKey: KEY,
    save: (text) => {
      saves.push(text);
      return server.answer(text);
    },
    read: async () => server.title,
    onEnter,
  });
  const type = (/** @type {string} */ text) => {
    input.value = text;
    input.dispatchEvent(new Event("input"));
  };
  return { field, input, saves, server, type, onEnter };
}

beforeEach(() => {
  storage.values.clear();
  fakeDocument.activeElement = null;
  mock.timers.enable({ apis: ["setTimeout"] });
});

afterEach(() => {
  mock.timers.reset();
});

test("typed text is dirty and stored at once, and saved after a pause, as one line", async () => {
  const { field, saves, type, input } = titleField();
  type("A new\n title");
  assert.ok(field.dirty);
  assert.equal(input.value, "A new title");
  assert.equal(fakeDocument.title, "A new title · Scriptorium");
  assert.deepEqual(JSON.parse(storage.getItem(KEY) ?? ""), { title: "A new title", base: "Draft" });
  mock.timers.tick(599);
  assert.deepEqual(saves, []);
  mock.timers.tick(1);
  await settled();
  assert.deepEqual(saves, ["A new title"]);
  assert.ok(!field.dirty);
  assert.equal(storage.getItem(KEY), null);
});

for (const stored of [JSON.stringify({ title: "Kept", base: "Draft" }), "Kept"]) {
  test(`an unsaved title of an earlier page is shown, and saved once it may be: ${stored}`, async () => {
    storage.setItem(KEY, stored);
    const { field, saves, input } = titleField();
    assert.equal(input.value, "Kept");
    input.readOnly = true;
    await field.flush();
    assert.deepEqual(saves, []);
    input.readOnly = false;
    await field.flush();
    assert.deepEqual(saves, ["Kept"]);
    assert.ok(!field.dirty);
    assert.equal(storage.getItem(KEY), null);
  });
}

/** The titles that were not saved. @param {TitleField} field */
function overtaken(field) {
  const kept = /** @type {string[]} */ ([]);
  field.addEventListener("overtaken", (event) => {
    if (event instanceof CustomEvent) kept.push(event.detail);
  });
  return kept;
}

test("an unsaved title that was made of another one gives way to another person's, with a word", async () => {
  storage.setItem(KEY, JSON.stringify({ title: "Old idea", base: "Draft" }));
  const { field, saves, input } = titleField({ title: "Plan" });
  const kept = overtaken(field);
  await field.flush();
  assert.deepEqual(saves, []);
  await settled();
  assert.equal(input.value, "Plan");
  assert.deepEqual(kept, ["Old idea"]);
  assert.ok(!field.dirty);
  assert.equal(storage.getItem(KEY), null);
  await field.flush();
  assert.deepEqual(saves, []);
  await field.rename("Old idea");
  assert.deepEqual(saves, ["Old idea"]);
});

test("a title that could not be sent is sent later only if nobody has given another one", async () => {
  const { field, server, type, saves, input } = titleField();
  const works = server.answer;
  const kept = overtaken(field);
  server.answer = async () => {
    throw new TypeError("Failed to fetch");
  };
  type("Mine");
  mock.timers.tick(600);
  await settled();
  server.answer = works;
  server.title = "Theirs";
  mock.timers.tick(3_000);
  await settled();
  assert.deepEqual(saves, ["Mine"]);
  assert.equal(input.value, "Theirs");
  assert.deepEqual(kept, ["Mine"]);
  assert.ok(!field.dirty);
});

test("the server's cleaned title is shown, unless typing has continued", async () => {
  const { input, server, type, saves } = titleField();
  server.answer = async (text) => `${text}!`;
  type("One");
  mock.timers.tick(600);
  await settled();
  assert.equal(input.value, "One!");
  type("Two");
  mock.timers.tick(600);
  type("Two and more");
  await settled();
  assert.equal(input.value, "Two and more");
  mock.timers.tick(600);
  await settled();
  assert.deepEqual(saves, ["One", "Two", "Two and more"]);
});

test("another person's title is shown, but not while the field is focused or dirty", async () => {
  const { field, input, type } = titleField();
  field.accept("Theirs");
  assert.equal(input.value, "Theirs");
  type("Mine");
  field.accept("Theirs again");
  assert.equal(input.value, "Mine");
  mock.timers.tick(600);
  await settled();
  input.focus();
  field.accept("Theirs again");
  assert.equal(input.value, "Mine");
});

for (const [name, error] of /** @type {const} */ ([
  ["no answer", new ApiError(0, "unreachable", "Away.")],
  ["a server error", new ApiError(503, "unavailable", "Away.")],
  ["an error of the network", new TypeError("Failed to fetch")],
])) {
  test(`after ${name} the title is kept and saved later`, async () => {
    const { field, server, type, saves } = titleField();
    const works = server.answer;
    server.answer = async () => {
      throw error;
    };
    type("New");
    mock.timers.tick(600);
    await settled();
    assert.ok(field.dirty);
    assert.equal(JSON.parse(storage.getItem(KEY) ?? "").title, "New");
    server.answer = works;
    mock.timers.tick(3_000);
    await settled();
    assert.deepEqual(saves, ["New", "New"]);
    assert.ok(!field.dirty);
  });
}

test("a title that the server refuses is replaced by the saved one, with the reason", async () => {
  const { field, input, server, type } = titleField();
  const refused = mock.fn();
  field.addEventListener("refused", refused);
  server.answer = async () => {
    throw new ApiError(400, "invalid", "Too long.");
  };
  type("New");
  mock.timers.tick(600);
  await settled();
  assert.equal(input.value, "Draft");
  assert.equal(refused.mock.callCount(), 1);
  assert.equal(storage.getItem(KEY), null);
});

test("a title that may not be changed is never saved", async () => {
  const { field, input, saves } = titleField();
  input.readOnly = true;
  input.value = "Other";
  await field.flush();
  assert.deepEqual(saves, []);
});

test("Enter leads to the text, except while a word is composed", () => {
  const { input, onEnter } = titleField();
  const key = (/** @type {object} */ more) => {
    const event = new Event("keydown", { cancelable: true });
    input.dispatchEvent(Object.assign(event, { key: "Enter", ...more }));
    return event;
  };
  key({ isComposing: true });
  assert.equal(onEnter.mock.callCount(), 0);
  assert.ok(key({ isComposing: false }).defaultPrevented);
  assert.equal(onEnter.mock.callCount(), 1);
});
