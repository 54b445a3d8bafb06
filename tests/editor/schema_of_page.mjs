/** Prints what the page knows of a document's content, as JSON, for `test_schema.py`. */
import { schemaExtensions } from "../../static/js/editor/schema.js";
import { MARKS, NODES, SCHEMA_VERSION } from "../../static/js/editor/schema_table.js";
import { MAX_TABLE_CELLS } from "../../static/js/editor/table_schema.js";
import { DIFF_MARKS, DIFF_NODES } from "../../static/js/history/diff_tags.js";
import { getSchema } from "../../static/vendor/tiptap.js";

/** @typedef {{attrs: Record<string, {validate?: unknown}>, spec: {isUnknown?: boolean}}} Type */

/** @param {Record<string, unknown>} types */
function attributesOf(types) {
  const known = /** @type {[string, Type][]} */ (Object.entries(types));
  return Object.fromEntries(
    known
      .filter(([, { spec }]) => !spec.isUnknown)
      .map(([name, { attrs }]) => [
        name,
        Object.fromEntries(
          Object.entries(attrs).map(([key, { validate }]) => [key, typeof validate === "function"]),
        ),
      ]),
  );
}

const { nodes, marks } = getSchema(schemaExtensions());
console.log(
  JSON.stringify({
    version: SCHEMA_VERSION,
    maxTableCells: MAX_TABLE_CELLS,
    table: { nodes: NODES, marks: MARKS },
    editor: { nodes: attributesOf(nodes), marks: attributesOf(marks) },
    diff: { nodes: Object.keys(DIFF_NODES), marks: Object.keys(DIFF_MARKS) },
  }),
);
