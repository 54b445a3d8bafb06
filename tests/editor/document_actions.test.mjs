/** The actions of a row of the list, and where their menu stands. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ACTIONS,
  actionsFor,
  groupText,
  leaveText,
  ownPermission,
} from "../../static/js/lib/document_actions.js";
import { placeOf } from "../../static/js/ui/row_menu.js";

const OWNER = { rename: true, share: true, trash: true };
const EDITOR = { rename: true, share: false, trash: false };
const VIEWER = { rename: false, share: false, trash: false };

test("an owner has all actions but leaving, and a viewer may leave", () => {
  assert.deepEqual(actionsFor(OWNER, true), ["open", "rename", "duplicate", "share", "trash"]);
  assert.deepEqual(actionsFor(EDITOR, true), ["open", "rename", "duplicate", "leave"]);
  assert.deepEqual(actionsFor(VIEWER, false), ["open", "leave"]);
});

test("each action has words", () => {
  for (const [, text] of Object.values(ACTIONS)) assert.match(text, /^[A-Z]/);
});

test("a permission of one's own is found among those of others and of groups", () => {
  const permissions = [
    { id: 1, user: null, group: "Crew" },
    { id: 2, user: { id: 7 }, group: null },
    { id: 3, user: { id: 8 }, group: null },
    { id: 4, user: null, group: "Team" },
  ];
  assert.equal(ownPermission(permissions, "8")?.id, 3);
  assert.equal(ownPermission(permissions, "9"), undefined);
});

test("a group is named where it alone can give the access", () => {
  const crew = { user: null, group: "Crew" };
  const own = { user: { id: 8 }, group: null };
  assert.equal(groupText([own, crew]), "the group Crew");
  assert.equal(groupText([crew, { user: null, group: "Team" }]), "a group");
  assert.match(leaveText("Plan", [own]), /^You will no longer see “Plan”, until/);
  assert.match(leaveText("Plan", [own, crew]), /you keep the role of the group; else/);
  assert.doesNotMatch(leaveText("Plan", [own, crew]), /^You will no longer/);
});

const MENU = { width: 200, height: 180 };
const ROOM = { width: 320, height: 640 };

test("a menu stands below its button, with their right edges together", () => {
  const button = { top: 100, bottom: 136, right: 300 };
  assert.deepEqual(placeOf(button, MENU, ROOM), { top: 140, left: 100 });
});

test("a menu stands above its button where there is no room below", () => {
  const button = { top: 500, bottom: 536, right: 300 };
  assert.deepEqual(placeOf(button, MENU, ROOM), { top: 316, left: 100 });
  const low = { width: 320, height: 200 };
  assert.equal(placeOf({ top: 100, bottom: 136, right: 300 }, MENU, low).top, 16);
});

test("a menu stays inside the window", () => {
  assert.equal(placeOf({ top: 0, bottom: 36, right: 330 }, MENU, ROOM).left, 116);
  assert.equal(placeOf({ top: 0, bottom: 36, right: 90 }, MENU, ROOM).left, 4);
});
