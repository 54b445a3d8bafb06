/** Attribution on the page: the author of each character, and its position in the editor. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Attribution, authorRanges, shares } from "../../static/js/editor/attribution.js";
import { Y } from "../../static/vendor/yjs.js";

const AT = "2026-11-25T12:00:01Z";
const LATER = "2026-11-25T12:05:00Z";

/**
 * @param {number} client
 * @param {number} first
 * @param {number} end
 * @param {number} author
 */
const run = (client, first, end, author, at = AT) => ({
  client,
  first,
  end,
  author,
  received_at: at,
});

/** @param {ReturnType<typeof run>[]} runs */
function attribution(runs, client = 99) {
  const made = new Attribution({ id: "7", name: "Alan" }, client);
  made.add({ seq: 1, authors: [{ id: 1, name: "Ada" }], runs });
  return made;
}

test("a clock is found in its range, and an unknown one has no author", () => {
  const known = attribution([run(1, 0, 5, 1), run(1, 5, 9, 2, LATER), run(2, 3, 4, 2)]);
  assert.deepEqual(known.find(1, 4), { first: 0, end: 5, author: "1", at: AT });
  assert.equal(known.find(1, 5)?.author, "2");
  assert.equal(known.find(1, 9), null);
  assert.equal(known.find(2, 2), null);
  assert.equal(known.find(3, 0), null);
});

test("own text has its author before the server's attribution arrives", () => {
  const known = attribution([run(99, 0, 5, 7)], 99);
  assert.equal(known.find(99, 4)?.at, AT);
  assert.deepEqual(known.find(99, 5), { end: Infinity, author: "7", at: null });
});

test("own text that came back has its first author before the server's attribution arrives", () => {
  const own = new Attribution({ id: "7", name: "Ada" }, 99, (clock) =>
    clock < 2 ? { id: null, end: 2 } : { id: { client: 1, clock: clock + 8 }, end: 5 },
  );
  own.add({ seq: 1, authors: [], runs: [run(1, 0, 12, 2)] });
  assert.deepEqual(own.find(99, 0), { end: 2, author: "7", at: null });
  const { author, end } = own.find(99, 2) ?? {};
  assert.deepEqual([author, end], ["2", 4]);
  assert.equal(own.find(99, 4), null);
});

test("attribution that is added twice changes nothing", () => {
  const known = attribution([run(1, 0, 5, 1)]);
  known.add({ seq: 3, authors: [], runs: [run(1, 0, 5, 2), run(1, 3, 8, 2)] });
  assert.equal(known.seq, 3);
  assert.equal(known.find(1, 3)?.author, "1");
  assert.deepEqual(known.find(1, 6), { first: 5, end: 8, author: "2", at: AT });
});

/** Two authors in one paragraph, with a break and a second block. */
function written() {
  const docs = [1, 2].map((client) => {
    const doc = new Y.Doc();
    doc.clientID = client;
    return doc;
  });
  const [ada, grace] = /** @type {[Y.Doc, Y.Doc]} */ (docs);
  const root = ada.getXmlFragment("default");
  const paragraph = new Y.XmlElement("paragraph");
  const text = new Y.XmlText();
  paragraph.insert(0, [text, new Y.XmlElement("hardBreak"), new Y.XmlText("end")]);
  root.insert(0, [paragraph, new Y.XmlElement("horizontalRule")]);
  text.insert(0, "Helo");
  Y.applyUpdate(grace, Y.encodeStateAsUpdate(ada));
  const same = /** @type {Y.XmlText} */ (
    /** @type {Y.XmlElement} */ (grace.getXmlFragment("default").get(0)).get(0)
  );
  same.insert(2, "l😀x");
  same.delete(5, 1);
  same.format(0, 2, { bold: true });
  Y.applyUpdate(ada, Y.encodeStateAsUpdate(grace));
  return ada.getXmlFragment("default");
}

test("ranges have the editor's positions", () => {
  const known = attribution([run(1, 0, 99, 1), run(2, 0, 99, 2)]);
  const leaves = new Set(["hardBreak", "horizontalRule"]);
  const { ranges, unknown } = authorRanges(written(), known, (name) => leaves.has(name));
  assert.equal(unknown, false);
  assert.deepEqual(
    ranges.map(({ from, to, author }) => [from, to, author]),
    [
      [1, 3, "1"], // He
      [3, 6, "2"], // l and two units
      [6, 8, "1"], // lo
      [9, 12, "1"], // behind the break
    ],
  );
  assert.deepEqual(
    shares(ranges).map(({ author, part }) => [author, part]),
    [
      ["1", 0.7],
      ["2", 0.3],
    ],
  );
});

test("text of an unknown author is reported, and has its positions", () => {
  const { ranges, unknown } = authorRanges(
    written(),
    attribution([run(1, 0, 99, 1)]),
    (name) => name !== "paragraph",
  );
  assert.equal(unknown, true);
  assert.deepEqual(
    ranges.map(({ from, to }) => [from, to]),
    [
      [1, 3],
      [6, 8],
      [9, 12],
    ],
  );
});
