/** Content that the page does not know: the binding shows the rest, stops, and deletes nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { TextSelection, View, Y } from "./bound_view.mjs";

const SEEN = "KEEP ME";

/** A document with one paragraph. */
function known() {
  const doc = new Y.Doc();
  doc.clientID = 1;
  doc.getXmlFragment("default").push([paragraph(SEEN)]);
  return doc;
}

/** @param {string} text */
function paragraph(text) {
  const block = new Y.XmlElement("paragraph");
  block.insert(0, [new Y.XmlText(text)]);
  return block;
}

/** @param {string} name @param {any[]} children @param {Record<string, any>} [attributes] */
function element(name, children, attributes = {}) {
  const made = new Y.XmlElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.insert(0, children);
  return made;
}

/** Insert content that Yjs has no method for. @param {any} parent @param {any} content */
function insertRaw(parent, content) {
  const doc = parent.doc;
  doc.transact((/** @type {any} */ transaction) => {
    const left = lastOf(parent);
    const id = Y.createID(doc.clientID, Y.getState(doc.store, doc.clientID));
    const item = new Y.Item(id, left, left?.lastId ?? null, null, null, parent, null, content);
    item.integrate(transaction, 0);
  });
}

/** @param {any} parent */
function lastOf(parent) {
  let item = parent._start;
  while (item?.right) item = item.right;
  return item;
}

/** @type {Record<string, (fragment: any) => void>} */
const FORMS = {
  "an array in the root": (root) => insertRaw(root, new Y.ContentType(new Y.Array())),
  "a map in the root": (root) => insertRaw(root, new Y.ContentType(new Y.Map())),
  "a number in the root": (root) => insertRaw(root, new Y.ContentAny([5])),
  "characters in the root": (root) => insertRaw(root, new Y.ContentString("evil")),
  "a text in the root": (root) => root.push([new Y.XmlText("evil")]),
  "a map in a paragraph": (root) => insertRaw(root.get(0), new Y.ContentType(new Y.Map())),
  "an unknown node": (root) => root.push([element("drawing", [new Y.XmlText("circle")])]),
  "an unknown node in a paragraph": (root) => root.get(0).push([new Y.XmlElement("mention")]),
  "a node of a prototype's name": (root) => root.push([new Y.XmlElement("constructor")]),
  "an element with the name of a text": (root) => root.get(0).push([new Y.XmlElement("text")]),
  "a document in the document": (root) => root.push([element("doc", [paragraph("within")])]),
  "an item in the root": (root) => root.push([element("item", [paragraph("loose")])]),
  "a heading in a paragraph": (root) =>
    root.get(0).push([element("heading", [new Y.XmlText("h")])]),
  "an unknown mark on somebody's text": (root) => root.get(0).get(0).format(0, 4, { glow: {} }),
  "an attribute that is an object": (root) =>
    root.push([element("heading", [], { level: { toString: 1 } })]),
  "an attribute that is a type": (root) =>
    root.push([element("heading", [], { level: new Y.Map() })]),
  "a mark's attribute that is an object": (root) =>
    root
      .get(0)
      .get(0)
      .format(0, 4, { link: { href: { toString: 1 } } }),
  "an embed in a text": (root) => root.get(0).get(0).insertEmbed(2, { image: "x" }),
};

/** Everything that is not deleted, in the binding's root. @param {any} doc */
const keptIn = (doc) => JSON.stringify(itemsOf(doc.getXmlFragment("default")));

/** @param {any} type @returns {unknown[]} */
function itemsOf(type) {
  const kept = [];
  for (let item = type._start; item !== null; item = item.right) {
    if (item.deleted) continue;
    kept.push([item.content.constructor.name, item.content.str ?? item.content.arr ?? null]);
    if (item.content.type) kept.push(itemsOf(item.content.type));
  }
  return kept;
}

for (const [form, make] of Object.entries(FORMS)) {
  for (const when of ["before the page opens", "while the page is open"]) {
    test(`${form}, ${when}: nothing is deleted by looking, nor by a key`, () => {
      const other = known();
      const isOpen = when === "while the page is open";
      const early = isOpen ? new View(Y.encodeStateAsUpdate(other), 2) : null;
      other.clientID = 3;
      make(other.getXmlFragment("default"));
      const view = early ?? new View(Y.encodeStateAsUpdate(other), 2);
      if (early) Y.applyUpdate(view.doc, Y.encodeStateAsUpdate(other));
      assert.deepEqual(view.stops, ["content"]);
      view.state.doc.check();
      assert.match(view.state.doc.textContent.replace("evil", ""), /K.*E.*E.*P.*ME/);
      const kept = keptIn(other);
      assert.equal(keptIn(view.doc), kept);
      assert.equal(view.plugin.props.editable.call(view.plugin, view.state), false);
      view.dispatch(view.state.tr.insertText("q", 1));
      view.dispatch(view.state.tr.setSelection(TextSelection.create(view.state.doc, 2)));
      assert.deepEqual(view.written, []);
      assert.equal(keptIn(view.doc), kept);
    });

    test(`${form}, ${when}: what others write later is still shown`, () => {
      const other = known();
      const early =
        when === "while the page is open" ? new View(Y.encodeStateAsUpdate(other), 2) : null;
      other.clientID = 3;
      make(other.getXmlFragment("default"));
      const view = early ?? new View(Y.encodeStateAsUpdate(other), 2);
      if (early) Y.applyUpdate(view.doc, Y.encodeStateAsUpdate(other));
      other.getXmlFragment("default").insert(0, [paragraph("written later")]);
      Y.applyUpdate(view.doc, Y.encodeStateAsUpdate(other));
      assert.equal(view.state.doc.firstChild.textContent, "written later");
      assert.deepEqual(view.written, []);
      assert.deepEqual(view.stops, ["content"]);
    });
  }
}

test("an attribute that the page does not know survives a key in its node", () => {
  const other = known();
  other.getXmlFragment("default").get(0).setAttribute("of-next-release", "1");
  const view = new View(Y.encodeStateAsUpdate(other), 2);
  view.dispatch(view.state.tr.insertText("q", 1));
  assert.equal(view.fragment.get(0).getAttribute("of-next-release"), "1");
  assert.equal(view.fragment.get(0).get(0).toString(), `q${SEEN}`);
  assert.deepEqual(view.stops, []);
});

test("a list that two people have emptied at once is shown, and written by whoever uses it", () => {
  const doc = known();
  const items = ["one", "two"].map((text) => element("item", [paragraph(text)]));
  doc.getXmlFragment("default").push([element("list", items)]);
  const start = Y.encodeStateAsUpdate(doc);
  const [ada, grace] = [new View(start, 2), new View(start, 3)];
  ada.fragment.get(1).delete(0, 1);
  grace.fragment.get(1).delete(1, 1);
  const before = [ada.written.length, grace.written.length];
  ada.take(grace);
  grace.take(ada);
  assert.deepEqual([ada.written.length, grace.written.length], before);
  for (const view of [ada, grace]) {
    assert.deepEqual(view.stops, []);
    assert.equal(view.state.doc.lastChild.toString(), "list(item(paragraph))");
  }
  const within = ada.state.doc.content.size - 3;
  ada.dispatch(ada.state.tr.insertText("three", within));
  grace.take(ada);
  assert.equal(grace.state.doc.lastChild.textContent, "three");
  assert.equal(grace.fragment.get(1).toString(), ada.fragment.get(1).toString());
});

test("a change that cannot be shown stops the binding: its stale text is never written", () => {
  const other = known();
  const ada = new View(Y.encodeStateAsUpdate(other), 2);
  other.clientID = 3;
  const dispatch = ada.dispatch.bind(ada);
  ada.dispatch = (transaction) => {
    if (transaction.getMeta(ada.plugin.spec.key)?.isChangeOrigin) throw new Error("not shown");
    dispatch(transaction);
  };
  other.getXmlFragment("default").push([paragraph("GRACE WROTE THIS")]);
  Y.applyUpdate(ada.doc, Y.encodeStateAsUpdate(other));
  assert.deepEqual(ada.stops, ["error"]);
  ada.dispatch(ada.state.tr.insertText("q", 1));
  assert.deepEqual(ada.written, []);
  assert.match(ada.fragment.toString(), /GRACE WROTE THIS/);
});
