/**
 * Text of the document as plain text, as the server's export writes it
 * (`apps/crdt/content/plain_text.py`): a line for each line, with the markers of lists. Pure.
 */
import { mentionText } from "./mention.js";
import { scriptOf, textOfScripts } from "./scripts.js";

/** @typedef {import("../../vendor/tiptap.js").Editor["state"]["doc"]} Node */
/** @typedef {Node["content"]} Fragment */

/**
 * Return the blocks of a document as lines.
 * @param {Fragment} blocks
 */
export function textOfBlocks(blocks) {
  return linesOfBlocks(blocks, new Map()).join("\n");
}

/**
 * Return what is copied as plain text. A selection within one block or one item of a list has no
 * marker of that item; the items of an ordered list keep their numbers.
 * @param {{content: Fragment, openStart: number, openEnd: number}} slice
 * @param {{depth: number, index: (depth: number) => number}} from where the selection begins
 */
export function copiedText({ content, openStart, openEnd }, from) {
  const skipped = skippedItems(content, openStart, from);
  let blocks = content;
  for (let open = Math.min(openStart, openEnd); open > 0; open -= 1) {
    const only = blocks.childCount === 1 ? blocks.firstChild : null;
    if (!only || only.isTextblock || (markerOf(only, 0) !== null && only.childCount > 1)) break;
    blocks = only.content;
  }
  return linesOfBlocks(blocks, skipped).join("\n");
}

/**
 * Return how many children each block had before those that are copied.
 * @param {Fragment} content
 * @param {number} openStart
 * @param {{depth: number, index: (depth: number) => number}} from
 */
function skippedItems(content, openStart, from) {
  /** @type {Map<Node, number>} */
  const skipped = new Map();
  // Only a copy of the selection begins where the selection does.
  if (openStart !== from.depth) return skipped;
  let block = content.firstChild;
  for (let depth = 1; depth <= openStart && block; depth += 1) {
    skipped.set(block, from.index(depth));
    block = block.firstChild;
  }
  return skipped;
}

/**
 * @param {Fragment} blocks
 * @param {Map<Node, number>} skipped
 * @returns {string[]}
 */
function linesOfBlocks(blocks, skipped) {
  /** @type {string[]} */
  const lines = [];
  blocks.forEach((block) => {
    lines.push(...linesOf(block, skipped));
  });
  return lines;
}

/**
 * @param {Node} block
 * @param {Map<Node, number>} skipped
 * @returns {string[]}
 */
function linesOf(block, skipped) {
  if (block.type.name === "horizontalRule") return ["---"];
  if (block.type.name === "tableRow") return [rowText(block)];
  if (block.isTextblock) return textOf(block).split("\n");
  if (markerOf(block, 0) === null) return linesOfBlocks(block.content, skipped);
  /** @type {string[]} */
  const lines = [];
  block.content.forEach((item, _offset, index) => {
    const marker = markerOf(block, index + (skipped.get(block) ?? 0), item) ?? "";
    const [first = "", ...others] = linesOfBlocks(item.content, skipped);
    lines.push(marker + first);
    for (const line of others) lines.push(line && " ".repeat(marker.length) + line);
  });
  return lines;
}

/** Return a row as a line, its cells apart. @param {Node} row */
function rowText(row) {
  /** @type {string[]} */
  const cells = [];
  row.forEach((cell) => {
    cells.push(linesOf(cell, new Map()).join(" "));
  });
  return cells.join(" | ");
}

/**
 * Return the marker of a list's item, null for a block that is no list.
 * @param {Node} list
 * @param {number} index
 * @param {Node} [item]
 */
function markerOf({ type, attrs }, index, item) {
  if (type.name === "taskList") return item?.attrs.checked ? "[x] " : "[ ] ";
  if (type.name === "orderedList") return `${(attrs.start ?? 1) + index}. `;
  return type.name === "bulletList" ? "- " : null;
}

/** @param {Node} block */
function textOf(block) {
  /** @type {Parameters<typeof textOfScripts>[0]} */
  const parts = [];
  block.forEach(({ text, type, attrs, marks }) => {
    const other = type.name === "mention" ? mentionText(attrs) : "";
    const words = text ?? (type.name === "hardBreak" ? "\n" : other);
    parts.push({ text: words, script: scriptOf(marks) });
  });
  return textOfScripts(parts);
}
