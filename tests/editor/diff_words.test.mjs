/** Changes of words begin where words begin. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { alignedToWords } from "../../static/js/history/diff_words.js";

/** @param {[string, string][]} parts kind and text @returns {any[]} */
const textsOf = (parts) => parts.map(([kind, text]) => ({ kind, text, depth: 1, author: null }));
/** @param {any[]} changes */
const partsOf = (changes) => changes.map(({ kind, text }) => [kind, text]);

for (const [name, given, expected] of /** @type {[string, [string, string][], string[][]][]} */ ([
  [
    "words before a word",
    [
      ["equal", "G"],
      ["insert", "race: G"],
      ["equal", "oals"],
    ],
    [
      ["insert", "Grace: "],
      ["equal", "Goals"],
    ],
  ],
  [
    "a word in a sentence",
    [
      ["equal", "the s"],
      ["insert", "mall s"],
      ["equal", "hip"],
    ],
    [
      ["equal", "the "],
      ["insert", "small "],
      ["equal", "ship"],
    ],
  ],
  [
    "a deletion",
    [
      ["equal", "the s"],
      ["delete", "mall s"],
      ["equal", "hip"],
    ],
    [
      ["equal", "the "],
      ["delete", "small "],
      ["equal", "ship"],
    ],
  ],
  [
    "letters within a word stay",
    [
      ["equal", "colo"],
      ["insert", "u"],
      ["equal", "r"],
    ],
    [
      ["equal", "colo"],
      ["insert", "u"],
      ["equal", "r"],
    ],
  ],
  [
    "a repeated letter stays",
    [
      ["equal", "go"],
      ["insert", "o"],
      ["equal", "d"],
    ],
    [
      ["equal", "go"],
      ["insert", "o"],
      ["equal", "d"],
    ],
  ],
  [
    "words behind a word stay",
    [
      ["equal", "one "],
      ["insert", "two "],
      ["equal", "three"],
    ],
    [
      ["equal", "one "],
      ["insert", "two "],
      ["equal", "three"],
    ],
  ],
])) {
  test(name, () => {
    const changes = textsOf(given);
    assert.deepEqual(partsOf(alignedToWords(changes)), expected);
    assert.deepEqual(partsOf(changes), given);
  });
}

test("a change at other marks, or of blocks, stays", () => {
  const changes = textsOf([
    ["equal", "G"],
    ["insert", "race: G"],
    ["equal", "oals"],
  ]);
  changes[0].marks = { bold: true };
  assert.deepEqual(alignedToWords(changes), changes);
  const block = { kind: "insert", text: "", depth: 0, node: { type: "paragraph", attributes: {} } };
  assert.deepEqual(alignedToWords(/** @type {any} */ ([block])), [block]);
});
