/** The session list: look-ups in what is loaded, pages that overlap, names, counts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  WritingSessions,
  authorNames,
  countsText,
  marksOf,
} from "../../static/js/history/writing_sessions.js";

/** @typedef {import("../../static/js/history/writing_sessions.js").WritingSession} WritingSession */

const ADA = { id: 1, username: "ada", name: "Ada Lovelace" };
const GRACE = { id: 2, username: "grace", name: "Grace Hopper" };
const GONE = { id: null, username: null, name: null };
const AT = "2026-01-01T00:00:00Z";

/**
 * @param {number} first
 * @param {number} last
 * @param {Partial<WritingSession>} [more]
 * @returns {WritingSession}
 */
function session(first, last, more = {}) {
  return {
    first_seq: first,
    last_seq: last,
    operations: last - first + 1,
    began_at: AT,
    last_at: AT,
    ongoing: false,
    authors: [ADA],
    letters: null,
    versions: [],
    restores: [],
    ...more,
  };
}

/** @param {WritingSession[]} rows */
function sessions(...rows) {
  const made = new WritingSessions();
  made.add(rows);
  return made;
}

/** @param {number} number @param {number} seq @param {string} [name] */
function version(number, seq, name = `Version ${number}`) {
  return { number, seq, name, created_at: AT };
}

test("the ends of the sessions before and after a position", () => {
  const three = sessions(session(21, 30), session(11, 20), session(1, 10));
  assert.deepEqual(
    [31, 30, 25, 20, 10, 5].map((seq) => three.endBefore(seq)),
    [30, 20, 20, 10, null, null],
  );
  assert.deepEqual(
    [0, 5, 10, 20, 29, 30].map((seq) => three.endAfter(seq)),
    [10, 10, 20, 30, 30, null],
  );
});

test("the start of an operation's session, and of an operation whose session is not loaded", () => {
  const two = sessions(session(21, 30), session(11, 20));
  assert.deepEqual(
    [30, 21, 20, 11, 10, 0].map((seq) => two.startOf(seq)),
    [20, 20, 10, 10, 9, 0],
  );
});

test("a new first page replaces what it covers and keeps counts and older sessions", () => {
  const letters = { added: 3, removed: 1 };
  const loaded = sessions(session(11, 20), session(1, 10, { letters }));
  loaded.replaceLatest([session(21, 25), session(11, 20)]);
  assert.deepEqual(
    loaded.rows.map(({ last_seq: last }) => last),
    [25, 20, 10],
  );
  loaded.replaceLatest([session(26, 30), session(21, 25), session(11, 20), session(1, 10)]);
  assert.deepEqual(loaded.rows.at(-1)?.letters, letters);
});

test("a session that has grown replaces its older form", () => {
  const loaded = sessions(session(11, 20), session(1, 10));
  loaded.replaceLatest([session(11, 24)]);
  assert.deepEqual(
    loaded.rows.map(({ last_seq: last }) => last),
    [24, 10],
  );
});

test("counts that come later are added to the same sessions and to no others", () => {
  const loaded = sessions(session(11, 24), session(1, 10));
  const letters = { added: 5, removed: 0 };
  loaded.addCounts([session(11, 20, { letters }), session(1, 10, { letters })]);
  assert.deepEqual(
    loaded.rows.map(({ letters: counts }) => counts),
    [null, letters],
  );
});

test("a version is found by its state, added, renamed and removed", () => {
  const loaded = sessions(session(11, 20), session(1, 10, { versions: [version(1, 4)] }));
  assert.equal(loaded.versionAt(4)?.number, 1);
  assert.equal(loaded.versionAt(5), null);
  assert.ok(loaded.putVersion({ ...version(2, 7, "Draft"), automatic: false }));
  assert.deepEqual(
    loaded.rows[1]?.versions.map(({ number }) => number),
    [2, 1],
  );
  assert.ok(loaded.putVersion({ ...version(2, 7, "Second draft"), automatic: false }));
  assert.equal(loaded.versionAt(7)?.name, "Second draft");
  assert.ok(loaded.putVersion({ ...version(2, 7, ""), automatic: true }));
  assert.equal(loaded.versionAt(7), null);
  assert.equal(loaded.putVersion({ ...version(3, 21), automatic: false }), false, "not loaded");
});

test("the latest of several versions of one state is used", () => {
  const loaded = sessions(session(1, 10));
  loaded.putVersion({ ...version(1, 4), automatic: false });
  loaded.putVersion({ ...version(2, 4), automatic: false });
  assert.equal(loaded.versionAt(4)?.number, 2);
});

test("the authors since a position, each once and without deleted accounts", () => {
  const loaded = sessions(
    session(21, 30, { authors: [GRACE, GONE] }),
    session(11, 20, { authors: [GRACE, ADA] }),
    session(1, 10),
  );
  assert.deepEqual(loaded.authorsSince(20), [{ id: 2, name: "Grace Hopper" }]);
  assert.deepEqual(
    loaded.authorsSince(19).map(({ id }) => id),
    [2, 1],
  );
  assert.deepEqual(loaded.authorsSince(30), []);
});

test("a display name, or the username while it is not known", () => {
  const loaded = sessions(session(1, 10));
  assert.equal(loaded.nameOf("ada"), "Ada Lovelace");
  assert.equal(loaded.nameOf("grace"), "grace");
  assert.equal(loaded.nameOf(""), "Someone");
  assert.equal(authorNames([ADA, GONE]), "Ada Lovelace, Someone");
});

test("versions and restores of a session are one list, the latest first", () => {
  const restore = { operation_seq: 6, seq: 2, number: null, part: false, at: AT, actor: GRACE };
  const row = session(1, 10, { versions: [version(2, 9, "Draft"), version(1, 3, "")] });
  assert.deepEqual(
    marksOf({ ...row, restores: [restore] }).map(({ seq, text }) => `${seq} ${text}`),
    ["9 Draft", "6 Grace Hopper restored change 2", "3 Version 1"],
  );
});

test("counts have signs for display and words for screen readers", () => {
  assert.deepEqual(countsText({ added: 1, removed: 0 }), {
    signs: "+1 −0",
    words: "1 character added, 0 removed",
  });
  assert.deepEqual(countsText({ added: 1234, removed: 2 }), {
    signs: "+1,234 −2",
    words: "1,234 characters added, 2 removed",
  });
});
