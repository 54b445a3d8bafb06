/** A block that is moved: what others write in it, whose letters they are, and one undo. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Schema } from "@tiptap/pm/model";
import {
  headingOfLink,
  headingSlugs,
  linkToHeading,
  slugOf,
} from "../../static/js/editor/heading_links.js";
import { Y, moveBlock, ySyncPluginKey } from "./bound_view.mjs";
import { Log, WritingPage } from "./writing_page.mjs";

/** Two people with three paragraphs, the second of both. */
function pages() {
  const log = new Log();
  const ada = new WritingPage("ada", 1, log);
  const { fragment } = ada.view;
  ada.view.doc.transact(() => {
    const blocks = ["one", "two", "three"].map((text) => {
      const block = new Y.XmlElement("paragraph");
      block.insert(0, [new Y.XmlText(text)]);
      return block;
    });
    fragment.insert(0, blocks);
  }, ySyncPluginKey);
  ada.sync();
  const grace = new WritingPage("grace", 2, log);
  type(grace, 1, " by both");
  grace.sync();
  ada.sync();
  return { ada, grace };
}

/** @param {WritingPage} page @param {number} index @param {string} text */
function type({ view }, index, text) {
  const block = view.fragment.get(index);
  view.doc.transact(() => block.get(0).insert(block.get(0).length, text), ySyncPluginKey);
}

/** @param {WritingPage} page @param {number} index @param {number | null} before */
function move({ view, copies }, index, before) {
  const { fragment } = view;
  const noteKnown = (/** @type {any} */ found) => copies.noteKnown(found);
  return moveBlock(fragment.get(index), before === null ? null : fragment.get(before), {
    origin: ySyncPluginKey,
    noteKnown,
  });
}

/** @param {WritingPage} page */
function lines({ view }) {
  return view.state.doc.content.content.map((/** @type {any} */ { textContent }) => textContent);
}

test("a block is moved up, down and to the end, on all pages", () => {
  const { ada, grace } = pages();
  move(ada, 1, 0);
  assert.deepEqual(lines(ada), ["two by both", "one", "three"]);
  move(ada, 0, null);
  ada.sync();
  grace.sync();
  assert.deepEqual(lines(ada), ["one", "three", "two by both"]);
  assert.deepEqual(lines(grace), lines(ada));
  ada.view.check();
  grace.view.check();
});

test("moved letters are copies of their writers' letters, one for one", () => {
  const { ada, grace } = pages();
  move(ada, 1, 0);
  const { copies } = ada.unsent.at(-1) ?? { copies: [] };
  const sources = copies.map(([, , length, client]) => [client, length]);
  assert.deepEqual(sources, [
    [1, 3],
    [2, 8],
  ]);
  assert.deepEqual(grace.conflicts, []);
});

test("what others have written until then goes with the block, with its looks", () => {
  const { ada, grace } = pages();
  const block = ada.view.fragment.get(1);
  type(grace, 1, "!!");
  grace.view.doc.transact(
    () => grace.view.fragment.get(1).get(0).format(0, 3, { bold: {} }),
    ySyncPluginKey,
  );
  grace.sync();
  ada.sync();
  assert.equal(ada.view.fragment.get(1), block);
  move(ada, 1, 0);
  assert.equal(lines(ada)[0], "two by both!!");
  assert.equal(ada.view.state.doc.firstChild.firstChild.marks.length, 1);
});

test("what others write at the same time is told to them as lost", () => {
  const { ada, grace } = pages();
  type(grace, 1, " LATE");
  move(ada, 1, 0);
  ada.sync();
  grace.sync();
  ada.sync();
  assert.deepEqual(lines(ada), lines(grace));
  assert.deepEqual(grace.lost, ["LATE"]);
});

test("one undo moves a block back", () => {
  const { ada } = pages();
  ada.undos.stopCapturing();
  move(ada, 1, 0);
  ada.undos.undo();
  assert.deepEqual(lines(ada), ["one", "two by both", "three"]);
});

test("a block that is deleted, or has content of an unknown kind, is not moved", () => {
  const { ada } = pages();
  const { fragment } = ada.view;
  const gone = fragment.get(1);
  ada.view.doc.transact(() => fragment.delete(1, 1), ySyncPluginKey);
  const options = { origin: null, noteKnown: () => assert.fail("nothing is moved") };
  assert.equal(moveBlock(gone, null, options), null);
  const odd = new Y.XmlElement("paragraph");
  ada.view.doc.transact(() => fragment.insert(0, [odd]));
  odd.insert(0, [new Y.Map()]);
  assert.equal(moveBlock(odd, null, options), null);
  assert.equal(moveBlock(fragment.get(1), new Y.XmlElement("x"), options), null);
});

test("a heading has an address of its words, and a number where two have the same", () => {
  assert.equal(slugOf("What’s new? Über 3.0"), "what-s-new-über-3-0");
  assert.equal(slugOf("…"), "heading");
  assert.ok(slugOf("word ".repeat(100)).length <= 80);
  assert.ok(encodeURIComponent(slugOf(`a${"\u{20000}".repeat(90)}`)));
  const { nodes } = new Schema({
    nodes: {
      doc: { content: "block+" },
      heading: { group: "block", content: "text*" },
      text: {},
    },
  });
  const line = (/** @type {string} */ words) =>
    nodes.heading?.create(null, nodes.doc?.schema.text(words));
  const words = ["Plan", "Plan", "plan 2", "Größe"].map(line);
  const doc = /** @type {any} */ (nodes.doc?.create(null, /** @type {any} */ (words)));
  assert.deepEqual([...headingSlugs(doc).keys()], ["plan", "plan-2", "plan-2-2", "größe"]);
  const link = linkToHeading(doc, 20);
  assert.equal(link, "#heading=gr%C3%B6%C3%9Fe");
  assert.equal(headingOfLink(doc, link ?? ""), 20);
  assert.equal(headingOfLink(doc, "#heading=plan-2"), 6);
  for (const hash of ["", "#at=3", "#heading=", "#heading=none", "#heading=%E0%A4%A"]) {
    assert.equal(headingOfLink(doc, hash), null, hash);
  }
  assert.equal(linkToHeading(doc, 1), null);
});
