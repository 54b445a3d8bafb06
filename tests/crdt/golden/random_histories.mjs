// Random histories, the same at each run.
import * as Y from "yjs";
import { history, paragraph } from "./recording.mjs";

/** A small fixed generator (mulberry32), so that random histories are the same each time. */
const random = (seed) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};

const moves = {
  text: (doc, below) => {
    const text = doc.getText("text");
    if (text.length > 3 && below(3) === 0) text.delete(below(text.length - 2), 1 + below(2));
    else text.insert(below(text.length + 1), "abcdefgh".slice(0, 1 + below(4)));
  },
  map: (doc, below) => {
    const map = doc.getMap("map");
    const key = "pqr"[below(3)];
    const inner = map.get(key);
    if (below(4) === 0) map.delete(key);
    else if (inner instanceof Y.Array) inner.push([below(1000)]);
    else map.set(key, below(3) === 0 ? new Y.Array() : below(1000));
  },
  array: (doc, below) => {
    const array = doc.getArray("array");
    if (array.length > 3 && below(3) === 0) array.delete(below(array.length - 2), 1 + below(2));
    else {
      const inner = array.length > 0 ? array.get(below(array.length)) : null;
      if (inner instanceof Y.Map) inner.set("pq"[below(2)], below(1000));
      else array.insert(below(array.length + 1), [below(1000), below(2) ? new Y.Map() : "x"]);
    }
  },
  xml: (doc, below) => {
    const root = doc.getXmlFragment("default");
    if (root.length === 0 || below(4) === 0)
      root.insert(below(root.length + 1), [paragraph("new")]);
    // biome-ignore lint/suspicious/noDuplicateElseIf: below() returns another number each time.
    else if (root.length > 2 && below(4) === 0) root.delete(below(root.length), 1);
    else {
      const text = root.get(below(root.length)).get(0);
      if (text.length > 2 && below(3) === 0) text.delete(below(text.length - 1), 1);
      else text.insert(below(text.length + 1), "xyz".slice(0, 1 + below(3)));
    }
  },
};

/** Several writers edit and sync now and then; updates are in a causal order. */
const randomHistory = (kind, seed) => {
  const next = random(seed);
  const below = (n) => Math.floor(next() * n);
  const clients = Array.from({ length: 2 + (seed % 4) }, () => below(2 ** 32));
  return history(`random ${kind} ${seed}`, kind, clients, (...args) => {
    const meet = args.pop();
    for (let round = 0; round < 12; round++) {
      const act = (doc) => {
        for (let i = 1 + below(3); i > 0; i--) moves[kind](doc, below);
      };
      args.forEach((doc) => {
        if (below(3) > 0) act(doc);
      });
      if (below(2) === 0) meet();
    }
  });
};

/** Six histories of each kind of shared type. */
export const randomHistories = () =>
  Object.keys(moves).flatMap((kind) =>
    Array.from({ length: 6 }, (_, i) => randomHistory(kind, i + 1)),
  );
