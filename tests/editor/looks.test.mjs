/** Looks of other programs, and raised and lowered text in plain text: as the server has both. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { highlightOf } from "../../static/js/editor/pasted_styles.js";
import { textOfScripts } from "../../static/js/editor/scripts.js";

// The same cases as in tests/crdt/content/test_highlights.py.
const COLOURS = /** @type {Record<string, string>} */ ({
  "#ffff00": "yellow",
  "#ff0": "yellow",
  "#ffc078": "orange",
  "#fbf3db": "yellow",
  lime: "green",
  red: "red",
  "#cfe2f3": "blue",
  "rgb(234, 209, 220)": "purple",
  "rgba(255,0,255,0.4)": "purple",
  "rgba(255,0,0,0)": "",
  "rgba(255,0,0,.0)": "",
  transparent: "",
  "#f8f9fa": "",
  white: "",
  "#ffff": "",
  "url(x)": "",
});

test("a colour of CSS becomes the nearest one that a highlight has", () => {
  for (const [css, expected] of Object.entries(COLOURS)) assert.equal(highlightOf(css), expected);
});

test("raised and lowered text is so in its characters, or behind a sign", () => {
  const raised = (/** @type {string} */ text) => ({ text, script: "superscript" });
  const lowered = (/** @type {string} */ text) => ({ text, script: "subscript" });
  const plain = (/** @type {string} */ text) => ({ text, script: undefined });
  for (const [parts, expected] of /** @type {[ReturnType<typeof plain>[], string][]} */ ([
    [[plain("10"), raised("6"), plain(" H"), lowered("2"), plain("O")], "10⁶ H₂O"],
    [[plain("x"), raised("a"), raised(" b")], "x^(a b)"],
    [
      [plain("1"), raised("st"), plain(" 3"), raised("[1]"), plain(" 2"), raised("−x")],
      "1st 3[1] 2^(−x)",
    ],
    [[plain("a\n"), raised("b")], "a\n^b"],
  ])) {
    assert.equal(textOfScripts(parts), expected);
  }
});
