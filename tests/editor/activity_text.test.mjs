/** The sentence of each event type. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  actorOf,
  momentOf,
  runsOf,
  sentenceOf,
  timesText,
} from "../../static/js/lib/activity_text.js";

const ACTOR = { id: 1, username: "ada", name: "Ada" };

/** @type {[string, Record<string, unknown>, string][]} */
const CASES = [
  ["created", { title: "A" }, "created the document"],
  ["edited", { operations: 1, ongoing: true }, "wrote: 1 change"],
  ["edited", { operations: 1200 }, "wrote: 1,200 changes"],
  ["joined", {}, "opened the document"],
  ["shared", { user: "grace", role: "editor" }, "made Grace Hopper an editor"],
  ["shared", { group: "crew", role: "viewer" }, "made the group crew a viewer"],
  [
    "role_changed",
    { user: "grace", old_role: "editor", role: "viewer" },
    "made Grace Hopper a viewer instead of an editor",
  ],
  ["unshared", { user: "grace", role: "editor" }, "removed Grace Hopper, who was an editor"],
  ["unshared", { user: "ada", role: "owner" }, "left, and was an owner"],
  ["renamed", { old_title: "A", title: "B" }, "renamed “A” to “B”"],
  ["trashed", {}, "moved it to the trash"],
  ["untrashed", {}, "restored it from the trash"],
  ["restored", { number: 3, seq: 9 }, "restored version 3"],
  ["restored", { number: null, seq: 9 }, "restored change 9"],
  ["restored", { number: null, seq: 9, part: true }, "restored a part of change 9"],
  [
    "undid",
    { author: { id: 2, username: "grace" }, after_seq: 4 },
    "undid all changes by Grace Hopper since change 4",
  ],
  ["named", { number: 5, seq: 9, name: "" }, "kept version 5 permanently"],
  ["named", { number: 4, seq: 9, name: "Draft" }, "named version 4 “Draft”"],
  ["sessions_closed", {}, "closed the sessions of everybody"],
  ["exported", { format: "docx", seq: 7 }, "exported the document as docx"],
  ["attached", { name: "a.png", size: 5 }, "uploaded “a.png”"],
  ["freed", { name: "a.png" }, "deleted “a.png”, which nothing in the history needed"],
  ["made_up_later", {}, "made up later"],
];

for (const [kind, detail, sentence] of CASES) {
  test(`${kind}: ${sentence}`, () => {
    const event = { id: 1, kind, actor: ACTOR, at: "2026-11-25T12:00:00Z", detail };
    Object.assign(event, { subject_name: "Grace Hopper" });
    assert.equal(sentenceOf(event), sentence);
  });
}

test("what retention frees is the server's deed, and an unknown person someone", () => {
  const nobody = { id: null, username: null, name: null };
  assert.equal(actorOf({ kind: "freed", actor: nobody }), "The server");
  assert.equal(actorOf({ kind: "joined", actor: nobody }), "Someone");
  assert.equal(actorOf({ kind: "joined", actor: ACTOR }), "Ada");
});

test("a person whose last edit is a moment ago is writing", () => {
  const at = new Date(Date.now() - 5_000).toISOString();
  const detail = { operations: 2, ongoing: true };
  const event = { id: 1, kind: "edited", actor: ACTOR, at, detail };
  assert.equal(sentenceOf(event), "is writing: 2 changes");
});

test("a person without an account any more has the name of the event", () => {
  const detail = { user: "grace", role: "editor" };
  const event = { id: 1, kind: "shared", actor: ACTOR, at: "2026-11-25T12:00:00Z", detail };
  assert.equal(sentenceOf(event), "made @grace an editor");
});

/** @param {string} kind @param {number} actor @param {string} at @param {object} [detail] */
const event = (kind, actor, at, detail = {}) => ({
  id: 0,
  kind,
  actor: { id: actor, username: null, name: null },
  at,
  detail: { ...detail },
});
const dayOf = (/** @type {string} */ at) => at.slice(0, 10);

test("events that follow each other and are equal are one row", () => {
  const events = [
    event("joined", 1, "2026-01-02T09:00"),
    event("joined", 1, "2026-01-02T08:00"),
    event("joined", 2, "2026-01-02T07:00"),
    event("joined", 1, "2026-01-02T06:00"),
    event("joined", 1, "2026-01-01T05:00"),
  ];
  const lengths = runsOf(events, dayOf).map((run) => run.length);
  assert.deepEqual(lengths, [2, 1, 1, 1]);
  assert.deepEqual(runsOf(events, dayOf).flat(), events);
});

test("events with other details, and writing, are rows of their own", () => {
  const shared = ["grace", "alan"].map((user) => event("shared", 1, "2026-01-02", { user }));
  const edited = [5, 5].map((operations) => event("edited", 1, "2026-01-02", { operations }));
  assert.equal(runsOf([...shared, ...edited], dayOf).length, 4);
  assert.deepEqual(runsOf([], dayOf), []);
});

test("a row says how often its event took place", () => {
  assert.equal(timesText(1), "");
  assert.equal(timesText(1200), "(1,200 times) ");
});

test("writing, restores and named versions have a moment in the history", () => {
  assert.equal(momentOf({ kind: "edited", detail: { last_seq: 7 } }), 7);
  assert.equal(momentOf({ kind: "restored", detail: { seq: 3 } }), 3);
  assert.equal(momentOf({ kind: "named", detail: { seq: 2 } }), 2);
  assert.equal(momentOf({ kind: "shared", detail: { seq: 2 } }), null);
  assert.equal(momentOf({ kind: "restored", detail: {} }), null);
});
