/** Find and replace: matches, what replaces them, and the one edit that does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Schema } from "@tiptap/pm/model";
import { EditorState } from "@tiptap/pm/state";
import {
  MAX_MATCHES,
  MAX_QUERY_CHARS,
  expressionOf,
  matchesIn,
  textsOf,
} from "../../static/js/editor/find_matches.js";
import { replacement } from "../../static/js/editor/find_replace.js";

const schema = new Schema({
  nodes: {
    doc: { content: "block+" },
    paragraph: { group: "block", content: "inline*" },
    codeBlock: { group: "block", content: "text*", marks: "", code: true },
    quote: { group: "block", content: "block+" },
    hardBreak: { group: "inline", inline: true },
    picture: { group: "inline", inline: true },
    text: { group: "inline" },
  },
  marks: { bold: {} },
});
const PLAIN = { isCase: false, isWord: false, isRegExp: false };

/** @param {string} text @param {string} words @param {object} [options] */
function found(text, words, options = {}, insert = "") {
  const query = { text: words, ...PLAIN, ...options };
  const expression = expressionOf(query);
  assert.ok(expression);
  return matchesIn([text], expression, query.isRegExp ? insert : null, insert).map(
    ({ at, length, insert: made }) => [text.slice(at, at + length), at, made],
  );
}

/** @param {...(string | any)} content */
function line(...content) {
  return schema.node(
    "paragraph",
    null,
    content.map((one) => (typeof one === "string" ? schema.text(one) : one)),
  );
}

/** Replace all matches of an expression in blocks. @param {any[]} blocks @param {RegExp} expression */
function replaced(blocks, expression, insert = "") {
  const doc = schema.node("doc", null, blocks);
  const state = /** @type {any} */ (EditorState.create({ doc }));
  const texts = textsOf(state.doc);
  const matches = matchesIn(
    texts.map(({ text }) => text),
    expression,
    insert,
  ).map(({ text, at, length, insert: made }) => {
    const from = (texts[text]?.from ?? 0) + at;
    return { from, to: from + length, insert: made };
  });
  return replacement(state, matches);
}

test("words are found whatever their case, with it, as whole words, and as they are written", () => {
  assert.deepEqual(
    found("One one ONE", "one").map(([, at]) => at),
    [0, 4, 8],
  );
  assert.deepEqual(
    found("One one ONE", "one", { isCase: true }).map(([, at]) => at),
    [4],
  );
  assert.deepEqual(
    found("cat concat cat_ über-cat", "cat", { isWord: true }).map(([, at]) => at),
    [0, 21],
  );
  assert.deepEqual(
    found("übercat über", "über", { isWord: true }).map(([, at]) => at),
    [8],
  );
  assert.equal(found("a.b a*b (x)", "a.b").length, 1);
  assert.equal(found("[(.*)]", "[(.*)]").length, 1);
  // Letters whose small form has another length do not move what is behind them.
  assert.deepEqual(found("İİ x", "X"), [["x", 3, ""]]);
});

test("a regular expression has its groups in what replaces it", () => {
  const regular = { isRegExp: true };
  const dates = found("2026-11-30", "(?<y>\\d+)-(\\d+)-(\\d+)", regular, "$3.$2.$<y> $& $$1 $4");
  assert.deepEqual(dates, [["2026-11-30", 0, "30.11.2026 2026-11-30 $1 $4"]]);
  assert.deepEqual(found("aab", "x*", regular), []);
  assert.deepEqual(found("a1", "(a)|(b)", regular, "[$1$2$10]"), [["a", 0, "[aa0]"]]);
  // In words the signs mean nothing.
  assert.deepEqual(found("price", "price", {}, "$& $1"), [["price", 0, "$& $1"]]);
});

test("an expression that is not correct, or too long, is an error", () => {
  for (const text of ["(", "a)|(b", "[", "\\", "x{2,1}"]) {
    assert.throws(() => expressionOf({ text, ...PLAIN, isRegExp: true, isWord: true }), text);
  }
  assert.throws(() => expressionOf({ text: "x".repeat(MAX_QUERY_CHARS + 1), ...PLAIN }));
  assert.equal(expressionOf({ text: "", ...PLAIN }), null);
});

test("matches are counted up to a bound, and so are the letters that replace them", () => {
  assert.equal(found("a".repeat(MAX_MATCHES + 5), "a").length, MAX_MATCHES);
  const many = found("ab".repeat(1_000), ".+", { isRegExp: true }, "$&".repeat(500));
  assert.equal(many.length, 1);
  assert.equal(
    found("x".repeat(100_000), "x{500}", { isRegExp: true }, "$&".repeat(500)).length,
    20,
  );
});

test("a block's text has a character for each position, and a picture is in no match", () => {
  const picture = schema.node("picture");
  const blocks = [
    schema.node("quote", null, [line("one ", schema.node("hardBreak"), "two"), line()]),
    line("a", picture, "b"),
  ];
  const texts = textsOf(/** @type {any} */ (schema.node("doc", null, blocks)));
  assert.deepEqual(texts, [
    { from: 2, text: "one \ntwo" },
    { from: 15, text: "a\ufffcb" },
  ]);
  assert.deepEqual(found("a\ufffcb", "a.b", { isRegExp: true }), []);
});

test("all matches are replaced by one transaction, with their looks, and it names its edits", () => {
  const bold = schema.text("Foo", [schema.mark("bold")]);
  const tr = replaced(
    [line("foo and ", bold, " end"), line("none"), line("foofoo")],
    /foo/giu,
    "barn",
  );
  assert.ok(tr);
  assert.equal(tr.doc.textBetween(0, tr.doc.content.size, "|"), "barn and barn end|none|barnbarn");
  assert.equal(tr.doc.firstChild?.child(1).marks.length, 1);
  assert.deepEqual(tr.getMeta("textEdits"), [
    {
      before: "foo and Foo end",
      after: "barn and barn end",
      edits: [
        { index: 0, remove: 3, insert: "barn" },
        { index: 9, remove: 3, insert: "barn" },
      ],
    },
    {
      before: "foofoo",
      after: "barnbarn",
      edits: [
        { index: 0, remove: 3, insert: "barn" },
        { index: 4, remove: 3, insert: "barn" },
      ],
    },
  ]);
});

test("texts on both sides of a picture have edits of their own; a line break in a match has none", () => {
  const tr = replaced([line("aXb", schema.node("picture"), "Xc")], /X/gu, "");
  assert.deepEqual(
    tr?.getMeta("textEdits").map((/** @type {any} */ { before, after }) => [before, after]),
    [
      ["aXb", "ab"],
      ["Xc", "c"],
    ],
  );
  const joined = replaced([line("a", schema.node("hardBreak"), "b")], /a\nb/gu, "[$&]");
  assert.equal(joined?.doc.textContent, "[a b]");
  assert.deepEqual(joined?.getMeta("textEdits"), []);
  const code = replaced([schema.node("codeBlock", null, [schema.text("a\nb")])], /a\n/gu, "$&$&");
  assert.equal(code?.doc.textContent, "a\na\nb");
});

test("what is there already is left as it is", () => {
  assert.equal(replaced([line("same same")], /same/gu, "same"), null);
  const tr = replaced([line("Same same")], /same/giu, "same");
  assert.equal(tr?.steps.length, 1);
});
