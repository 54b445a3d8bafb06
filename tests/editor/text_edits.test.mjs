/** Where an edit changes a text: as the person did it, also among equal letters. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { textEdits } from "../../static/js/editor/text_edits.js";
import { EditorState, schema, splitBlock } from "./bound_view.mjs";
import { Log, WritingPage } from "./writing_page.mjs";

/** @param {string[]} texts */
function stateOf(...texts) {
  const blocks = texts.map((text) =>
    schema.node("paragraph", null, text ? [schema.text(text)] : []),
  );
  return EditorState.create({ schema, doc: schema.node("doc", null, blocks) });
}

/**
 * Return the edits of a transaction as `index-removed+inserted`.
 * @param {any} transaction
 */
function edits(transaction) {
  return textEdits(transaction).map(({ before, after, edits }) => {
    let text = before;
    for (const { index, remove, insert } of edits) {
      text = text.slice(0, index) + insert + text.slice(index + remove);
    }
    assert.equal(text, after);
    return edits.map(({ index, remove, insert }) => `${index}-${remove}+${insert}`).join(" ");
  });
}

test("equal letters beside an edit are not a part of it", () => {
  const { tr } = stateOf("one two three");
  assert.deepEqual(edits(tr.delete(5, 9)), ["4-4+"]);
  assert.deepEqual(edits(stateOf("hello").tr.insertText("l", 4)), ["3-0+l"]);
  assert.deepEqual(edits(stateOf("the end").tr.insertText("t", 1, 8)), ["0-0+t 1-7+"]);
});

test("a word that moves within a text leaves what it passes", () => {
  const right = stateOf("one two three four").tr.delete(5, 9);
  assert.deepEqual(edits(right.insertText("two ", 11)), ["4-4+ 10-0+two "]);
  const left = stateOf("one two three four").tr.delete(9, 15);
  assert.deepEqual(edits(left.insertText("three ", 5)), ["4-0+three  14-6+"]);
});

test("a split, a join and an edit of several blocks have the edits of their first text", () => {
  const state = stateOf("tot tot", "tot");
  assert.deepEqual(edits(state.tr.split(4)), ["3-4+", "0-3+"]);
  assert.deepEqual(edits(state.tr.join(9)), ["7-0+tot"]);
  assert.deepEqual(edits(state.tr.delete(3, 11)), ["2-0+ot 4-5+"]);
  assert.deepEqual(edits(state.tr.setBlockType(1, 1, schema.nodes.heading)), []);
});

test("no edit divides a character of two units", () => {
  const { tr } = stateOf("a\u{1F600}b");
  assert.deepEqual(edits(tr.insertText("\uDE01", 3, 4)), []);
});

test("letters of others stay where an equal one was deleted", () => {
  const log = new Log();
  const [ada, grace] = [new WritingPage("ada", 1, log), new WritingPage("grace", 2, log)];
  grace.type(0, "three");
  grace.sync();
  ada.sync();
  ada.type(0, "two ");
  ada.erase(0, 4);
  const text = ada.view.fragment.get(0).get(0);
  const ids = [];
  for (let item = text._start; item !== null; item = item.right) {
    if (!item.deleted) ids.push([item.id.client, item.content.str]);
  }
  assert.deepEqual(ids, [[2, "three"]]);
  ada.view.check();
});

test("any edits keep the binding's text that of the editor", () => {
  let seed = 7;
  const random = (/** @type {number} */ below) => {
    seed = (seed * 48271) % 2147483647;
    return seed % below;
  };
  const { view } = new WritingPage("ada", 3, new Log());
  view.dispatch(view.state.tr.insertText("a", 1));
  for (let step = 0; step < 400; step += 1) {
    const { state } = view;
    const size = state.doc.content.size;
    const one = random(size);
    const other = one + random(size - one);
    const tr = state.tr;
    const kind = random(5);
    if (kind < 2) tr.insertText("aab"[random(3)] ?? "", Math.min(one + 1, size - 1));
    else if (kind === 2) tr.deleteRange(one, Math.min(other, one + 3));
    else if (kind === 3) splitBlock(state, (/** @type {any} */ made) => view.dispatch(made));
    else {
      const slice = state.doc.slice(one, Math.min(other, one + 4));
      tr.deleteRange(one, Math.min(other, one + 4));
      const place = random(tr.doc.content.size);
      tr.replaceRange(place, place, slice);
    }
    if (tr.docChanged) view.dispatch(tr);
    view.check();
  }
});
