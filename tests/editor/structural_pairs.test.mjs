/**
 * What two edits of one paragraph at one time do to its letters. The binding moves text by deleting
 * it and inserting it again, and Yjs merges both: so some pairs repeat letters, put them at another
 * place, or lose them. Each pair is named here with what it does, so that a change shows.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Log, WritingPage } from "./writing_page.mjs";

const FIRST = "abcdefgh";
const SECOND = "ijklmnop";

/** @typedef {{act: (page: WritingPage, letter: string) => void, types?: string, erases?: string}} Edit */

/** Each edit with the letter after which it types, or the letters that it erases. @type {Record<string, Edit>} */
const EDITS = {
  "split in the middle": { act: (page) => page.command(4, "split") },
  "split near the start": { act: (page) => page.command(2, "split") },
  "join with the next": { act: (page) => page.command(12, "join") },
  "make a heading": { act: (page) => page.command(3, "heading") },
  "make a list": { act: (page) => page.command(3, "list") },
  "type at the start": { act: (page, letter) => page.type(1, letter), types: "a" },
  "type in the middle": { act: (page, letter) => page.type(6, letter), types: "f" },
  "type at the end": { act: (page, letter) => page.type(8, letter), types: "h" },
  "erase some letters": { act: (page) => page.erase(5, 7), erases: "fg" },
  "erase the paragraph": { act: (page) => page.erase(0, 9), erases: FIRST },
};

/** @param {WritingPage[]} pages @param {string} letter */
function isTold(pages, letter) {
  return pages.some(({ lost }) => lost.some((text) => text.includes(letter)));
}

/**
 * Return what became of the letters: `twice`, `astray`, `lost`, `lost and told` (its writer sees a
 * message), several of them, or `clean`.
 * @param {Edit} one
 * @param {Edit} other
 */
function outcome(one, other) {
  const log = new Log();
  const pages = ["ada", "grace"].map((author, at) => new WritingPage(author, at + 1, log));
  const [ada, grace] = /** @type {[WritingPage, WritingPage]} */ (pages);
  ada.type(0, FIRST);
  ada.command(8, "split");
  ada.type(9, SECOND);
  ada.sync();
  grace.sync();
  one.act(ada, "1");
  other.act(grace, "2");
  for (const page of [ada, grace, ada, grace]) page.sync();
  assert.deepEqual(ada.blocks, grace.blocks);
  const text = ada.blocks.join("|");
  const found = new Set();
  const erased = `${one.erases ?? ""}${other.erases ?? ""}`;
  for (const letter of FIRST + SECOND) {
    const count = text.split(letter).length - 1;
    if (count > 1) found.add("twice");
    if (count === 0 && !erased.includes(letter)) {
      found.add(isTold(pages, letter) ? "lost and told" : "lost");
    }
    if (count > 0 && erased.includes(letter)) found.add("twice");
  }
  for (const [typed, after] of [
    ["1", one.types],
    ["2", other.types],
  ]) {
    if (after === undefined || typed === undefined) continue;
    const at = text.indexOf(typed);
    const before = text.slice(0, at).replaceAll(/[12]/g, "").at(-1);
    if (at < 0) found.add(isTold(pages, typed) ? "lost and told" : "lost");
    else if (!erased.includes(after) && before !== after) found.add("astray");
  }
  return found.size === 0 ? "clean" : [...found].sort().join(", ");
}

/** The outcomes that are not clean, by pair. @type {Record<string, string>} */
const NOT_CLEAN = {
  "join with the next + erase the paragraph": "lost and told",
  "join with the next + join with the next": "twice",
  "join with the next + make a heading": "lost and told",
  "join with the next + make a list": "lost and told",
  "join with the next + type at the end": "astray",
  "make a heading + erase some letters": "twice",
  "make a heading + erase the paragraph": "twice",
  "make a heading + make a heading": "twice",
  "make a heading + make a list": "twice",
  "make a heading + type at the end": "lost and told",
  "make a heading + type at the start": "lost and told",
  "make a heading + type in the middle": "lost and told",
  "make a list + erase some letters": "twice",
  "make a list + erase the paragraph": "twice",
  "make a list + make a list": "twice",
  "make a list + type at the end": "lost and told",
  "make a list + type at the start": "lost and told",
  "make a list + type in the middle": "lost and told",
  "split in the middle + erase some letters": "twice",
  "split in the middle + erase the paragraph": "twice",
  "split in the middle + make a heading": "twice",
  "split in the middle + make a list": "twice",
  "split in the middle + split in the middle": "twice",
  "split in the middle + split near the start": "twice",
  "split in the middle + type at the end": "astray",
  "split in the middle + type in the middle": "astray",
  "split near the start + erase some letters": "twice",
  "split near the start + erase the paragraph": "twice",
  "split near the start + make a heading": "twice",
  "split near the start + make a list": "twice",
  "split near the start + split near the start": "twice",
  "split near the start + type at the end": "astray",
  "split near the start + type in the middle": "astray",
  "type at the end + erase the paragraph": "lost and told",
  "type at the start + erase the paragraph": "lost and told",
  "type in the middle + erase the paragraph": "lost and told",
};

test("two edits of one paragraph at one time do what is known of the pair", () => {
  const names = Object.keys(EDITS);
  /** @type {Record<string, string>} */
  const found = {};
  for (const [at, one] of names.entries()) {
    for (const other of names.slice(at)) {
      const [first, second] = [EDITS[one], EDITS[other]];
      if (first === undefined || second === undefined) continue;
      const result = outcome(first, second);
      if (result !== "clean") found[`${one} + ${other}`] = result;
    }
  }
  assert.deepEqual(found, NOT_CLEAN);
});
