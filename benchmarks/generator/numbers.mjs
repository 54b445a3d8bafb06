// Percentiles, chance that repeats itself, and letters.
import fs from "node:fs";
import * as Y from "yjs";

/** Return the value that a share of all stay below; null of none. */
export function percentile(values, share) {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

export const median = (values) => percentile(values, 0.5);

/** Return the metrics of a list of delays: `name_p50_ms`, `name_p95_ms`, `name_p99_ms`. */
export function delays(name, values) {
  const metrics = {};
  for (const share of [50, 95, 99])
    metrics[`${name}_p${share}_ms`] = percentile(values, share / 100);
  return metrics;
}

const LETTERS = "etaoin shrdlu cmfwyp vbgkqj xz";
export const letter = (number) => LETTERS[number % LETTERS.length];
export const letters = (count) =>
  Array.from({ length: count }, (_, number) => letter(number)).join("");

/** Return a source of numbers from 0 to 1, always the same (mulberry32). */
export function chance(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * Return a history as one update: bursts of typing at a caret that jumps now and then, a quarter
 * deletions, ten sessions. Kept in a file, for it takes a while.
 */
export function history(folder, keystrokes) {
  const file = `${folder}/history-${keystrokes}.bin`;
  if (!fs.existsSync(file)) {
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(file, writeHistory(keystrokes));
  }
  const update = fs.readFileSync(file);
  const doc = new Y.Doc();
  Y.applyUpdate(doc, update);
  return { update, length: doc.getText("text").length };
}

function writeHistory(keystrokes) {
  const random = chance(20240607);
  const below = (limit) => Math.floor(random() * limit);
  const doc = new Y.Doc();
  const text = doc.getText("text");
  const session = keystrokes / 10;
  let caret = 0;
  let left = 0;
  let deletes = false;
  for (let keystroke = 0; keystroke < keystrokes; keystroke++) {
    if (keystroke % session === 0) doc.clientID = 1000 + keystroke / session;
    if (left-- <= 0) {
      if (random() < 0.35) caret = below(text.length + 1);
      deletes = random() < 0.4 && text.length > 20;
      left = below(deletes ? 12 : 24);
    }
    if (deletes && caret > 0) text.delete(--caret, 1);
    else text.insert(caret++, letter(below(30)));
  }
  return Y.encodeStateAsUpdate(doc);
}
