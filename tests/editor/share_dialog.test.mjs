/** The suggestions of the share dialog by arrow keys. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { nextOption } from "../../static/js/panels/share_dialog.js";

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
