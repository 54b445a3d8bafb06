/** The word count: equal to that of the whole text, with unchanged nodes counted once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Schema } from "@tiptap/pm/model";
import { WordCounter } from "../../static/js/editor/word_count.js";

const { nodes } = new Schema({
  nodes: {
    doc: { content: "block+" },
    paragraph: { group: "block", content: "inline*" },
    item: { group: "block", content: "block+" },
    rule: { group: "block" },
    text: { group: "inline" },
    lineBreak: { group: "inline", inline: true },
  },
});
const { doc, paragraph, item, rule, lineBreak } = /** @type {Record<string, any>} */ (nodes);
const text = (/** @type {string} */ words) => doc.schema.text(words);
const line = (/** @type {any[]} */ ...content) => paragraph.create(null, content);

/** Count calls that read a block's text. @param {any[]} blocks */
function watched(blocks) {
  const read = /** @type {string[]} */ ([]);
  for (const block of blocks) {
    const words = block.textContent;
    const textBetween = block.textBetween.bind(block);
    block.textBetween = (/** @type {any[]} */ ...range) => {
      read.push(words);
      return textBetween(...range);
    };
  }
  return read;
}

/** @type {[string, any, number][]} */
const CASES = [
  ["an empty paragraph", doc.create(null, [line()]), 0],
  ["a paragraph", doc.create(null, [line(text("Two words, no more."))]), 4],
  [
    "words do not run on into the next block",
    doc.create(null, [line(text("one")), line(text("two"))]),
    2,
  ],
  [
    "nor over a line break",
    doc.create(null, [line(text("one"), lineBreak.create(), text("two"))]),
    2,
  ],
  [
    "within items, beside a rule",
    doc.create(null, [
      item.create(null, [line(text("a b")), item.create(null, [line(text("c"))])]),
      rule.create(),
    ]),
    3,
  ],
  ["a script without spaces", doc.create(null, [line(text("我们在港口"))]), 3],
];

for (const [name, node, expected] of CASES) {
  test(`words: ${name}`, () => {
    const whole = node.textBetween(0, node.content.size, " ", " ");
    const segments = new Intl.Segmenter(undefined, { granularity: "word" }).segment(whole);
    assert.equal(new WordCounter().count(node), expected);
    assert.equal([...segments].filter(({ isWordLike }) => isWordLike).length, expected);
  });
}

test("only changed blocks are read again", () => {
  const counter = new WordCounter();
  const [first, second, other] = [
    line(text("one two")),
    line(text("three")),
    line(text("four five six")),
  ];
  const read = watched([first, second, other]);
  assert.equal(counter.count(doc.create(null, [first, second])), 3);
  assert.equal(counter.count(doc.create(null, [first, other])), 5);
  assert.equal(counter.count(doc.create(null, [first, second])), 3);
  assert.deepEqual(read, ["one two", "three", "four five six"]);
});

test("a count that takes too long is continued until it is complete", () => {
  const counter = new WordCounter();
  const blocks = ["a", "b c", "d e f"].map((words) => line(text(words)));
  const read = watched(blocks);
  const whole = doc.create(null, blocks);
  assert.equal(
    counter.count(whole, () => true),
    null,
  );
  assert.deepEqual(read, ["a"]);
  assert.equal(
    counter.count(whole, () => read.length === 2),
    null,
  );
  assert.deepEqual(read, ["a", "b c"]);
  assert.equal(counter.count(whole), 6);
  assert.deepEqual(read, ["a", "b c", "d e f"]);
});

test("a slow clock only makes it need more calls", () => {
  const counter = new WordCounter();
  const whole = doc.create(
    null,
    ["a", "b c", "d e f"].map((words) => line(text(words))),
  );
  const counts = Array.from({ length: 4 }, () => counter.count(whole, () => true));
  assert.deepEqual(counts, [null, null, null, 6]);
});
