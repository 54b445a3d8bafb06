/** Content that the page does not know: the binding shows the rest, stops, and deletes nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { keepsBoxes } from "../../static/js/editor/unknown_content.js";
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

/** What is shown as a box or a mark, and edited around. @type {Record<string, (fragment: any) => void>} */
const BOXED = {
  "an array in the root": (root) => insertRaw(root, new Y.ContentType(new Y.Array())),
  "a map in the root": (root) => insertRaw(root, new Y.ContentType(new Y.Map())),
  "a text in the root": (root) => root.push([new Y.XmlText("evil")]),
  "a map in a paragraph": (root) => insertRaw(root.get(0), new Y.ContentType(new Y.Map())),
  "an unknown node": (root) => root.push([element("drawing", [new Y.XmlText("circle")])]),
  "an unknown node in a paragraph": (root) => root.get(0).push([new Y.XmlElement("mention")]),
  "an unknown node between text": (root) =>
    root.get(0).push([new Y.XmlElement("mention"), new Y.XmlText("behind")]),
  "an unknown node in an item": (root) =>
    root.push([element("list", [element("item", [paragraph("a"), element("drawing", [])])])]),
  "an unknown node in a list": (root) =>
    root.push([element("list", [element("drawing", []), element("item", [paragraph("a")])])]),
  "a node of a prototype's name": (root) => root.push([new Y.XmlElement("constructor")]),
  "a node with the name of a box": (root) => root.push([new Y.XmlElement("unknown-block")]),
  "an element with the name of a text": (root) => root.get(0).push([new Y.XmlElement("text")]),
  "a document in the document": (root) => root.push([element("doc", [paragraph("within")])]),
  "an item in the root": (root) => root.push([element("item", [paragraph("loose")])]),
  "a heading in a paragraph": (root) =>
    root.get(0).push([element("heading", [new Y.XmlText("h")])]),
  "a text in a list": (root) => root.push([element("list", [new Y.XmlText("evil")])]),
  "a bold text in code": (root) => {
    root.push([element("code", [new Y.XmlText("evil")])]);
    root.get(1).get(0).format(0, 2, { bold: {} });
  },
  "an unknown mark on somebody's text": (root) => root.get(0).get(0).format(0, 4, { glow: {} }),
  "a mark with the name of what is unknown": (root) =>
    root.get(0).get(0).format(0, 4, { unknown: {} }),
  "a mark's value that is no object": (root) => root.get(0).get(0).format(0, 4, { bold: true }),
  "an attribute that is an object": (root) =>
    root.push([element("heading", [], { level: { toString: 1 } })]),
  "an attribute that is a type": (root) =>
    root.push([element("heading", [], { level: new Y.Map() })]),
  "an attribute of another type": (root) => root.push([element("heading", [], { level: "evil" })]),
  "a mark's attribute that is an object": (root) =>
    root
      .get(0)
      .get(0)
      .format(0, 4, { link: { href: { toString: 1 } } }),
};

/** What has no place in an editor at all: it stops. @type {Record<string, (fragment: any) => void>} */
const STOPS = {
  "a number in the root": (root) => insertRaw(root, new Y.ContentAny([5])),
  "characters in the root": (root) => insertRaw(root, new Y.ContentString("evil")),
  "an embed in a text": (root) => root.get(0).get(0).insertEmbed(2, { image: "x" }),
};

/** Everything that is not deleted, in the binding's root. @param {any} doc */
const keptIn = (doc) => JSON.stringify(itemsOf(doc.getXmlFragment("default")));

/** @param {any} type @returns {unknown[]} */
function itemsOf(type) {
  const kept = [];
  for (let item = type._start; item !== null; item = item.right) {
    if (item.deleted) continue;
    const { content } = item;
    kept.push([content.constructor.name, content.str ?? content.arr ?? content.key ?? null]);
    if (content.type) kept.push([content.type.nodeName, itemsOf(content.type)]);
  }
  for (const [name, item] of type._map) if (!item.deleted) kept.push([name, item.content.arr ?? 0]);
  return kept;
}

/** The text that a test types, and the paragraph that it inserts, as `keptIn` has them. */
const TYPED = '["_ContentString","q"],';
const INSERTED =
  /^\[\["_ContentType",null\],\["paragraph",\[\["_ContentType",null\],\[null,\[\["_ContentString","new"\]\]\]\]\],/;

/** @param {(root: any) => void} make @param {boolean} isOpen */
function viewWith(make, isOpen) {
  const other = known();
  const early = isOpen ? new View(Y.encodeStateAsUpdate(other), 2) : null;
  other.clientID = 3;
  make(other.getXmlFragment("default"));
  const view = early ?? new View(Y.encodeStateAsUpdate(other), 2);
  if (early) Y.applyUpdate(view.doc, Y.encodeStateAsUpdate(other));
  view.state.doc.check();
  assert.match(view.state.doc.textContent.replace("evil", ""), /K.*E.*E.*P.*ME/);
  assert.equal(keptIn(view.doc), keptIn(other));
  assert.deepEqual(view.written, []);
  return { other, view };
}

for (const when of ["before the page opens", "while the page is open"]) {
  const isOpen = when === "while the page is open";
  for (const [form, make] of Object.entries(BOXED)) {
    test(`${form}, ${when}: nothing is deleted by looking, nor by writing beside it`, () => {
      const { other, view } = viewWith(make, isOpen);
      assert.deepEqual(view.stops, []);
      const before = keptIn(other);
      view.dispatch(view.state.tr.insertText("q", 1));
      assert.equal(keptIn(view.doc).replace(TYPED, ""), before);
      const { schema } = view.state;
      view.dispatch(view.state.tr.insert(0, schema.node("paragraph", null, [schema.text("new")])));
      assert.equal(keptIn(view.doc).replace(TYPED, "").replace(INSERTED, "["), before);
      view.state.doc.check();
      const fresh = new View(Y.encodeStateAsUpdate(view.doc), 9);
      assert.deepEqual(fresh.state.doc.toJSON(), view.state.doc.toJSON());
    });

    test(`${form}, ${when}: what others write later is still shown`, () => {
      const { other, view } = viewWith(make, isOpen);
      other.getXmlFragment("default").insert(0, [paragraph("written later")]);
      Y.applyUpdate(view.doc, Y.encodeStateAsUpdate(other));
      assert.equal(view.state.doc.firstChild.textContent, "written later");
      assert.deepEqual(view.written, []);
      assert.deepEqual(view.stops, []);
    });
  }

  for (const [form, make] of Object.entries(STOPS)) {
    test(`${form}, ${when}: the page stops, and a key writes nothing`, () => {
      const { other, view } = viewWith(make, isOpen);
      assert.deepEqual(view.stops, ["content"]);
      assert.equal(view.plugin.props.editable.call(view.plugin, view.state), false);
      view.dispatch(view.state.tr.insertText("q", 1));
      view.dispatch(view.state.tr.setSelection(TextSelection.create(view.state.doc, 2)));
      assert.deepEqual(view.written, []);
      assert.equal(keptIn(view.doc), keptIn(other));
    });
  }
}

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

test("a box that is split off its paragraph takes along what it stands for", () => {
  const other = known();
  const mention = element("mention", [new Y.XmlText("@ada")], { id: "7", of: { deep: 1 } });
  other
    .getXmlFragment("default")
    .get(0)
    .push([mention, new Y.XmlText("behind")]);
  const view = new View(Y.encodeStateAsUpdate(other), 2);
  assert.equal(view.state.doc.toString(), 'doc(paragraph("KEEP ME", unknown-inline, "behind"))');
  view.dispatch(view.state.tr.split(4));
  const [first, second] = view.fragment.toArray().map((/** @type {any} */ one) => one.toString());
  assert.equal(first, "<paragraph>KEE</paragraph>");
  assert.match(second, /<mention .*id="7".*>@ada<\/mention>behind/);
  assert.deepEqual(view.fragment.get(1).get(1).getAttribute("of"), { deep: 1 });
  view.check();
  // It is the same box still: another move finds its content.
  view.dispatch(view.state.tr.split(8));
  assert.match(view.fragment.get(2).toString(), /<mention .*id="7".*>@ada<\/mention>behind/);
  const fresh = new View(Y.encodeStateAsUpdate(view.doc), 9);
  assert.equal(fresh.state.doc.toString(), view.state.doc.toString());
});

test("a box stays the same shared type when both its neighbours change at once", () => {
  const other = known();
  const root = other.getXmlFragment("default");
  root.push([element("drawing", [new Y.XmlText("circle")]), paragraph("after")]);
  const view = new View(Y.encodeStateAsUpdate(other), 2);
  const { id } = view.fragment.get(1)._item;
  const { tr, schema } = view.state;
  tr.insertText("x", tr.doc.content.size - 1).insertText("y", 1);
  tr.insert(0, schema.node("heading", null, [schema.text("title")]));
  view.dispatch(tr);
  assert.deepEqual(view.fragment.get(2)._item.id, id);
  assert.equal(view.fragment.get(2).toString(), "<drawing>circle</drawing>");
});

test("what is not shown of a block and of a link moves with them", () => {
  const other = known();
  const root = other.getXmlFragment("default");
  root.get(0).setAttribute("textAlign", "right");
  root
    .get(0)
    .get(0)
    .format(0, 4, { link: { href: "https://a.example", track: "no" } });
  root.push([paragraph("last")]);
  const view = new View(Y.encodeStateAsUpdate(other), 2);
  view.dispatch(view.state.tr.insertText("i", 6));
  assert.deepEqual(view.fragment.get(0).get(0).toDelta()[0].attributes, {
    link: { href: "https://a.example", track: "no" },
  });
  const [first] = view.state.doc.content.content;
  const { tr } = view.state;
  view.dispatch(tr.delete(0, first.nodeSize).insert(tr.doc.content.size, first));
  assert.equal(view.fragment.get(1).getAttribute("textAlign"), "right");
  assert.equal(view.fragment.get(1).get(0).toDelta()[0].attributes.link.track, "no");
});

test("an attribute of a wrong type is not written over by a key in its node", () => {
  const other = known();
  const heading = element("heading", [new Y.XmlText("t")], { level: "evil" });
  other.getXmlFragment("default").insert(0, [heading]);
  const view = new View(Y.encodeStateAsUpdate(other), 2);
  assert.equal(view.state.doc.firstChild.attrs.level, 1);
  view.dispatch(view.state.tr.insertText("q", 1));
  assert.equal(view.fragment.get(0).getAttribute("level"), "evil");
  view.dispatch(view.state.tr.setNodeMarkup(0, undefined, { level: 2 }));
  assert.equal(view.fragment.get(0).getAttribute("level"), 2);
});

test("boxes are neither deleted nor doubled, and may move", () => {
  const other = known();
  other.getXmlFragment("default").push([element("drawing", []), paragraph("after")]);
  const view = new View(Y.encodeStateAsUpdate(other), 2);
  const at = view.state.doc.firstChild.nodeSize;
  const box = view.state.doc.nodeAt(at);
  const { tr: fresh } = view.state;
  const trs = () => view.state.tr;
  assert.equal(keepsBoxes(fresh.insertText("q", 1)), true);
  assert.equal(keepsBoxes(trs().delete(at, at + 1)), false);
  assert.equal(keepsBoxes(trs().delete(0, view.state.doc.content.size)), false);
  assert.equal(keepsBoxes(trs().insert(0, box)), false);
  assert.equal(
    keepsBoxes(
      trs()
        .delete(at, at + 1)
        .insert(0, box),
    ),
    true,
  );
  assert.equal(keepsBoxes(trs().delete(1, 3)), true);
});
