/** What is typed behind a sign, which entries it matches, and where their popup stands. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Schema } from "@tiptap/pm/model";
import { EditorState, TextSelection } from "@tiptap/pm/state";
import { emojiOf, matchingEmoji } from "../../static/js/editor/emoji_menu.js";
import {
  MAX_QUERY_CHARS,
  matching,
  popupPlace,
  typedAfter,
  typedAt,
} from "../../static/js/editor/suggestion_state.js";
import { EMOJI } from "../../static/vendor/emoji.js";

const schema = new Schema({
  nodes: {
    doc: { content: "block+" },
    paragraph: { group: "block", content: "inline*" },
    code: { group: "block", content: "text*", marks: "", code: true },
    break: { group: "inline", inline: true },
    text: { group: "inline" },
  },
  marks: { literal: { code: true } },
});
const SIGNS = ["/", ":"];

/** @typedef {import("../../static/js/editor/suggestion_state.js").Typed} Typed */

/** A text with a caret, and what is typed at it. */
class Page {
  /** @type {Typed | null} */
  typed = null;

  /** @param {any} block @param {...any} before */
  constructor(block, ...before) {
    const doc = schema.node("doc", null, [...before, block]);
    this.state = EditorState.create({ doc, selection: TextSelection.atEnd(doc) });
  }

  /** @param {any} transaction */
  apply(transaction) {
    this.state = this.state.apply(transaction);
    this.typed = typedAfter(this.typed, /** @type {any} */ (transaction), this.#any(), SIGNS);
    return this.typed;
  }

  /** @param {string} letters */
  type(letters) {
    for (const letter of letters) this.apply(this.state.tr.insertText(letter));
    return this.typed;
  }

  at() {
    return typedAt(this.#any(), SIGNS);
  }

  #any() {
    return /** @type {any} */ (this.state);
  }

  /** An edit of others, which replaces all; the caret is put back. @param {any} blocks @param {number} caret */
  receive(blocks, caret) {
    const { tr } = this.state;
    tr.replaceWith(0, tr.doc.content.size, blocks).setMeta("y-sync$", {});
    return this.apply(tr.setSelection(TextSelection.create(tr.doc, caret)));
  }
}

/** @param {string} words */
function line(words) {
  return schema.node("paragraph", null, words ? [schema.text(words)] : []);
}

test("a sign opens at the start of a block, behind a space, a bracket and a line break", () => {
  assert.deepEqual(new Page(line("")).type("/he"), { sign: "/", from: 1, to: 4, query: "he" });
  assert.deepEqual(new Page(line("one ")).type("/"), { sign: "/", from: 5, to: 6, query: "" });
  assert.equal(new Page(line("(")).type("/")?.from, 2);
  const broken = schema.node("paragraph", null, [schema.text("a"), schema.node("break")]);
  assert.equal(new Page(broken).type("/q")?.query, "q");
});

test("a sign within a word, in code, pasted or from others opens nothing", () => {
  assert.equal(new Page(line("either")).type("/or"), null);
  assert.equal(new Page(line("10")).type(":30"), null);
  assert.equal(new Page(schema.node("code")).type("/"), null);
  const page = new Page(
    schema.node("paragraph", null, schema.text("x ", [schema.mark("literal")])),
  );
  assert.equal(page.type("/"), null);
  const pasted = new Page(line(""));
  assert.equal(pasted.apply(pasted.state.tr.insertText("/").setMeta("uiEvent", "paste")), null);
  const other = new Page(line(""));
  assert.equal(other.receive([line("/")], 2), null);
  assert.equal(new Page(line("a /b")).type("c"), null);
});

test("the sign is kept while its letters grow and shrink, and left with them", () => {
  const page = new Page(line(""));
  assert.equal(page.type("/hea 1")?.query, "hea 1");
  page.apply(page.state.tr.delete(6, 7));
  assert.equal(page.typed?.query, "hea ");
  page.apply(page.state.tr.delete(1, 6));
  assert.equal(page.typed, null);
  page.type("/x");
  assert.equal(
    page.apply(page.state.tr.setSelection(TextSelection.create(page.state.doc, 1))),
    null,
  );
  const long = new Page(line(""));
  assert.notEqual(long.type(`/${"x".repeat(MAX_QUERY_CHARS)}`), null);
  assert.equal(long.type("x"), null);
});

test("edits of others above, in and behind the block keep it; in its letters they end it", () => {
  const page = new Page(line("say "), line("above"));
  page.type("/he");
  const from = page.typed?.from ?? 0;
  assert.equal(page.receive([line("longer above"), line("say /he")], from + 10)?.from, from + 7);
  assert.equal(page.receive([line("x"), line("Now say /he"), line("y")], 15)?.from, 12);
  assert.equal(page.typed?.query, "he");
  assert.equal(page.receive([line("x"), line("Now say /hxe")], 16), null);
});

test("letters typed before the popup was loaded are found at the caret", () => {
  assert.deepEqual(new Page(line("one /hea")).at(), { sign: "/", from: 5, to: 9, query: "hea" });
  assert.equal(new Page(line("either/or")).at(), null);
  assert.equal(new Page(line(`/${"x".repeat(MAX_QUERY_CHARS + 1)}`)).at(), null);
});

test("entries are ranked: name, word of the name, other words, within the name", () => {
  const entries = [
    { label: "Footable" },
    { label: "Grid", words: "table rows" },
    { label: "Big table" },
    { label: "Table" },
  ];
  const labels = matching("TaBle", entries).map(({ label }) => label);
  assert.deepEqual(labels, ["Table", "Big table", "Grid", "Footable"]);
  assert.deepEqual(matching("table", entries, 2).length, 2);
  assert.equal(matching("", entries).length, 4);
  assert.deepEqual(matching("zzz", entries), []);
});

test("emoji are found by their names, as GitHub has them, and by other words", () => {
  const all = emojiOf(EMOJI);
  assert.ok(all.length > 1_800);
  assert.ok(all.every(({ emoji, label }) => /\p{Emoji}/u.test(emoji) && label !== ""));
  const first = (/** @type {string} */ query) => matchingEmoji(query, all)[0]?.emoji;
  assert.equal(first("smile"), "😄");
  assert.equal(first("tada"), "🎉");
  assert.equal(first("tada:"), "🎉");
  assert.equal(first("+1"), "👍️".replace("\ufe0f", ""));
  assert.equal(first("smile_cat"), "😸");
  assert.ok(matchingEmoji("party", all).some(({ emoji }) => emoji === "🎉"));
  assert.equal(matchingEmoji("fa", all).length, 30);
  for (const query of ["", "s", ")", "D ", " smile", "no such"]) {
    assert.deepEqual(matchingEmoji(query, all), [], query);
  }
});

test("a popup stands below its line, above it where there is more room, and never outside", () => {
  const room = { top: 0, bottom: 600, width: 400 };
  const size = { width: 200, height: 300 };
  assert.deepEqual(popupPlace({ top: 100, bottom: 120, left: 50 }, size, room), {
    top: 126,
    left: 50,
    height: 300,
  });
  const above = popupPlace({ top: 500, bottom: 520, left: 390 }, size, room);
  assert.deepEqual(above, { top: 194, left: 194, height: 300 });
  // An on-screen keyboard leaves less than the popup needs.
  const small = popupPlace({ top: 100, bottom: 120, left: 0 }, size, { ...room, bottom: 260 });
  assert.deepEqual(small, { top: 126, left: 6, height: 128 });
});
