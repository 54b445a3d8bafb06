/** The history dialog: the text of a position, and the range of shown changes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seqOf } from "../../static/js/history/deep_link.js";
import {
  changesRange,
  nameText,
  newChangesText,
  nextPlace,
  positionText,
  restoreTexts,
  undoTexts,
} from "../../static/js/history/history_text.js";

const MARK = { author: { id: "1", username: "ada" }, at: Date.now() };
const nameOf = (/** @type {string} */ username) => (username === "ada" ? "Ada Lovelace" : username);

/** @type {[string, number, typeof MARK | null, [string, string]][]} */
const POSITIONS = [
  ["the empty document", 0, null, ["Before the first change", "change 0 of 1,200"]],
  ["a loaded change", 7, MARK, ["Ada Lovelace, just now", "change 7 of 1,200"]],
  ["a change that is not loaded", 1100, null, ["Change 1,100", "of 1,200"]],
  ["the present", 1200, MARK, ["Now · Ada Lovelace, just now", "change 1,200 of 1,200"]],
  ["the present, not loaded", 1200, null, ["Now", "change 1,200 of 1,200"]],
];

for (const [name, seq, mark, texts] of POSITIONS) {
  test(`position, ${name}: ${texts.join(", ")}`, () => {
    assert.deepEqual(positionText({ seq, head: 1200 }, mark, nameOf), texts);
  });
}

test("changes of the session begin before it, changes since then end at the present", () => {
  const startOf = (/** @type {number} */ seq) => seq - 3;
  assert.deepEqual(changesRange("session", { seq: 9, head: 20 }, startOf), [6, 9]);
  assert.deepEqual(changesRange("since", { seq: 9, head: 20 }, startOf), [9, 20]);
});

test("steps through the changes wrap around", () => {
  assert.equal(nextPlace(-1, 3, 1), 0);
  assert.equal(nextPlace(-1, 3, -1), 2);
  assert.equal(nextPlace(2, 3, 1), 0);
  assert.equal(nextPlace(0, 3, -1), 2);
});

test("texts depend on the number, the name, and edits of others meanwhile", () => {
  assert.match(newChangesText(1), /^Show 1 new change$/);
  assert.match(newChangesText(1500), /^Show 1,500 new changes$/);
  const texts = [
    { name: "Draft", automatic: false },
    { name: "", automatic: false },
    { name: "", automatic: true },
  ].map(nameText);
  assert.equal(new Set(texts).size, 3);
  assert.match(String(texts[0]), /“Draft”/);
  assert.match(restoreTexts(true).question, /others have written/);
  assert.doesNotMatch(restoreTexts(false).question, /others have written/);
  const { action, ...sentences } = undoTexts("Grace Hopper");
  for (const text of Object.values(sentences)) assert.match(text, /Grace Hopper/);
  assert.match(action, /^Undo/);
});

test("the address of a state is read, and no other hash", () => {
  assert.equal(seqOf("#at=123"), 123);
  assert.equal(seqOf("#at=0"), 0);
  for (const hash of ["", "#at=", "#at=-1", "#at=1.5", "#at=12345678901", "#AT=1", "#at=1x"]) {
    assert.equal(seqOf(hash), null, hash);
  }
});
