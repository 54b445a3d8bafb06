// Prints histories of maps and attributes that Yjs itself makes: node keyed_histories.mjs SEED COUNT
//
// Each history is a list of updates in causal order, in base64, and what a document shows after
// them. The updates come in every form that Yjs has for them: as they were made, merged, as a
// difference to a state vector, as a whole state, with garbage collection and without.
import * as Y from "yjs";

const [seed, count] = process.argv.slice(2).map(Number);
let state = seed;
const chance = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};
const upTo = (limit) => Math.floor(chance() * limit);
const oneOf = (list) => list[upTo(list.length)];
const b64 = (bytes) => Buffer.from(bytes).toString("base64");

const writer = (clientID) => {
  const doc = new Y.Doc({ gc: chance() < 0.6 });
  doc.clientID = clientID;
  const made = [];
  doc.on("update", (update, origin) => origin !== "remote" && made.push(update));
  const roots = [doc.getXmlFragment("default"), doc.getMap("map"), doc.getText("text")];
  const undo = new Y.UndoManager(roots, { captureTimeout: oneOf([0, 60_000]) });
  return { doc, made, undo, sent: Y.encodeStateVector(doc) };
};

const values = [
  () => upTo(9),
  () => "value",
  () => ({ a: upTo(9) }),
  () => [1, 2],
  () => null,
  () => true,
  () => new Uint8Array([1, 2]),
  () => new Y.Map([["inner", 1]]),
  () => new Y.Text("inside"),
];

const elements = (doc) => doc.getXmlFragment("default").toArray();

const edit = ({ doc, undo }) => {
  const what = chance();
  const element = oneOf(elements(doc));
  const map = doc.getMap("map");
  if (what < 0.1 || !element) {
    const added = new Y.XmlElement("heading");
    doc.getXmlFragment("default").insert(0, [added]);
    added.setAttribute("level", 1);
    added.insert(0, [new Y.XmlText("abc")]);
  } else if (what < 0.35) {
    for (let times = 1 + upTo(4); times > 0; times -= 1) {
      element.setAttribute(oneOf(["level", "id"]), upTo(9));
    }
  } else if (what < 0.4) element.removeAttribute("level");
  else if (what < 0.6) {
    for (let times = 1 + upTo(3); times > 0; times -= 1)
      map.set(oneOf(["k", "l"]), oneOf(values)());
  } else if (what < 0.65) map.delete("k");
  else if (what < 0.7) map.clear();
  else if (what < 0.78) {
    const inner = map.get("k");
    if (inner instanceof Y.Map) inner.set("inner", upTo(9));
    else if (inner instanceof Y.Text) inner.insert(0, "more");
  } else if (what < 0.83) doc.getXmlFragment("default").delete(0, 1);
  else if (what < 0.9) {
    const text = doc.getText("text");
    text.insert(upTo(text.length + 1), "several letters", chance() < 0.3 ? { bold: true } : {});
    text.setAttribute("side", upTo(9));
  } else if (what < 0.95) undo.undo();
  else undo.redo();
};

/** What a writer has made since it sent the last time, in one of Yjs' forms. */
const send = (one) => {
  const made = one.made.splice(0);
  if (!made.length) return [];
  const form = chance();
  let updates = made;
  if (form < 0.25) updates = [Y.mergeUpdates(made)];
  else if (form < 0.5) updates = [Y.encodeStateAsUpdate(one.doc, one.sent)];
  else if (form < 0.6) updates = [Y.encodeStateAsUpdate(one.doc)];
  else if (form < 0.75) {
    updates = [Y.diffUpdate(Y.mergeUpdates([Y.encodeStateAsUpdate(one.doc), ...made]), one.sent)];
  }
  one.sent = Y.encodeStateVector(one.doc);
  return updates;
};

const history = () => {
  const writers = [1, 2, 3].map((number) => writer(number * 1000 + upTo(900)));
  const log = [];
  const server = new Y.Doc();
  const meet = (one) => {
    const updates = send(one);
    log.push(...updates);
    updates.forEach((update) => Y.applyUpdate(server, update, "remote"));
    Y.applyUpdate(one.doc, Y.encodeStateAsUpdate(server, Y.encodeStateVector(one.doc)), "remote");
    one.sent = Y.encodeStateVector(one.doc);
  };
  for (let step = 0; step < 30; step += 1) {
    const one = oneOf(writers);
    if (chance() < 0.3) one.doc.transact(() => [edit(one), edit(one)]);
    else edit(one);
    if (chance() < 0.4) meet(one);
  }
  writers.forEach(meet);
  const shown = { map: server.getMap("map").toJSON(), text: server.getText("text").toString() };
  const attributes = elements(server).map((element) => element.getAttributes());
  return { updates: log.map(b64), state: b64(Y.encodeStateAsUpdate(server)), shown, attributes };
};

console.log(JSON.stringify(Array.from({ length: count }, history)));
