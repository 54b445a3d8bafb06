/** The parts of a code that are highlighted, and the languages. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LANGUAGES, rangesOf } from "../../static/js/editor/code_ranges.js";
import { common, createLowlight } from "../../static/vendor/highlight.js";

test("parts have their places and classes, the innermost ones", () => {
  const text = 'const a = f(1); // "end"';
  const ranges = rangesOf(createLowlight(common).highlight("javascript", text));
  const parts = ranges.map(([from, to, classes]) => [text.slice(from, to), classes]);
  assert.deepEqual(parts[0], ["const", "hljs-keyword"]);
  assert.deepEqual(parts.at(-1), ['// "end"', "hljs-comment"]);
  assert.ok(parts.some(([part, classes]) => part === "1" && classes === "hljs-number"));
  for (const [at, [from, to]] of ranges.entries()) {
    assert.ok(from < to && from >= (ranges[at - 1]?.[1] ?? 0));
  }
});

test("the picker has all languages that are highlighted, and no others", () => {
  assert.deepEqual(Object.keys(LANGUAGES).sort(), Object.keys(common).sort());
});
