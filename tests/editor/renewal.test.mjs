/** Operations under new client ids: the same content, and nothing refers to the old ids. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isClientRefused } from "../../static/js/sync/refusals.js";
import { renewedOperations } from "../../static/js/sync/renewal.js";
import { Y } from "../../static/vendor/yjs.js";

/** @typedef {import("../../static/js/sync/outbox.js").Operation} Operation */

/** Collect the edits of a document as operations. @param {Y.Doc} doc */
function recorded(doc) {
  /** @type {Operation[]} */
  const operations = [];
  doc.on("update", (/** @type {Uint8Array} */ update, /** @type {unknown} */ origin) => {
    if (origin === "server") return;
    const order = operations.length;
    const vector = Y.encodeStateVector(doc);
    operations.push({ id: `op${order}`, order, update, vector, edits: 1 });
  });
  return operations;
}

/** @param {Uint8Array[]} updates */
function merged(...updates) {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  assert.equal(doc.store.pendingStructs, null);
  assert.equal(doc.store.pendingDs, null);
  return doc;
}

/** @param {Y.Doc} doc */
function shown(doc) {
  return [
    doc.getXmlFragment("default").toString(),
    doc.getText("text").toDelta(),
    doc.getMap("map").toJSON(),
  ];
}

/** Ids that an update's structs have or refer to. @param {Uint8Array} update */
function idsOf(update) {
  const { structs, ds } = Y.decodeUpdate(update);
  const ids = structs.flatMap((struct) => {
    const item = struct instanceof Y.Item ? struct : null;
    const parent = item?.parent instanceof Y.ID ? item.parent : null;
    return [struct.id, item?.origin, item?.rightOrigin, parent].filter((id) => id != null);
  });
  for (const [client, ranges] of ds.clients) {
    for (const { clock, len } of ranges) ids.push(Y.createID(client, clock + len - 1));
  }
  return ids;
}

/** A random edit of text, elements and a map. @param {Y.Doc} doc @param {() => number} chance */
function edit(doc, chance) {
  const text = doc.getText("text");
  const root = doc.getXmlFragment("default");
  const kind = Math.floor(chance() * 6);
  if (kind === 0 && text.length > 2) text.delete(Math.floor(chance() * (text.length - 1)), 1);
  else if (kind === 1 && text.length > 2) text.format(0, 2, { bold: true });
  else if (kind === 2) {
    const element = new Y.XmlElement("paragraph");
    element.insert(0, [new Y.XmlText("words 😀")]);
    element.setAttribute("align", "left");
    root.insert(Math.floor(chance() * (root.length + 1)), [element]);
  } else if (kind === 3 && root.length > 0) root.delete(0, 1);
  else if (kind === 4) doc.getMap("map").set("key", { at: chance() });
  else text.insert(Math.floor(chance() * (text.length + 1)), "abc");
}

/** Numbers from 0 to 1 that follow from a seed. @param {number} seed */
function chances(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

test("content that was never stored moves whole, and nothing refers to the old client id", () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const chance = chances(seed);
    const doc = new Y.Doc();
    const operations = recorded(doc);
    for (let turn = 0; turn < 12; turn += 1) edit(doc, chance);
    const renewed = renewedOperations(operations);
    const copy = merged(...renewed.map(({ update }) => update));
    assert.deepEqual(shown(copy), shown(doc), `seed ${seed}`);
    for (const { update } of renewed) {
      for (const { client } of idsOf(update)) assert.notEqual(client, doc.clientID);
    }
    const last = renewed.at(-1);
    assert.ok(last);
    assert.deepEqual(Y.decodeStateVector(last.vector), Y.parseUpdateMeta(last.update).to);
  }
});

test("content behind stored content keeps its place beside it", () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const chance = chances(seed);
    const doc = new Y.Doc();
    const server = new Y.Doc();
    server.getText("text").insert(0, "of another person");
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(server), "server");
    const operations = recorded(doc);
    for (let turn = 0; turn < 12; turn += 1) edit(doc, chance);
    const stored = operations.slice(0, 6);
    const waiting = operations.slice(6);
    const renewed = renewedOperations(waiting);
    const before = [Y.encodeStateAsUpdate(server), ...stored.map(({ update }) => update)];
    const copy = merged(...before, ...renewed.map(({ update }) => update));
    assert.deepEqual(shown(copy), shown(doc), `seed ${seed}`);
  }
});

test("structs under the ids of another person do not meet the renewed ones", () => {
  const doc = new Y.Doc();
  const operations = recorded(doc);
  doc.getText("text").insert(0, "mine");
  const thief = new Y.Doc();
  thief.clientID = doc.clientID;
  thief.getText("text").insert(0, "taken before");
  const [renewed] = renewedOperations(operations);
  assert.ok(renewed);
  const both = merged(Y.encodeStateAsUpdate(thief), renewed.update);
  const text = both.getText("text").toString();
  assert.ok(text.includes("mine") && text.includes("taken before"));
});

test("two pages with the same operations make the same ones of them", () => {
  const doc = new Y.Doc();
  const operations = recorded(doc);
  doc.getText("text").insert(0, "one");
  doc.getText("text").insert(3, "two");
  assert.deepEqual(renewedOperations(operations), renewedOperations(operations));
  const [first, second] = renewedOperations(operations);
  assert.deepEqual([first?.id, second?.id], ["op0.1", "op1.1"]);
  const ids = (/** @type {Operation[]} */ some) => some.map(({ id }) => id);
  assert.deepEqual(ids(renewedOperations(renewedOperations(operations))), ["op0.2", "op1.2"]);
  const again = renewedOperations(renewedOperations(operations));
  assert.notDeepEqual(again[0]?.update, first?.update);
});

test("updates with a gap keep it", () => {
  const doc = new Y.Doc();
  const operations = recorded(doc);
  for (const word of ["a", "b", "c"]) doc.getText("text").insert(0, word);
  const [one, two, three] = operations.map(({ update }) => update);
  assert.ok(one && two && three);
  const gap = { id: "gap", order: 0, vector: Uint8Array.of(0), edits: 2 };
  const [holed] = renewedOperations([{ ...gap, update: Y.mergeUpdates([one, three]) }]);
  assert.ok(holed);
  const { structs } = Y.decodeUpdate(holed.update);
  assert.deepEqual(
    structs.map((struct) => [struct.constructor, struct.id.clock]),
    [
      [Y.Item, 0],
      [Y.Skip, 1],
      [Y.Item, 2],
    ],
  );
});

test("only a refused client id is answered by new ids", () => {
  assert.ok(isClientRefused("foreign_client") && isClientRefused("content_conflict"));
  assert.ok(!isClientRefused("limit_exceeded") && !isClientRefused("forbidden"));
});
