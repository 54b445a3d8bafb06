// Conflicts that the server finds: when a page asks for them, what it says, and what it shows no more.
import assert from "node:assert/strict";
import { test } from "node:test";
import { DismissedConflicts } from "../../static/js/editor/dismissed_conflicts.js";
import { reasonOf } from "../../static/js/editor/found_conflicts_notice.js";
import { conflictsSummary, toldOf } from "../../static/js/history/conflict_view.js";
import { Y, mayConflict } from "./bound_view.mjs";
import { Log, WritingPage } from "./writing_page.mjs";

/**
 * Return whether a third page takes the edits of two others for ones that met.
 * @param {(page: WritingPage) => void} one
 * @param {(page: WritingPage) => void} other
 * @param {{isInTurns?: boolean}} [options] whether the second one has seen the first edit
 */
function hasSign(one, other, { isInTurns = false } = {}) {
  const log = new Log();
  const [ada, grace, carol] = ["ada", "grace", "carol"].map(
    (name, at) => new WritingPage(name, at + 1, log),
  );
  assert.ok(ada && grace && carol);
  ada.type(0, "hello world");
  for (const page of [ada, grace, carol]) page.sync();
  one(ada);
  ada.sync();
  if (isInTurns) grace.sync();
  other(grace);
  grace.sync();
  const { doc } = carol.view;
  let found = false;
  for (const { update } of log.operations.slice(-2)) {
    const look = (/** @type {any} */ transaction) => {
      found ||= mayConflict(transaction, update);
    };
    doc.on("afterTransaction", look);
    Y.applyUpdate(doc, update);
    doc.off("afterTransaction", look);
  }
  return found;
}

test("a third page asks when two edits may have met", () => {
  const split = (/** @type {WritingPage} */ page) => page.command(5, "split");
  const heading = (/** @type {WritingPage} */ page) => page.command(2, "heading");
  const erase = (/** @type {WritingPage} */ page) => page.erase(6, 8);
  const type = (/** @type {WritingPage} */ page) => page.type(8, "!");
  const typeFirst = (/** @type {WritingPage} */ page) => page.type(0, "!");
  assert.ok(hasSign(split, heading));
  assert.ok(hasSign(split, erase));
  assert.ok(hasSign(erase, split));
  assert.ok(hasSign(split, type));
  assert.ok(!hasSign(split, heading, { isInTurns: true }));
  assert.ok(!hasSign(split, erase, { isInTurns: true }));
  assert.ok(!hasSign(split, typeFirst));
  assert.ok(!hasSign(typeFirst, type));
});

/** @param {number} author @param {number} other */
function row(author, other) {
  const names = new Map([
    [1, "Ada"],
    [2, "Grace"],
    [3, "Alan"],
    [4, null],
  ]);
  const person = (/** @type {number} */ id) => ({
    id,
    username: null,
    name: names.get(id) ?? null,
  });
  const at = { seq: 1, received_at: "2026-01-01T00:00:00Z" };
  const parts = { doubled: [], misplaced: [], returned: [] };
  return { ...at, author: person(author), other: { ...at, author: person(other) }, ...parts };
}

test("the message says who changed the paragraph", () => {
  const end = "changed the same paragraph";
  assert.equal(reasonOf([row(1, 2)], 3), `because Ada and Grace ${end}.`);
  assert.equal(reasonOf([row(1, 2)], 2), `because Ada and you ${end}.`);
  assert.equal(reasonOf([row(1, 1)], 3), `because Ada ${end} on two pages.`);
  assert.equal(reasonOf([row(1, 1)], 1), `because you ${end} on two pages.`);
  assert.equal(reasonOf([row(4, 1)], 1), `because somebody else and you ${end}.`);
  assert.equal(
    reasonOf([row(1, 2), row(3, 2)], 2),
    "because people changed the same paragraph at once.",
  );
});

test("what was dismissed is not shown again, in any page of the person", () => {
  const stored = new Map();
  const storage = {
    getItem: (/** @type {string} */ key) => stored.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) =>
      void stored.set(key, value),
  };
  const range = (/** @type {number} */ client, /** @type {number} */ clock) => ({
    client,
    clock,
    length: 3,
  });
  const one = {
    doubled: [{ own: range(1, 0), other: range(2, 0), isWhole: false }],
    misplaced: [{ ids: [range(1, 10)], after: { client: 2, clock: 9 } }],
    returned: [range(3, 0)],
    clients: [],
  };
  new DismissedConflicts("ada:d", storage).add(one);
  const left = new DismissedConflicts("ada:d", storage).without({
    doubled: [...one.doubled, { own: range(1, 3), other: range(2, 3), isWhole: false }],
    misplaced: [{ ids: [range(1, 12)], after: { client: 2, clock: 9 } }],
    returned: [range(3, 2), range(3, 3)],
    clients: [],
  });
  assert.deepEqual(
    left.doubled.map(({ own }) => own.clock),
    [3],
  );
  assert.deepEqual(left.misplaced, []);
  assert.deepEqual(left.returned, [range(3, 3)]);
  assert.deepEqual(new DismissedConflicts("grace:d", storage).without(one), one);
  stored.set("scriptorium-conflicts:ada:d", "{");
  assert.deepEqual(new DismissedConflicts("ada:d", storage).without(one), one);
});

test("the history says what became of a text", () => {
  const ids = { client: 1, clock: 0, length: 3 };
  const told = toldOf({
    ...row(1, 2),
    doubled: [
      { text: "wo", one: ids, other: ids },
      { text: "rld", one: ids, other: ids },
    ],
    returned: [{ text: "x", ids }],
  });
  assert.deepEqual(
    told.map(({ text, label }) => [text, label]),
    [
      ["world", "Keep one copy"],
      ["x", "Delete it again"],
    ],
  );
  assert.equal(conflictsSummary(1), "1 conflict of two edits");
  assert.equal(conflictsSummary(2), "2 conflicts of two edits");
});
