/** The last writers of a document in words. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { editedBy, writersShown } from "../../static/js/lib/writers.js";

const at = "2026-11-30T08:00:00Z";
const ada = { id: 1, username: "ada", name: "Ada Lovelace", at };
const grace = { id: 2, username: "grace", name: "", at };
const gone = { id: 3, username: null, name: null, at };

test("the last writer is named, the reader as you", () => {
  assert.equal(editedBy([ada, grace], "2"), "Edited by Ada Lovelace, ");
  assert.equal(editedBy([grace, ada], "2"), "Edited by you, ");
  assert.equal(editedBy([grace, ada], "1"), "Edited by grace, ");
  assert.equal(editedBy([gone, ada], "1"), "Edited by a deleted account, ");
  assert.equal(editedBy([], "1"), "");
});

test("faces are shown where others have written, those without an account left out", () => {
  assert.deepEqual(writersShown([ada], "1"), []);
  assert.deepEqual(writersShown([gone, ada], "1"), []);
  assert.deepEqual(writersShown([], "1"), []);
  assert.deepEqual(
    writersShown([grace, gone, ada], "1").map(({ id, label }) => [id, label]),
    [
      ["2", "grace"],
      ["1", "Ada Lovelace (you)"],
    ],
  );
  const many = [4, 5, 6, 7].map((id) => ({ ...ada, id }));
  assert.equal(writersShown(many, "1").length, 3);
});
