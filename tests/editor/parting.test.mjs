/** A refused operation apart from the others: what goes on without it, and what is set aside. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parted } from "../../static/js/sync/parting.js";
import { Y } from "../../static/vendor/yjs.js";

/** @typedef {import("../../static/js/sync/outbox.js").Operation} Operation */

/** Collect the edits of a document as operations. @param {Y.Doc} doc */
function recorded(doc) {
  /** @type {Operation[]} */
  const operations = [];
  doc.on("update", (/** @type {Uint8Array} */ update, /** @type {unknown} */ origin) => {
    if (origin === "server") return;
    const order = operations.length;
    operations.push({ id: `op${order}`, order, update, vector: new Uint8Array([0]), edits: 1 });
  });
  return operations;
}

/** @param {Uint8Array[]} updates */
function merged(...updates) {
  const doc = new Y.Doc({ gc: false });
  for (const update of updates) {
    Y.applyUpdate(doc, update);
    assert.equal(doc.store.pendingStructs, null);
    assert.equal(doc.store.pendingDs, null);
  }
  return doc;
}

/** Whether an id is in one of the ranges. @param {Map<number, {clock: number, len: number}[]>} ranges */
function within(ranges, client = 0, clock = 0) {
  const own = ranges.get(client) ?? [];
  return own.some((range) => range.clock <= clock && clock < range.clock + range.len);
}

/**
 * The letters of a document in order, without those that are refused or that the kept operations
 * delete.
 * @param {Y.Doc} doc
 * @param {Map<number, {clock: number, len: number}[]>} refused
 * @param {Map<number, {clock: number, len: number}[]>[]} deletes
 */
function expectedText(doc, refused, deletes) {
  let text = "";
  /** @param {any} type */
  const walk = (type) => {
    for (let item = type._start; item; item = item.right) {
      for (let at = 0; at < item.length; at += 1) {
        const { client, clock } = item.id;
        const isGone = [refused, ...deletes].some((one) => within(one, client, clock + at));
        if (!isGone && item.content.str) text += item.content.str[at];
        if (!isGone && item.content.type) walk(item.content.type);
      }
    }
  };
  walk(doc.getXmlFragment("default"));
  walk(doc.getText("text"));
  return text;
}

/** @param {Y.Doc} doc */
function lettersOf(doc) {
  return expectedText(doc, new Map(), [Y.createDeleteSetFromStructStore(doc.store).clients]);
}

/** A random edit of text, elements and a map. @param {Y.Doc} doc @param {() => number} chance */
function edit(doc, chance) {
  const text = doc.getText("text");
  const root = doc.getXmlFragment("default");
  const block = root.get(Math.floor(chance() * root.length));
  const inner = block instanceof Y.XmlElement ? block.get(0) : null;
  const kind = Math.floor(chance() * 8);
  if (kind === 0 && text.length > 2) text.delete(Math.floor(chance() * (text.length - 2)), 2);
  else if (kind === 1 && text.length > 2) text.format(0, 2, { bold: chance() });
  else if (kind === 2) {
    const element = new Y.XmlElement("paragraph");
    element.insert(0, [new Y.XmlText("words 😀")]);
    element.setAttribute("align", "left");
    root.insert(Math.floor(chance() * (root.length + 1)), [element]);
  } else if (kind === 3 && root.length > 0) root.delete(Math.floor(chance() * root.length), 1);
  else if (kind === 4) doc.getMap("map").set("key", { at: chance() });
  else if (kind === 5 && block instanceof Y.XmlElement) block.setAttribute("align", `${chance()}`);
  else if (kind === 6 && inner instanceof Y.XmlText) {
    inner.insert(Math.floor(chance() * (inner.length + 1)), "inner");
  } else text.insert(Math.floor(chance() * (text.length + 1)), "abc");
}

/** Numbers from 0 to 1 that follow from a seed. @param {number} seed */
function chances(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

test("the others go on without the refused one, in any history, and it can come back", () => {
  for (let seed = 1; seed <= 400; seed += 1) {
    const chance = chances(seed);
    const base = new Y.Doc();
    for (let turn = 0; turn < 4; turn += 1) edit(base, chance);
    const start = Y.encodeStateAsUpdate(base);
    const doc = new Y.Doc({ gc: false });
    Y.applyUpdate(doc, start, "server");
    const operations = recorded(doc);
    while (operations.length < 14) edit(doc, chance);
    const first = Math.floor(chance() * 8);
    const isRefused = (/** @type {Operation} */ { order }) =>
      order === first || (seed % 3 === 0 && order === first + 2);
    const stored = operations.slice(0, first).map(({ update }) => update);
    const waiting = operations.slice(first);

    const page = new Y.Doc({ gc: seed % 2 === 0 });
    for (const update of [start, ...operations.map((one) => one.update)]) {
      Y.applyUpdate(page, update);
    }

    const { kept, refused, ranges } = parted(waiting, isRefused, page);
    const without = merged(start, ...stored, ...kept.map(({ update }) => update));
    const deletes = [
      start,
      ...stored,
      ...waiting.filter((one) => !isRefused(one)).map((o) => o.update),
    ].map((update) => Y.decodeUpdate(update).ds.clients);
    assert.equal(lettersOf(without), expectedText(doc, ranges, deletes), `seed ${seed}`);
    for (const { id } of kept) assert.match(id, /^op\d+\.1$/);
    const all = merged(start, ...stored, ...kept.map(({ update }) => update), refused.update);
    assert.deepEqual([...lettersOf(all)].sort(), [...lettersOf(doc)].sort(), `seed ${seed}`);
  }
});

test("what was undone meanwhile is gone, and what it had replaced stands once", () => {
  const doc = new Y.Doc({ gc: false });
  const text = doc.getText("text");
  text.insert(0, "kept words and more");
  const start = Y.encodeStateAsUpdate(doc);
  const operations = recorded(doc);
  const manager = new Y.UndoManager(text, { captureTimeout: 0 });
  doc.transact(() => {
    text.delete(5, 5);
    text.insert(5, "x".repeat(1_000));
  });
  text.insert(0, "later ");
  assert.equal(parted(operations, ({ order }) => order === 0, doc).isUndone, false);
  manager.undo();
  manager.undo();
  assert.equal(text.toString(), "kept words and more");
  const { kept, isUndone } = parted(operations, ({ order }) => order === 0, doc);
  assert.equal(isUndone, true);
  const left = merged(start, ...kept.map(({ update }) => update));
  assert.equal(left.getText("text").toString(), "kept words and more");
});

test("a deletion that is refused comes back", () => {
  const doc = new Y.Doc({ gc: false });
  const text = doc.getText("text");
  text.insert(0, "kept words");
  const start = Y.encodeStateAsUpdate(doc);
  const operations = recorded(doc);
  text.delete(0, 5);
  text.insert(5, " and more");
  const { kept, isUndone, refused } = parted(operations, ({ order }) => order === 0, doc);
  assert.equal(isUndone, false);
  const left = merged(start, ...kept.map(({ update }) => update));
  assert.equal(left.getText("text").toString(), "kept words and more");
  Y.applyUpdate(left, refused.update);
  assert.equal(left.getText("text").toString(), "words and more");
});

test("an id of the caret moves with its letter, and is lost with a refused one", () => {
  const doc = new Y.Doc({ gc: false });
  const text = doc.getText("text");
  text.insert(0, "log ");
  const client = doc.clientID;
  const operations = recorded(doc);
  text.insert(4, "refused ");
  text.insert(12, "later");
  const { kept, moved } = parted(operations, ({ order }) => order === 0, doc);
  assert.deepEqual(moved(Y.createID(client, 0)), Y.createID(client, 0));
  assert.equal(moved(Y.createID(client, 5)), null);
  const [first] = Y.decodeUpdate(kept[0]?.update ?? new Uint8Array([0, 0])).structs;
  assert.ok(first);
  assert.deepEqual(moved(Y.createID(client, 13)), Y.createID(first.id.client, 1));
});
