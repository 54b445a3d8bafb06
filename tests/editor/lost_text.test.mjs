/** Text that a person wrote into what somebody else deleted. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Y } from "../../static/vendor/yjs.js";
import { lostText } from "../../static/js/sync/lost_text.js";

/** @param {string} text */
function paragraph(text) {
  const element = new Y.XmlElement("paragraph");
  element.insert(0, [new Y.XmlText(text)]);
  return element;
}

/** @param {Y.Doc} doc @param {number} at */
function textOf(doc, at) {
  const block = /** @type {Y.XmlElement} */ (doc.getXmlFragment("default").get(at));
  return /** @type {Y.XmlText} */ (block.get(0));
}

/** Ada's and Grace's documents with three paragraphs, and what Grace loses by an update. */
function opened() {
  const ada = new Y.Doc();
  const grace = new Y.Doc();
  ada.getXmlFragment("default").insert(0, ["keep", "plan text", "end"].map(paragraph));
  Y.applyUpdate(grace, Y.encodeStateAsUpdate(ada));
  /** @type {ReturnType<typeof lostText>[]} */
  const found = [];
  const receive = (/** @type {Uint8Array} */ update, /** @type {Uint8Array[]} */ unsent = []) => {
    const note = (/** @type {Y.Transaction} */ transaction) => {
      found.push(lostText(transaction, update, unsent));
    };
    grace.on("afterTransaction", note);
    Y.applyUpdate(grace, update);
    grace.off("afterTransaction", note);
    return found.at(-1) ?? null;
  };
  const change = (/** @type {() => void} */ edit) => {
    const vector = Y.encodeStateVector(ada);
    edit();
    return Y.encodeStateAsUpdate(ada, vector);
  };
  return { ada, grace, receive, change };
}

test("a word that was written into a deleted paragraph is lost, and has its place", () => {
  const { ada, grace, receive, change } = opened();
  textOf(grace, 1).insert(4, " IMPORTANT");
  const lost = receive(change(() => ada.getXmlFragment("default").delete(1, 1)));
  assert.deepEqual(
    lost?.parts.map(({ text }) => text),
    ["IMPORTANT"],
  );
  const at = (/** @type {any} */ place) =>
    Y.createAbsolutePositionFromRelativePosition(place, grace)?.index;
  assert.equal(at(lost?.place), 1);
  grace.getXmlFragment("default").insert(0, [paragraph("new")]);
  assert.equal(at(lost?.place), 2);
});

test("what the other has seen and deleted is not lost", () => {
  const { ada, grace, receive, change } = opened();
  textOf(grace, 1).insert(4, " seen");
  Y.applyUpdate(ada, Y.encodeStateAsUpdate(grace));
  const update = change(() => ada.getXmlFragment("default").delete(1, 1));
  assert.equal(receive(update), null);
});

test("a word whose paragraph stays is not lost, and others' words are not the person's", () => {
  const { ada, grace, receive, change } = opened();
  textOf(grace, 1).insert(4, " IMPORTANT");
  assert.equal(receive(change(() => textOf(ada, 1).delete(0, 9))), null);
  assert.equal(textOf(grace, 1).toString(), " IMPORTANT");
  assert.equal(receive(change(() => ada.getXmlFragment("default").delete(0, 1))), null);
});

test("a word that an earlier page has not sent is the person's too", () => {
  const { ada, grace, receive, change } = opened();
  const earlier = new Y.Doc();
  Y.applyUpdate(earlier, Y.encodeStateAsUpdate(grace));
  const vector = Y.encodeStateVector(earlier);
  textOf(earlier, 1).insert(0, "Offline ");
  const unsent = Y.encodeStateAsUpdate(earlier, vector);
  Y.applyUpdate(grace, unsent);
  const update = change(() => ada.getXmlFragment("default").delete(1, 1));
  assert.deepEqual(
    receive(update, [unsent])?.parts.map(({ text }) => text),
    ["Offline"],
  );
});

test("a lost text has the ids of its letters, without the white space around it", () => {
  const { ada, grace, receive, change } = opened();
  textOf(grace, 1).insert(4, " IM");
  textOf(grace, 0).insert(0, "-");
  textOf(grace, 1).insert(7, "PORTANT ");
  const [part] = receive(change(() => ada.getXmlFragment("default").delete(1, 1)))?.parts ?? [];
  const client = grace.clientID;
  assert.equal(part?.text, "IMPORTANT");
  assert.deepEqual(part?.ids, [
    { client, clock: 1, length: 2 },
    { client, clock: 4, length: 7 },
  ]);
});
