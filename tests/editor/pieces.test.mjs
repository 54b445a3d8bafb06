/** A large update in pieces: the same content, each piece small enough and in order. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { piecesOf } from "../../static/js/sync/pieces.js";
import { Y } from "../../static/vendor/yjs.js";

/** @param {Y.Doc} doc @param {() => void} edit */
function updateOf(doc, edit) {
  const before = Y.encodeStateVector(doc);
  doc.transact(edit);
  return Y.encodeStateAsUpdate(doc, before);
}

/** Apply pieces one by one; nothing may wait for a later one. @param {Uint8Array[]} pieces */
function merged(base = new Y.Doc(), ...pieces) {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(base));
  for (const piece of pieces) {
    Y.applyUpdate(doc, piece);
    assert.equal(doc.store.pendingStructs, null);
  }
  return doc;
}

test("a small update is left as it is", () => {
  const doc = new Y.Doc();
  const update = updateOf(doc, () => doc.getText("t").insert(0, "small"));
  assert.deepEqual(piecesOf(update, 100), [update]);
});

test("a long text is cut between characters", () => {
  const doc = new Y.Doc();
  const text = "a👍ä".repeat(2_000);
  const pieces = piecesOf(
    updateOf(doc, () => doc.getText("t").insert(0, text)),
    1_000,
  );
  assert.ok(pieces.length > 10);
  for (const piece of pieces) assert.ok(piece.length <= 1_000);
  assert.equal(
    merged(undefined, ...pieces)
      .getText("t")
      .toString(),
    text,
  );
});

test("many paragraphs in place of a selection: what is deleted goes last", () => {
  const base = new Y.Doc();
  const root = base.getXmlFragment("default");
  base.transact(() => {
    for (const words of ["first", "to be replaced", "last"]) {
      const block = new Y.XmlElement("paragraph");
      block.insert(0, [new Y.XmlText(words)]);
      root.push([block]);
    }
  });
  const doc = new Y.Doc();
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(base));
  const update = updateOf(doc, () => {
    const blocks = Array.from({ length: 200 }, (_, number) => {
      const block = new Y.XmlElement("paragraph");
      block.setAttribute("number", String(number));
      block.insert(0, [new Y.XmlText(`words ${number} `.repeat(5))]);
      return block;
    });
    doc.getXmlFragment("default").delete(1, 1);
    doc.getXmlFragment("default").insert(1, blocks);
  });
  const pieces = piecesOf(update, 2_000);
  assert.ok(pieces.length > 4);
  for (const piece of pieces.slice(0, -1)) assert.equal(Y.decodeUpdate(piece).ds.clients.size, 0);
  const shown = merged(base, ...pieces)
    .getXmlFragment("default")
    .toString();
  assert.equal(shown, doc.getXmlFragment("default").toString());
});

test("what several clients have written is cut in the order in which it builds", () => {
  const one = new Y.Doc();
  const other = new Y.Doc();
  for (let turn = 0; turn < 40; turn += 1) {
    const [here, there] = turn % 2 ? [one, other] : [other, one];
    const text = here.getText("t");
    text.insert(Math.floor(text.length / 2), `turn ${turn} `.repeat(4));
    Y.applyUpdate(there, Y.encodeStateAsUpdate(here, Y.encodeStateVector(there)));
  }
  const pieces = piecesOf(Y.encodeStateAsUpdate(one), 200);
  assert.ok(pieces.length > 4);
  assert.equal(
    merged(undefined, ...pieces)
      .getText("t")
      .toString(),
    one.getText("t").toString(),
  );
});

test("a value that cannot be cut stays whole", () => {
  const doc = new Y.Doc();
  const pieces = piecesOf(
    updateOf(doc, () => {
      doc.getMap("m").set("key", "x".repeat(500));
      doc.getText("t").insert(0, "words");
    }),
    100,
  );
  assert.equal(pieces.length, 2);
  assert.equal(
    merged(undefined, ...pieces)
      .getMap("m")
      .get("key"),
    "x".repeat(500),
  );
});
