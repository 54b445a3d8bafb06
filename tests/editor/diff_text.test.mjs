/** What the history says of a change: who wrote it, and who removed, moved or brought it back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { changeText, summaryOf } from "../../static/js/history/diff_text.js";

const received_at = new Date().toISOString();
const [ada, grace] = [
  { id: 1, name: "Ada" },
  { id: 2, name: "Grace" },
];

/**
 * @param {"insert" | "delete"} kind
 * @param {string} text
 * @param {{id: number, name: string} | null} author
 * @param {boolean} [moved] by Ada; undefined: it was not brought back
 */
function change(kind, text, author, moved) {
  const back = moved === undefined ? {} : { brought_back: { author: ada, received_at, moved } };
  return { kind, text, depth: 0, author, received_at, ...back };
}

test("a change names its author, and who moved it or brought it back", () => {
  const cases = /** @type {[ReturnType<typeof change>, string][]} */ ([
    [change("insert", "x", grace), "Grace added this, just now"],
    [change("delete", "x", null), "someone removed this, just now"],
    [
      change("insert", "x", grace, false),
      "Grace wrote this, just now; Ada brought it back, just now",
    ],
    [change("insert", "x", grace, true), "Grace wrote this, just now; Ada moved it here, just now"],
    [
      change("delete", "x", grace, false),
      "Grace removed this, just now; Ada brought it back, just now",
    ],
    [change("delete", "x", ada, true), "Ada moved this away, just now"],
  ]);
  for (const [piece, expected] of cases) assert.equal(changeText(piece), expected);
});

test("the summary counts what was brought back apart, by who did it", () => {
  assert.equal(
    summaryOf([change("insert", "one two", grace, false), change("insert", "three", grace)]),
    "1 word added, 2 words brought back by Ada, Grace.",
  );
  assert.equal(
    summaryOf([change("insert", "one two", grace, true), change("delete", "one two", ada, true)]),
    "2 words moved by Ada.",
  );
  assert.equal(summaryOf([change("delete", "one", ada)]), "1 word removed by Ada.");
  assert.equal(summaryOf([]), "Nothing changed.");
});
