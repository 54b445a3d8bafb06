// Pages of stock Yjs clients, driven by lines of JSON: one request, one answer each.
import readline from "node:readline";
import * as Y from "yjs";

const pages = new Map();

const decode = (text) => Buffer.from(text, "base64");
const encode = (bytes) => Buffer.from(bytes).toString("base64");

const shown = (node) => {
  if (!(node instanceof Y.AbstractType)) return { stray: String(node) };
  if (node instanceof Y.XmlText) return node.toDelta();
  const children = node.toArray().map(shown);
  return node instanceof Y.XmlElement
    ? [node.nodeName, Object.entries(node.getAttributes()).sort(), children]
    : children;
};

const fresh = (updates) => {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, decode(update), "server");
  return doc;
};

const root = (doc) => doc.getXmlFragment("default");

const paragraph = (letters) => {
  const element = new Y.XmlElement("paragraph");
  const text = new Y.XmlText();
  text.insert(0, letters);
  element.insert(0, [text]);
  return element;
};

const WORDS = ["a", "bc", "word ", "\u{1f600}", "x\u{1f600}y", "\u{1f600}\u{1f601}", "ß"];

/** One edit of a page; `below` returns a number below another one. */
const act = ({ doc, undo }, below) => {
  const blocks = root(doc);
  const roll = below(20);
  if (blocks.length === 0 || roll === 0)
    blocks.insert(below(blocks.length + 1), [paragraph(WORDS[below(WORDS.length)])]);
  else if (roll === 1) blocks.delete(below(blocks.length), 1);
  else if (roll < 6) undo.undo();
  else if (roll < 8) undo.redo();
  else {
    const text = blocks.get(below(blocks.length)).get(0);
    const at = below(text.length + 1);
    const length = Math.min(text.length - at, 1 + below(3));
    if (roll < 12 && length) text.delete(at, length);
    else if (roll < 14 && length) text.format(at, length, { bold: below(2) ? true : null });
    else text.insert(at, WORDS[below(WORDS.length)]);
  }
};

/** What the editor's binding throws at in a node, all that is in it included. */
const misplaced = (node, isRoot) => {
  const found = [];
  for (let item = node._start; item; item = item.right) {
    const { type } = item.content;
    const name = item.content.constructor.name;
    if (item.deleted) continue;
    if (node instanceof Y.XmlText) {
      if (!["ContentString", "ContentFormat", "ContentEmbed"].includes(name)) found.push(name);
    } else if (type instanceof Y.XmlElement || (type instanceof Y.XmlText && !isRoot))
      found.push(...misplaced(type, false));
    else found.push(name);
  }
  const attributes = node instanceof Y.XmlElement ? Object.values(node.getAttributes()) : [];
  return [...found, ...attributes.filter((value) => value instanceof Y.AbstractType).map(String)];
};

const requests = {
  open: ({ page, client, updates }) => {
    const doc = fresh(updates);
    doc.clientID = client;
    const made = [];
    doc.on("update", (update, origin) => {
      if (origin !== "server") made.push(encode(update));
    });
    const undo = new Y.UndoManager(root(doc), { captureTimeout: 0 });
    pages.set(page, { doc, undo, made });
    return null;
  },
  act: ({ page, numbers }) => {
    const own = pages.get(page);
    let next = 0;
    act(own, (n) => numbers[next++] % n);
    return own.made.splice(0);
  },
  receive: ({ page, updates }) => {
    for (const update of updates) Y.applyUpdate(pages.get(page).doc, decode(update), "server");
    return null;
  },
  shown: ({ page }) => shown(root(pages.get(page).doc)),
  read: ({ updates }) => shown(root(fresh(updates))),
  misplaced: ({ updates }) => misplaced(root(fresh(updates)), true),
  encoded: ({ updates }) => encode(Y.encodeStateAsUpdate(fresh(updates))),
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { request, ...fields } = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(requests[request](fields))}\n`);
}
