/** Which content of a page's transactions is a copy of deleted content, and of which. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Y } from "../../static/vendor/yjs.js";
import { Copies } from "../../static/js/sync/copies.js";
import { Outbox } from "../../static/js/sync/outbox.js";
import { MemoryStore } from "../../static/js/sync/operation_store.js";
import { renewedOperations } from "../../static/js/sync/renewal.js";
import { encodeCopies } from "../../static/js/sync/wire.js";

/** @typedef {import("../../static/js/sync/copies.js").Copy} Copy */

/** @param {string} text */
function paragraph(text) {
  const element = new Y.XmlElement("paragraph");
  element.insert(0, [new Y.XmlText(text)]);
  return element;
}

/** Ada's page (client 1) with Grace's paragraphs (client 2). @param {string[]} texts */
function opened(...texts) {
  const grace = new Y.Doc();
  grace.clientID = 2;
  grace.getXmlFragment("default").insert(0, texts.map(paragraph));
  const doc = new Y.Doc();
  doc.clientID = 1;
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(grace));
  const root = doc.getXmlFragment("default");
  const text = (at = 0) =>
    /** @type {Y.XmlText} */ (/** @type {Y.XmlElement} */ (root.get(at)).get(0));
  return { doc, root, text, copies: new Copies(doc) };
}

/** The source of each copy: client, clock and length. @param {Copy[]} copies */
function sources(copies) {
  return copies.map(([, , length, client, clock]) => `${client}:${clock}+${length}`);
}

test("typed text is no copy, and a deletion brings none", () => {
  const { copies, text } = opened("grace");
  text().insert(0, "grace");
  text().delete(5, 5);
  assert.deepEqual(copies.take(), []);
});

test("an undo names the source of each item, and of the elements around it", () => {
  const { root, text, copies } = opened("grace");
  const undos = new Y.UndoManager(root, { captureTimeout: 0 });
  root.delete(0, 1);
  undos.undo();
  assert.equal(text().toString(), "grace");
  const found = copies.take();
  // Element, text and five letters, in order of the new clocks.
  assert.deepEqual(sources(found).sort(), ["2:0+1", "2:1+1", "2:2+5"]);
  const [last] = found.filter(([, , length]) => length === 5);
  const first = last?.[1] ?? -1;
  assert.deepEqual(copies.sourceOf(first), { id: { client: 2, clock: 2 }, end: first + 5 });
  assert.deepEqual(copies.sourceOf(99), { id: null, end: Infinity });
  assert.deepEqual(copies.take(), []);
});

test("an undo of a redo names the copy before it", () => {
  const { root, text, copies } = opened("grace");
  const undos = new Y.UndoManager(root, { captureTimeout: 0 });
  text().delete(0, 5);
  undos.undo();
  undos.redo();
  undos.undo();
  assert.equal(text().toString(), "grace");
  assert.deepEqual(sources(copies.take()), ["2:2+5", "1:0+5"]);
});

test("a split is a copy of what it deletes, from all its writers", () => {
  const { doc, root, text, copies } = opened("graceful");
  text().insert(7, "ADA");
  doc.transact(() => {
    text().delete(5, 6);
    root.insert(1, [paragraph("fuADAl")]);
  });
  assert.equal(text(1).toString(), "fuADAl");
  assert.deepEqual(sources(copies.take()), ["2:7+2", "1:0+3", "2:9+1"]);
});

test("equal texts of one transaction are copies in the order of the document", () => {
  const { doc, root, copies } = opened("same", "same");
  doc.transact(() => {
    root.delete(0, 2);
    root.insert(0, [paragraph("same"), paragraph("same")]);
  });
  assert.deepEqual(sources(copies.take()), ["2:2+4", "2:8+4"]);
});

test("a text that joins the ends of others is made of their copies", () => {
  const { doc, root, text, copies } = opened("head", "one two", "three");
  doc.transact(() => {
    text(0).insert(4, "twothree");
    root.delete(1, 2);
  });
  assert.deepEqual(sources(copies.take()), ["2:12+3", "2:17+5"]);
});

test("one letter is a copy where the editor only moves what is there", () => {
  for (const [typed, expected] of /** @type {[string | null, string[]][]} */ ([
    ["", ["2:14+1"]],
    [null, []],
  ])) {
    const { doc, root, text, copies } = opened("head", "one two");
    copies.noteTyped(typed);
    doc.transact(() => {
      text(0).insert(4, "o");
      root.delete(1, 1);
    });
    assert.deepEqual(sources(copies.take()), expected);
  }
});

test("what is typed over other blocks is no copy, and what it keeps is", () => {
  const { doc, root, text, copies } = opened("head", "one two");
  copies.noteTyped("e");
  doc.transact(() => {
    text(0).delete(2, 2);
    text(0).insert(2, "e two");
    root.delete(1, 1);
  });
  assert.deepEqual(sources(copies.take()), ["2:11+4"]);
});

test("a letter that was typed is not a copy of the same letter", () => {
  const { doc, root, text, copies } = opened("x", "e");
  copies.noteTyped("e");
  doc.transact(() => {
    text(0).delete(0, 1);
    text(0).insert(0, "e");
    root.delete(1, 1);
  });
  assert.deepEqual(copies.take(), []);
});

test("what was cut is a copy where it is pasted, and what was copied is not", async () => {
  const { root, copies } = opened("moved", "end");
  copies.note("cut", "moved");
  root.delete(0, 1);
  await Promise.resolve();
  copies.note("paste", "moved");
  copies.noteTyped("moved");
  root.insert(1, [paragraph("moved")]);
  assert.deepEqual(sources(copies.take()), ["2:2+5"]);
  await Promise.resolve();
  root.insert(1, [paragraph("moved")]);
  copies.note("copy", "moved");
  copies.note("paste", "moved");
  root.insert(1, [paragraph("moved")]);
  assert.deepEqual(copies.take(), []);
});

test("a cut or copy without text leaves the clipboard as it is, and what was cut before", async () => {
  for (const event of /** @type {("cut" | "copy")[]} */ (["cut", "copy"])) {
    const { root, copies } = opened("moved", "end");
    copies.note("cut", "moved");
    root.delete(0, 1);
    await Promise.resolve();
    copies.note(event, "");
    root.insert(1, [paragraph("typed")]);
    copies.take();
    await Promise.resolve();
    copies.note("paste", "moved");
    root.insert(1, [paragraph("moved")]);
    assert.deepEqual(sources(copies.take()), ["2:2+5"], event);
  }
});

test("a space that was cut is a copy where it is pasted", async () => {
  const { text, copies } = opened("one two");
  copies.note("cut", " ");
  text().delete(3, 1);
  await Promise.resolve();
  copies.note("paste", " ");
  text().insert(0, " ");
  assert.deepEqual(sources(copies.take()), ["2:5+1"]);
});

test("a word that is dragged within a text is a copy, and one that is typed there is not", () => {
  for (const [isDrag, expected] of /** @type {[boolean, string[]][]} */ ([
    [true, ["2:6+4"]],
    [false, []],
  ])) {
    const { doc, text, copies } = opened("one two three");
    if (isDrag) copies.note("drop");
    else copies.noteTyped("two ");
    doc.transact(() => {
      text().delete(4, 4);
      text().insert(9, "two ");
    });
    assert.equal(text().toString(), "one threetwo ");
    assert.deepEqual(sources(copies.take()), expected);
    // The next edit is another one.
    doc.transact(() => {
      text().delete(0, 3);
      text().insert(9, "one");
    });
    assert.deepEqual(copies.take(), []);
  }
});

test("a word that was cut is a copy in the same text, once, until it is undone", async () => {
  const { root, text, copies } = opened("one two three");
  const undos = new Y.UndoManager(root, { captureTimeout: 0 });
  const paste = async () => {
    copies.note("paste", "two ");
    text().insert(0, "two ");
    await Promise.resolve();
    return sources(copies.take());
  };
  copies.note("cut", "two ");
  text().delete(4, 4);
  await Promise.resolve();
  assert.deepEqual(await paste(), ["2:6+4"]);
  assert.deepEqual(await paste(), []);
  undos.undo();
  undos.undo();
  assert.deepEqual(await paste(), ["2:6+4"]);
  undos.undo();
  undos.undo();
  assert.equal(text().toString(), "one two three");
  copies.take();
  assert.deepEqual(await paste(), []);
});

test("what is pasted of another program is no copy of what was cut before", async () => {
  const { root, copies } = opened("moved", "end");
  copies.note("cut", "moved");
  root.delete(0, 1);
  await Promise.resolve();
  copies.note("paste", "moved on");
  root.insert(1, [paragraph("moved on")]);
  assert.deepEqual(copies.take(), []);
});

test("a cut leaves out what it only moves", async () => {
  const { doc, root, text, copies } = opened("head", "one two");
  copies.note("cut", "one");
  doc.transact(() => {
    text(0).insert(4, " two");
    root.delete(1, 1);
  });
  await Promise.resolve();
  assert.deepEqual(sources(copies.take()), ["2:11+4"]);
  copies.note("paste", "one");
  root.insert(1, [paragraph("one")]);
  assert.deepEqual(sources(copies.take()), ["2:8+3"]);
});

test("edits of others and by others are no copies of this page", () => {
  const { doc, copies } = opened("grace");
  const other = new Y.Doc();
  Y.applyUpdate(other, Y.encodeStateAsUpdate(doc));
  const root = other.getXmlFragment("default");
  other.transact(() => {
    root.delete(0, 1);
    root.insert(0, [paragraph("grace")]);
  });
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(other));
  assert.deepEqual(copies.take(), []);
});

test("an operation that grows keeps the copies of both batches", async () => {
  const outbox = await Outbox.open(new MemoryStore());
  const update = Y.encodeStateAsUpdate(new Y.Doc());
  outbox.add(update, Uint8Array.of(0), 1, [[1, 0, 1, 2, 0]]);
  const { copies } = outbox.add(update, Uint8Array.of(0), 1, [[1, 1, 1, 2, 5]]);
  assert.deepEqual(copies, [
    [1, 0, 1, 2, 0],
    [1, 1, 1, 2, 5],
  ]);
});

test("each piece of a large edit has the copies of what it inserts", async () => {
  const outbox = await Outbox.open(new MemoryStore());
  const doc = new Y.Doc();
  doc.clientID = 1;
  doc.getText("t").insert(0, "x".repeat(20_000));
  const update = Y.encodeStateAsUpdate(doc);
  outbox.add(update, Uint8Array.of(0), 1, [[1, 100, 19_000, 2, 5]], 4_000);
  let clock = 0;
  let end = 100;
  for (const piece of outbox.operations) {
    const next = /** @type {number} */ (Y.decodeStateVector(piece.vector).get(1));
    for (const [, first, length, , source] of piece.copies ?? []) {
      assert.equal(first, end);
      assert.equal(source, 5 + first - 100);
      assert.ok(clock <= first && first + length <= next);
      end = first + length;
    }
    clock = next;
  }
  assert.equal(end, 19_100);
  assert.ok(outbox.operations.length > 4);
});

test("an operation that is written again under new ids keeps its copies", () => {
  const doc = new Y.Doc();
  doc.clientID = 1;
  doc.getText("t").insert(0, "abcdef");
  const update = Y.encodeStateAsUpdate(doc);
  /** @type {Copy[]} */
  const copies = [
    [1, 3, 3, 1, 0],
    [1, 0, 2, 7, 4],
  ];
  const operation = { id: "a", order: 1, update, vector: Uint8Array.of(0), edits: 1, copies };
  const [renewed] = renewedOperations([operation]);
  const client = Y.decodeUpdate(renewed?.update ?? update).structs[0]?.id.client;
  assert.deepEqual(renewed?.copies, [
    [client, 3, 3, client, 0],
    [client, 0, 2, 7, 4],
  ]);
});

test("a copy map equals the golden bytes of the server", () => {
  assert.deepEqual(
    encodeCopies([[7, 300, 5, 9, 2]]),
    Uint8Array.of(0x01, 0x07, 0xac, 0x02, 0x05, 0x09, 0x02),
  );
});
