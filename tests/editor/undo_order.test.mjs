/** What an undo brings back stands at one place, in every page and after every reload (yjs#794). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Y } from "../../static/vendor/yjs.js";

const HISTORIES = 500;
const STEPS = 24;

/** A page with one paragraph, its undo manager, and the updates that it sends. */
class Page {
  doc = new Y.Doc();
  root = this.doc.getXmlFragment("default");
  /** @type {Uint8Array[]} */
  updates = [];
  undos = new Y.UndoManager(this.root, { captureTimeout: 0 });

  /** @param {number} client */
  constructor(client) {
    this.doc.clientID = client;
    this.doc.on("update", (/** @type {Uint8Array} */ update) => this.updates.push(update));
  }

  /** @param {string} text */
  begin(text) {
    const paragraph = new Y.XmlElement("paragraph");
    paragraph.insert(0, [new Y.XmlText(text)]);
    this.root.insert(this.root.length, [paragraph]);
  }

  get text() {
    const paragraph = /** @type {Y.XmlElement} */ (this.root.get(0));
    return /** @type {Y.XmlText} */ (paragraph.get(0));
  }
}

/** @param {Y.Doc} doc */
const shown = (doc) => doc.getXmlFragment("default").toString();

/** A page that receives these updates. @param {Uint8Array[]} updates */
function reader(updates) {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc;
}

/**
 * Check that all who look see one text: who wrote, who reads along, and who loads it, twice.
 * @param {Page} page
 * @param {string} [about]
 */
function looksTheSame(page, about) {
  const expected = shown(page.doc);
  const along = reader(page.updates);
  assert.equal(shown(along), expected, about);
  const loaded = reader([Y.encodeStateAsUpdate(along)]);
  assert.equal(shown(loaded), expected, about);
  assert.equal(shown(reader([Y.encodeStateAsUpdate(loaded)])), expected, about);
  assert.equal(shown(reader([Y.encodeStateAsUpdate(page.doc)])), expected, about);
}

/** @type {Record<string, (page: Page) => void>} */
const REPORTED = {
  "typed inside what came back": (page) => {
    page.begin("a");
    page.text.insert(1, "ef");
    page.text.delete(1, 2);
    page.undos.undo();
    page.text.insert(2, "gh");
    page.root.delete(0, 1);
    page.undos.undo();
  },
  "undone, redone, and a part deleted": (page) => {
    page.begin("a");
    page.text.insert(1, "bc");
    page.undos.undo();
    page.undos.redo();
    page.text.delete(2, 1);
    page.undos.undo();
    page.root.delete(0, 1);
    page.undos.undo();
  },
  "typed after a redo": (page) => {
    page.begin("a");
    page.text.insert(1, "cd");
    page.undos.undo();
    page.undos.redo();
    page.text.insert(2, "g");
    page.root.delete(0, 1);
    page.undos.undo();
  },
};

for (const [name, act] of Object.entries(REPORTED)) {
  test(`one text for everybody: ${name}`, () => {
    const page = new Page(7);
    act(page);
    looksTheSame(page);
  });
}

/** A small fixed generator (mulberry32). @param {number} seed */
const random = (seed) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};

/**
 * One step of somebody who writes and undoes much.
 * @param {Page} page
 * @param {(n: number) => number} below
 */
function step(page, below) {
  const kind = below(10);
  if (kind < 3) page.undos.undo();
  else if (kind < 4) page.undos.redo();
  else if (page.root.length === 0) page.begin("new");
  else if (kind < 5) page.root.delete(below(page.root.length), 1);
  else if (page.text.length > 2 && kind < 7) page.text.delete(below(page.text.length - 1), 2);
  else page.text.insert(below(page.text.length + 1), "abcdef".slice(0, 1 + below(3)));
}

test("one text for everybody after any history of edits, undo and redo", () => {
  for (let seed = 1; seed <= HISTORIES; seed += 1) {
    const next = random(seed);
    const below = (/** @type {number} */ n) => Math.floor(next() * n);
    const page = new Page(1 + seed);
    page.begin("start");
    for (let at = 0; at < STEPS; at += 1) step(page, below);
    looksTheSame(page, `seed ${seed}`);
  }
});
