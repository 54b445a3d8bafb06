/** Text that two edits at one time doubled, misplaced or brought back, and what ends it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Y } from "./bound_view.mjs";
import { Log, WritingPage } from "./writing_page.mjs";

/** @typedef {[WritingPage, WritingPage]} Pages */

/**
 * Two pages with the same text, a block for each line.
 * @param {string[]} lines
 * @returns {Pages}
 */
function opened(...lines) {
  const log = new Log();
  const ada = new WritingPage("ada", 1, log);
  const grace = new WritingPage("grace", 2, log);
  let at = 0;
  for (const [index, line] of lines.entries()) {
    if (index > 0) ada.command(at++, "split");
    ada.type(at, line);
    at += line.length;
  }
  syncAll([ada, grace]);
  for (const page of [ada, grace]) page.seen();
  return [ada, grace];
}

/** @param {Pages} pages */
function syncAll(pages) {
  for (const page of [...pages, ...pages]) page.sync();
  assert.deepEqual(pages[0].blocks, pages[1].blocks);
}

/** Make one operation of what a page has not sent, as a batch does. @param {WritingPage} page */
function batch(page) {
  const [first] = page.unsent;
  if (first === undefined) return;
  const update = Y.mergeUpdates(page.unsent.map((operation) => operation.update));
  const copies = page.unsent.flatMap((operation) => operation.copies);
  page.unsent = [{ ...first, update, copies }];
}

test("edits one after the other are no conflict", () => {
  const pages = opened("hello world", "end");
  const [ada, grace] = pages;
  ada.command(5, "split");
  syncAll(pages);
  grace.command(9, "split");
  syncAll(pages);
  ada.erase(1, 3);
  syncAll(pages);
  grace.type(14, " world");
  syncAll(pages);
  assert.deepEqual(ada.blocks, ["hlo", " wo", "rld", "en worldd"]);
  assert.deepEqual([...ada.found, ...grace.found], []);
});

test("edits of other paragraphs at one time are no conflict", () => {
  const pages = opened("hello world", "good morning");
  const [ada, grace] = pages;
  ada.command(5, "split");
  grace.command(17, "split");
  grace.type(18, " world");
  syncAll(pages);
  assert.deepEqual([...ada.found, ...grace.found], []);
});

test("text that both moved is whole where nothing else was inserted there", () => {
  for (const [typed, isWhole] of /** @type {[string, boolean][]} */ ([
    ["", true],
    ["!", false],
  ])) {
    const pages = opened("hello world");
    const [ada, grace] = pages;
    grace.command(8, "split");
    if (typed) grace.type(12, typed);
    batch(grace);
    ada.command(5, "split");
    syncAll(pages);
    const found = ada.found.flatMap(({ doubled }) => doubled);
    assert.ok(found.length > 0);
    for (const doubled of found) assert.equal(doubled.isWhole, isWhole);
    assert.deepEqual(
      ada.conflicts.map(({ doubled }) => doubled),
      ["rld"],
    );
    ada.endConflicts();
    syncAll(pages);
    assert.equal(
      [...ada.blocks.join("")].sort().join(""),
      [...`hello world${typed}`].sort().join(""),
    );
  }
});

test("text that was split twice at one time is found at its last place", () => {
  const pages = opened("hello world");
  const [ada, grace] = pages;
  ada.command(5, "split");
  ada.command(9, "split");
  batch(ada);
  grace.command(10, "split");
  syncAll(pages);
  grace.endConflicts();
  syncAll(pages);
  assert.equal([...ada.blocks.join("")].sort().join(""), [..."hello world"].sort().join(""));
});

test("text is found although Yjs has collected what was deleted", () => {
  const pages = opened("hello world");
  const [ada, grace] = pages;
  for (const page of pages) page.undos.destroy();
  ada.command(5, "split");
  grace.command(8, "split");
  syncAll(pages);
  for (const page of pages) assert.deepEqual(page.conflicts[0]?.doubled, "rld");
});

test("a copy that was changed since is not deleted with the other one", () => {
  const pages = opened("hello world");
  const [ada, grace] = pages;
  ada.command(5, "split");
  grace.command(8, "split");
  syncAll(pages);
  const [{ own, other }] = ada.found.flatMap(({ doubled }) => doubled);
  assert.equal(own.length, other.length);
  // One copy goes by hand: what is left is no copy any more.
  const last = ada.carets.length - 1;
  ada.erase(last - 3, last);
  const { blocks } = ada;
  assert.deepEqual(ada.conflicts, []);
  ada.endConflicts();
  assert.deepEqual(ada.blocks, blocks);
});

test("what is typed on behind misplaced text goes with it, and keeps its writer", () => {
  const pages = opened("hello world");
  const [ada, grace] = pages;
  grace.type(11, "!");
  ada.command(5, "split");
  syncAll(pages);
  grace.type(6, "?");
  syncAll(pages);
  assert.deepEqual(ada.blocks, ["hello!?", " world"]);
  assert.deepEqual(
    ada.conflicts.map(({ misplaced }) => misplaced),
    ["!?"],
  );
  ada.endConflicts();
  const [moved] = ada.unsent;
  assert.deepEqual(
    moved?.copies.map(([client, , length, source]) => [client, length, source]),
    [[1, 2, 2]],
  );
  syncAll(pages);
  assert.deepEqual(ada.blocks, ["hello", " world!?"]);
  assert.deepEqual(grace.conflicts, []);
});

test("ends of conflicts never take the last copy of a letter", () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const random = numbers(seed);
    let letter = 0x4e00;
    const letters = (/** @type {number} */ count) =>
      Array.from({ length: count }, () => String.fromCodePoint(letter++)).join("");
    const pages = opened(letters(8), letters(8), letters(4));
    for (let round = 0; round < 3; round += 1) {
      for (const page of pages) {
        for (let edits = random(3); edits >= 0; edits -= 1) edit(page, random, letters);
      }
      syncAll(pages);
      const before = pages[0].blocks.join("");
      let erased = "";
      for (let turn = 0; turn < 3; turn += 1) {
        for (const page of pages) {
          erased += page.conflicts.map(({ returned }) => returned).join("");
          page.endConflicts();
        }
        syncAll(pages);
      }
      const after = pages[0].blocks.join("");
      const gone = [...before].filter((one) => !after.includes(one) && !erased.includes(one));
      assert.deepEqual(gone, [], `seed ${seed}`);
      for (const page of pages) page.seen();
    }
    for (const page of pages) assert.deepEqual(page.view.stops, []);
  }
});

/**
 * Make an edit at random.
 * @param {WritingPage} page
 * @param {(bound: number) => number} random
 * @param {(count: number) => string} letters
 */
function edit(page, random, letters) {
  const { length } = page.carets;
  const at = random(length);
  const name = ["split", "join", "heading", "list", "type", "erase", "undo"][random(7)];
  if (name === "type") page.type(at, letters(1));
  else if (name === "erase") page.erase(at, Math.min(length - 1, at + 1 + random(3)));
  else if (name === "undo") page.undos.undo();
  else page.command(at, /** @type {"split"} */ (name));
}

/**
 * Return numbers below a bound, by a seed (mulberry32).
 * @param {number} seed
 */
function numbers(seed) {
  let state = seed;
  return (/** @type {number} */ bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}
