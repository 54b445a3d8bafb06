// The words of the view of lost text; what it shows is tested in tests/e2e/test_lost_text.py.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lostPath, lostSummary } from "../../static/js/history/lost_view.js";

test("the summary counts the texts, and says when there are more", () => {
  assert.equal(lostSummary(0, false), "No lost text");
  assert.equal(lostSummary(1, false), "1 text that went with a deleted part");
  assert.equal(lostSummary(2, false), "2 texts that went with a deleted part");
  assert.equal(lostSummary(100, true), "The latest 100 texts that went with a deleted part");
});

test("only operations with lost text are asked for", () => {
  assert.equal(lostPath("documents/d/"), "documents/d/deletions/?lost=true&limit=100");
});
