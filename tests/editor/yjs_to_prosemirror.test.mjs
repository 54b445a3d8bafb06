/** Content that the page does not know: the history shows the rest. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { NodeBuilder } from "../../static/js/history/yjs_to_prosemirror.js";
import { Y } from "../../static/vendor/yjs.js";
import { schema } from "./bound_view.mjs";

/** @param {string} name @param {any[]} children */
function element(name, children) {
  const made = new Y.XmlElement(name);
  made.insert(0, children);
  return made;
}

/** @param {(root: any) => void} write */
function shown(write) {
  const root = new Y.Doc().getXmlFragment("default");
  root.push([element("paragraph", [new Y.XmlText("words")])]);
  write(root);
  return new NodeBuilder(schema).root(/** @type {any} */ (root.doc)).toString();
}

test("an unknown mark or embed hides no text, and an unknown node is a box", () => {
  const marked = shown((root) => root.get(0).get(0).format(0, 2, { glow: {} }));
  assert.equal(marked, 'doc(paragraph(unknown("wo"), "rds"))');
  const embedded = shown((root) => root.get(0).get(0).insertEmbed(2, { image: "x" }));
  assert.equal(embedded.replaceAll('", "', ""), 'doc(paragraph("words"))');
  for (const name of ["drawing", "text", "constructor", "item", "unknown-block"]) {
    const beside = shown((root) => root.push([element(name, [new Y.XmlText("circle")])]));
    assert.equal(beside, 'doc(paragraph("words"), unknown-block)');
  }
  const inside = shown((root) => root.get(0).push([element("mention", [])]));
  assert.equal(inside, 'doc(paragraph("words", unknown-inline))');
});

test("a list without an item is shown with an empty one, as in the editor", () => {
  const text = shown((root) => root.push([new Y.XmlElement("list")]));
  assert.equal(text, 'doc(paragraph("words"), list(item(paragraph)))');
});
