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
 * Return two pages after two edits at one time.
 * @param {Edit} one
 * @param {Edit} other
 * @returns {[WritingPage, WritingPage]}
 */
function editedPages(one, other) {
  const log = new Log();
  const ada = new WritingPage("ada", 1, log);
  const grace = new WritingPage("grace", 2, log);
  ada.type(0, FIRST);
  ada.command(8, "split");
  ada.type(9, SECOND);
  ada.sync();
  grace.sync();
  for (const page of [ada, grace]) page.seen();
  one.act(ada, "1");
  other.act(grace, "2");
  for (const page of [ada, grace, ada, grace]) page.sync();
  return [ada, grace];
}

/**
 * Return what became of the letters: `twice`, `astray`, `lost`, `lost and told` (its writer sees a
 * message), several of them, or `clean`.
 * @param {Edit} one
 * @param {Edit} other
 * @param {[WritingPage, WritingPage]} pages after these edits
 */
function outcome(one, other, pages) {
  const [ada, grace] = pages;
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

/** Return all pairs of edits, with a name. */
function pairs() {
  const edits = Object.entries(EDITS);
  return edits.flatMap(([one, first], at) =>
    edits.slice(at).map(([other, second]) => ({ name: `${one} + ${other}`, first, second })),
  );
}

/**
 * Return the outcomes that are not clean, by pair.
 * @param {(pages: [WritingPage, WritingPage]) => void} end what the pages do then
 */
function outcomes(end) {
  /** @type {Record<string, string>} */
  const found = {};
  for (const { name, first, second } of pairs()) {
    const pages = editedPages(first, second);
    end(pages);
    const result = outcome(first, second, pages);
    if (result !== "clean") found[name] = result;
  }
  return found;
}

/** Those that stay after the conflicts were ended. @type {Record<string, string>} */
const NOT_CLEAN_THEN = Object.fromEntries(
  Object.entries(NOT_CLEAN).filter(([, result]) => result === "lost and told"),
);

test("two edits of one paragraph at one time do what is known of the pair", () => {
  assert.deepEqual(
    outcomes(() => {}),
    NOT_CLEAN,
  );
});

test("what came twice or to another place is found, and one edit of either page ends it", () => {
  for (const at of [0, 1]) {
    const ended = outcomes((pages) => {
      pages[at]?.endConflicts();
      for (const page of [...pages, ...pages]) page.sync();
      for (const page of pages) assert.deepEqual(page.conflicts, []);
    });
    assert.deepEqual(ended, NOT_CLEAN_THEN);
  }
});

test("two pages that end a conflict at one time end it together", () => {
  const ended = outcomes((pages) => {
    // Both move what was misplaced: it stands twice then, which is a conflict of its own.
    for (let round = 0; round < 2; round += 1) {
      for (const page of pages) page.endConflicts();
      for (const page of [...pages, ...pages]) page.sync();
    }
    for (const page of pages) assert.deepEqual(page.conflicts, []);
  });
  assert.deepEqual(ended, NOT_CLEAN_THEN);
});
