/** The suggestions of the share dialog: people and groups, by arrow keys. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { nextOption, subjectsOf } from "../../static/js/panels/share_dialog.js";

for (const [key, expected] of /** @type {[string, number[]][]} */ ([
  ["ArrowDown", [0, 1, 2, 0]],
  ["ArrowUp", [2, 1, 0, 2]],
])) {
  test(`${key} goes through all suggestions, from none selected on, and around the end`, () => {
    let active = -1;
    const visited = expected.map(() => {
      active = nextOption(active, key, expected.length - 1);
      return active;
    });
    assert.deepEqual(visited, expected);
  });
}

test("people come before groups, and a group stays among the suggestions of a common name", () => {
  const people = Array.from({ length: 9 }, (_, index) => {
    return { id: String(index), username: `harb${index}`, name: `Harb ${index}` };
  });
  const groups = [
    { name: "Harbour team", members: 3 },
    { name: "Harbour master", members: 1 },
  ];
  const found = subjectsOf(people, groups);
  assert.deepEqual(found.at(0), { key: { user: "harb0" }, name: "Harb 0", detail: "@harb0" });
  assert.deepEqual(found.slice(-2), [
    { key: { group: "Harbour team" }, name: "Harbour team", detail: "Group · 3 people" },
    { key: { group: "Harbour master" }, name: "Harbour master", detail: "Group · 1 person" },
  ]);
});
