/** The sentence of each event type. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sentenceOf } from "../../static/js/lib/activity_text.js";

const ACTOR = { id: 1, username: "ada", name: "Ada" };

/** @type {[string, Record<string, unknown>, string][]} */
const CASES = [
  ["created", { title: "A" }, "created the document"],
  ["edited", { operations: 1, ongoing: true }, "is writing: 1 change"],
  ["edited", { operations: 1200 }, "wrote: 1,200 changes"],
  ["joined", {}, "opened the document"],
  ["shared", { user: "grace", role: "editor" }, "made @grace editor"],
  ["shared", { group: "crew", role: "viewer" }, "made the group crew viewer"],
  [
    "role_changed",
    { user: "grace", old_role: "editor", role: "viewer" },
    "made @grace viewer instead of editor",
  ],
  ["unshared", { user: "grace", role: "editor" }, "removed @grace (was editor)"],
  ["unshared", { user: "ada", role: "owner" }, "left (was owner)"],
  ["renamed", { old_title: "A", title: "B" }, "renamed “A” to “B”"],
  ["trashed", {}, "moved it to the trash"],
  ["untrashed", {}, "restored it from the trash"],
  ["restored", { number: 3, seq: 9 }, "restored version 3"],
  ["restored", { number: null, seq: 9 }, "restored change 9"],
  ["restored", { number: null, seq: 9, part: true }, "restored a part of change 9"],
  [
    "undid",
    { author: { id: 2, username: "grace" }, after_seq: 4 },
    "undid all changes by grace since change 4",
  ],
  ["named", { number: 5, seq: 9, name: "" }, "kept version 5 permanently"],
  ["named", { number: 4, seq: 9, name: "Draft" }, "named version 4 “Draft”"],
  ["made_up_later", {}, "made up later"],
];

for (const [kind, detail, sentence] of CASES) {
  test(`${kind}: ${sentence}`, () => {
    const event = { id: 1, kind, actor: ACTOR, at: "2026-11-25T12:00:00Z", detail };
    assert.equal(sentenceOf(event), sentence);
  });
}
