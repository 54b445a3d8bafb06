/** The outline: the headings of a document, and the one that the caret is under. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Schema } from "@tiptap/pm/model";
import { headingAt, headingsOf } from "../../static/js/editor/outline.js";

const { nodes } = new Schema({
  nodes: {
    doc: { content: "block+" },
    paragraph: { group: "block", content: "text*" },
    heading: { group: "block", content: "text*", attrs: { level: { default: 1 } } },
    blockquote: { group: "block", content: "block+" },
    text: {},
  },
});
const { doc, paragraph, heading, blockquote } = /** @type {Record<string, any>} */ (nodes);
const line = (/** @type {any} */ type, /** @type {string} */ words, attrs = {}) =>
  type.create(attrs, words ? doc.schema.text(words) : null);

test("headings have their level, text and position; empty ones and those of quotes are left out", () => {
  const content = [
    line(paragraph, "words"),
    line(heading, "One"),
    line(heading, ""),
    blockquote.create(null, line(heading, "said")),
    line(heading, "Two", { level: 2 }),
  ];
  const { shown, count } = headingsOf(doc.create(null, content));
  assert.deepEqual(shown, [
    { level: 1, text: "One", pos: 7 },
    { level: 2, text: "Two", pos: 22 },
  ]);
  assert.equal(count, 2);
});

test("a position is under the last heading before it", () => {
  const headings = headingsOf(
    doc.create(null, [line(paragraph, "a"), line(heading, "One"), line(heading, "Two")]),
  );
  assert.deepEqual(
    [1, 3, 7, 8, 12].map((position) => headingAt(headings, position)),
    [-1, 0, 0, 1, 1],
  );
});

test("of very many headings the first are shown, and a caret behind them is under none", () => {
  const many = Array.from({ length: 5_000 }, (_, at) => line(heading, `${at}`.repeat(500)));
  const headings = headingsOf(doc.create(null, many));
  assert.equal(headings.shown.length, 200);
  assert.equal(headings.count, 5_000);
  assert.ok(headings.shown.every(({ text }) => text.length <= 120));
  assert.equal(headingAt(headings, headings.end - 1), 199);
  assert.equal(headingAt(headings, headings.end), -1);
});
