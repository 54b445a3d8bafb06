// Writers whose updates are recorded, and the golden files that result.
import { writeFileSync } from "node:fs";
import * as Y from "yjs";

export const b64 = (bytes) => Buffer.from(bytes).toString("base64");
export const save = (name, value) =>
  writeFileSync(new URL(`${name}.json`, import.meta.url), `${JSON.stringify(value, null, 1)}\n`);

/** A writer with a fixed client id that keeps the updates it makes. */
export const writer = (clientID, outbox, options = {}) => {
  const doc = new Y.Doc(options);
  doc.clientID = clientID;
  doc.on("update", (update, origin) => {
    if (origin !== "remote") outbox.push(update);
  });
  return doc;
};

/** The content of a document, in a form to compare with other engines. */
const view = {
  text: (doc) => doc.getText("text").toString(),
  delta: (doc) => doc.getText("text").toDelta(),
  map: (doc) => sorted(doc.getMap("map").toJSON()),
  array: (doc) => doc.getArray("array").toJSON().map(sorted),
  xml: (doc) => doc.getXmlFragment("default").toArray().map(node),
};
const sorted = (value) =>
  !(value instanceof Object) || Array.isArray(value)
    ? value
    : Object.fromEntries(Object.entries(value).sort());
const node = (item) =>
  item instanceof Y.XmlText
    ? item
        .toDelta()
        .map((part) => part.insert)
        .join("")
    : {
        tag: item.nodeName,
        attributes: sorted(item.getAttributes()),
        children: item.toArray().map(node),
      };

const golden = (name, kind, outbox, docs) => {
  const doc = new Y.Doc();
  outbox.forEach((update) => Y.applyUpdate(doc, update));
  const shown = JSON.stringify(view[kind](doc));
  docs.forEach((other) => {
    if (JSON.stringify(view[kind](other)) !== shown) throw new Error(`${name} did not converge`);
  });
  return {
    name,
    kind,
    updates: outbox.map(b64),
    vector: b64(Y.encodeStateVector(doc)),
    state: b64(Y.encodeStateAsUpdate(doc)),
    view: view[kind](doc),
  };
};

/** One history: `act` gets the writers and a function that syncs all of them. */
export const history = (name, kind, clients, act) => {
  const outbox = [];
  const docs = clients.map((client) => writer(client, outbox));
  const meet = () =>
    docs.forEach((doc) => outbox.forEach((update) => Y.applyUpdate(doc, update, "remote")));
  act(...docs, meet);
  meet();
  return golden(name, kind, outbox, docs);
};

export const paragraph = (...children) => {
  const element = new Y.XmlElement("paragraph");
  element.insert(
    0,
    children.map((child) => (typeof child === "string" ? new Y.XmlText(child) : child)),
  );
  return element;
};
