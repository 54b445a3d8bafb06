/** The patches of `patches.mjs` to the binding of Yjs and the editor: less work, the same text. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { TextSelection, View, Y, schema } from "./bound_view.mjs";

/** @param {number} blocks */
function written(blocks) {
  const doc = new Y.Doc();
  doc.clientID = 1;
  for (let number = 0; number < blocks; number += 1) {
    const block = new Y.XmlElement("paragraph");
    block.insert(0, [new Y.XmlText(`block ${number}`)]);
    doc.getXmlFragment("default").push([block]);
  }
  return Y.encodeStateAsUpdate(doc);
}

test("the bundle of the pages has the patches", () => {
  const text = readFileSync(new URL("../../static/vendor/tiptap.js", import.meta.url), "utf8");
  assert.match(text, /setMeta\("addToHistory",!1\)\.setMeta\("preventAutolink",!0\)/);
});

/** @param {any} doc */
const blocksOf = (doc) => [...doc.children];

test("a character of another person leaves the nodes of all other blocks unchanged", () => {
  const [ada, grace] = [new View(written(5), 2), new View(written(5), 3)];
  const before = blocksOf(ada.state.doc);
  grace.dispatch(grace.state.tr.insertText("!", 3));
  ada.take(grace);
  const after = blocksOf(ada.state.doc);
  assert.deepEqual(
    after.map((block, index) => block === before[index]),
    [false, true, true, true, true],
  );
  assert.equal(after[0]?.textContent, "bl!ock 0");
  assert.deepEqual(ada.autolinks.slice(-1), [true]);
  ada.check();
});

test("a new block of another person leaves the nodes of all other blocks unchanged", () => {
  const [ada, grace] = [new View(written(5), 2), new View(written(5), 3)];
  const before = blocksOf(ada.state.doc);
  grace.dispatch(grace.state.tr.split(3));
  grace.dispatch(grace.state.tr.delete(20, 29));
  ada.take(grace);
  const after = blocksOf(ada.state.doc);
  assert.deepEqual(
    after.map((block) => before.includes(block)),
    after.map((block) => before.some(({ textContent }) => textContent === block.textContent)),
  );
  assert.ok(after.filter((block) => before.includes(block)).length >= 3);
  ada.check();
});

for (const [place, at] of /** @type {[string, number][]} */ ([
  ["in a block before", 1],
  ["before it", 10],
])) {
  test(`characters of another person ${place} move a selection with its text`, () => {
    const [ada, grace] = [new View(written(3), 2), new View(written(3), 3)];
    ada.dispatch(ada.state.tr.setSelection(TextSelection.create(ada.state.doc, 12, 15)));
    grace.dispatch(grace.state.tr.insertText("one more ", at));
    ada.take(grace);
    const { anchor, head } = ada.state.selection;
    assert.deepEqual([anchor, head], [21, 24]);
  });
}

/** Pseudo-random numbers from a fixed seed. @param {number} seed */
function chance(seed) {
  let state = seed;
  return (/** @type {number} */ below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

/** Make a random edit, as a person would. @param {View} view @param {(below: number) => number} pick */
function edit(view, pick) {
  const { tr, doc } = view.state;
  const starts = /** @type {number[]} */ ([]);
  doc.forEach((/** @type {any} */ _, /** @type {number} */ offset) => starts.push(offset));
  const start = starts[pick(starts.length)] ?? 0;
  const block = doc.nodeAt(start);
  const within = start + 1 + pick(block.content.size + 1);
  const isText = block.isTextblock;
  const acts = [
    () => isText && tr.insertText("ab ", within),
    () => isText && tr.insertText("c", within),
    () => isText && block.content.size > 1 && tr.delete(start + 1, start + 2),
    () => isText && tr.split(within),
    () => isText && tr.setNodeMarkup(start, schema.nodes.heading, { level: 1 + pick(3) }),
    () => isText && tr.addMark(start + 1, within, schema.marks.bold.create()),
    () => starts.length > 2 && tr.delete(start, start + block.nodeSize),
    () => tr.delete(start, start + block.nodeSize).insert(0, block),
    () => tr.insert(start, schema.node("list", null, [schema.node("item", null, [block])])),
  ];
  if (acts[pick(acts.length)]?.()) view.dispatch(tr);
}

test("random concurrent edits of two people leave both with the document's text", () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const pick = chance(seed);
    const people = [new View(written(6), 2), new View(written(6), 3)];
    for (let step = 0; step < 40; step += 1) {
      const [one, other] = pick(2) ? people : [people[1], people[0]];
      if (!one || !other) throw new Error("two people");
      edit(one, pick);
      if (pick(3)) continue;
      one.take(other);
      one.check();
      other.take(one);
      other.check();
      assert.deepEqual(one.state.doc.toJSON(), other.state.doc.toJSON());
    }
  }
});
