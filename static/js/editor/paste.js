/**
 * Reads what is pasted or dropped, by the rules of the import: looks that other programs keep in
 * styles become marks, a table stays one, and what the document cannot have is said.
 *
 * The page's Content-Security-Policy empties `element.style` and logs each one in the console, so
 * styles are set aside before the HTML is parsed, and read as text.
 */

import { readCallouts } from "./pasted_callouts.js";
import { BLOCKS, alignOf, readStyles, styleOf } from "./pasted_styles.js";
import { MAX_TABLE_CELLS } from "./table_schema.js";

/** Parts that are no text: of the file, of Word's comments, and buttons beside code. */
const DROPPED = `style, script, meta, link, title, o\\:p, svg, clipboard-copy, .msocomanchor,
  .MsoCommentReference, [data-style*="mso-element:comment-list" i]`;
/** Between the cells of a row of a table that becomes lines. */
const CELL_SEPARATOR = " | ";
/** A comment, or a tag; a quoted value may hold a `>`. It fails nowhere, so no part is read twice. */
const MARKUP =
  /<!--(?:-?>|.*?(?:--!?>|$))|<[a-z](?:=\s*(?:"[^"]*"?|'[^']*'?|[^\s>]*)|[^>=]+){0,999}/gis;
/** A value or name within a tag. */
const WORD = /=\s*(?:"[^"]*"?|'[^']*'?|[^\s>]*)|[^\s/>=]+/g;
/** Columns or rows of one cell. */
const MAX_SPAN = 1_000;
/** Most levels of a list from Word. */
const MAX_LIST_LEVEL = 9;

/**
 * Return HTML of the clipboard in the elements that the editor's schema reads.
 * @param {string} html
 * @param {() => void} [onLargeTable] called for a table that is too large to be one
 */
export function pastedHtml(html, onLargeTable = () => {}) {
  const { body } = new DOMParser().parseFromString(withStylesAside(html), "text/html");
  moveStyles(body);
  for (const element of body.querySelectorAll(DROPPED)) element.remove();
  readCallouts(body);
  readLists(body);
  readTasks(body, html.includes("<!-- notionvc:"));
  readCode(body);
  readStyles(body);
  readLinks(body);
  readTables(body, onLargeTable);
  readEmptyLines(body);
  return body.innerHTML;
}

/**
 * Return HTML with its attributes of style and its handlers as `data-…`, without its style sheets.
 * @param {string} html
 */
export function withStylesAside(html) {
  // A part begins with a sheet at most, so none is read twice.
  return html
    .split(/(?=<style\b)/i)
    .map((part) => part.replace(/^<style.*?<\/style>/is, ""))
    .join("")
    .replaceAll(MARKUP, (part) =>
      part.startsWith("<!")
        ? part
        : part.replaceAll(WORD, (word) => word.replace(/^(style|on[a-z]+)$/i, "data-$1")),
    );
}

/**
 * Set aside the styles that are left after parsing, which reads a script otherwise.
 * @param {Element} body
 */
export function moveStyles(body) {
  for (const element of body.querySelectorAll("[style]")) {
    element.setAttribute("data-style", element.getAttribute("style") ?? "");
    element.removeAttribute("style");
  }
}

/**
 * Return the lines of a pasted text; an empty one stays an empty paragraph.
 * @param {string} text
 */
export function pastedLines(text) {
  return text.replaceAll(/\r\n?|[\u2028\u2029\v\f\u0085]/g, "\n").split("\n");
}

/**
 * Make a table one that the editor can show: a table around another one lays out a page, and its cells
 * become blocks; one cell is text; rows of one that is too large become lines.
 * @param {Element} body
 * @param {() => void} onLarge called for a table that is too large
 */
function readTables(body, onLarge) {
  for (const table of body.querySelectorAll("table")) {
    for (const caption of table.querySelectorAll(":scope > caption"))
      table.before(...asLines([caption]));
    const rows = [...table.rows];
    const cells = rows.flatMap((row) => [...row.cells]);
    if (table.querySelector("table") || cells.length === 1) {
      table.replaceWith(...cells.flatMap((cell) => contentOf(cell)));
      continue;
    }
    for (const cell of cells) readCell(cell, rows.length);
    // The editor gives a cell the width of the `col` with its number, whatever spans the columns.
    const hasSpans = cells.some((cell) => cell.colSpan + cell.rowSpan > 2);
    for (const column of table.querySelectorAll("col")) {
      if (hasSpans || !/^\d{1,3}$/.test(column.width)) column.width = "";
    }
    for (const row of rows) if (!row.cells[0]) row.remove();
    if (placesOf(rows) > MAX_TABLE_CELLS) {
      onLarge();
      table.replaceWith(...asLines(rows));
    }
  }
}

/** Return the blocks of a cell; text alone is a paragraph. @param {Element} cell @returns {ChildNode[]} */
function contentOf(cell) {
  const children = [...cell.childNodes];
  if (children.some((child) => child instanceof Element && child.matches(BLOCKS))) return children;
  const line = cell.ownerDocument.createElement("p");
  line.append(...children);
  return [line];
}

/**
 * Give a cell spans that a table can have, and its alignment as an attribute.
 * @param {Element} cell
 * @param {number} rows
 */
function readCell(cell, rows) {
  for (const [name, most] of /** @type {const} */ ([
    ["colspan", MAX_SPAN],
    ["rowspan", Math.min(rows, MAX_SPAN)],
  ])) {
    const span = Math.min(Number.parseInt(cell.getAttribute(name) ?? "1", 10) || 1, most);
    cell.setAttribute(name, String(Math.max(span, 1)));
  }
  const align = alignOf(cell);
  if (/^(left|right|center)$/.test(align)) cell.setAttribute("align", align);
  else cell.removeAttribute("align");
  const widths = cell.getAttribute("colwidth") ?? "";
  if (!/^\d{1,4}(,\d{1,4})*$/.test(widths)) cell.removeAttribute("colwidth");
}

/** Return about how many places the grid of some rows has. @param {Element[]} rows */
function placesOf(rows) {
  let width = 0;
  let places = 0;
  for (const row of rows) {
    let own = 0;
    for (const cell of row.querySelectorAll("td, th")) {
      const columns = Number(cell.getAttribute("colspan"));
      own += columns;
      places += columns * Number(cell.getAttribute("rowspan"));
    }
    width = Math.max(width, own);
  }
  return Math.max(width * rows.length, places);
}

/** Return a line for each row or caption. @param {Element[]} rows */
function asLines(rows) {
  return rows.map((row) => {
    const line = row.ownerDocument.createElement("p");
    const cells = row.matches("caption") ? [row] : row.querySelectorAll("td, th");
    for (const [at, cell] of [...cells].entries()) {
      if (at > 0) line.append(CELL_SEPARATOR);
      appendInline(line, cell);
    }
    return line;
  });
}

/**
 * Append the content of an element to a line: a space stands for the end of a block.
 * @param {Element} line
 * @param {Element} element
 */
function appendInline(line, element) {
  for (const block of element.querySelectorAll(BLOCKS)) {
    block.replaceWith(...(block.nextSibling ? [...block.childNodes, " "] : block.childNodes));
  }
  line.append(...element.childNodes);
}

/**
 * Make lists of the paragraphs that Word numbers itself: `mso-list:l0 level2 lfo1` in the style,
 * and the number or bullet as text in a part that is marked as ignored.
 * @param {Element} body
 */
function readLists(body) {
  const paragraphs = [...body.querySelectorAll("[data-style*='mso-list' i]")].filter((one) =>
    /\blevel\d/.test(styleOf(one).get("mso-list") ?? ""),
  );
  /** The open lists, the outermost first, and the paragraph read last. @type {Element[]} */
  let open = [];
  /** @type {Element | null} */
  let last = null;
  for (const paragraph of paragraphs) {
    const level = /\blevel(\d+)/.exec(styleOf(paragraph).get("mso-list") ?? "")?.[1];
    const depth = Math.min(Math.max(Number(level), 1), MAX_LIST_LEVEL);
    const marker = takeMarker(paragraph);
    if (last === null || paragraph.previousElementSibling !== last) open = [];
    open.length = Math.min(open.length, depth);
    const tag = /\w[.)]?$/u.test(marker) && !/^o$/u.test(marker) ? "ol" : "ul";
    const item = paragraph.ownerDocument.createElement("li");
    while (open.length < depth) {
      const list = paragraph.ownerDocument.createElement(tag);
      const parent = open.at(-1);
      if (parent === undefined) paragraph.before(list);
      else (parent.lastElementChild ?? parent).append(list);
      open.push(list);
    }
    const text = paragraph.ownerDocument.createElement("p");
    text.append(...paragraph.childNodes);
    item.append(text);
    open.at(-1)?.append(item);
    last = open[0] ?? null;
    paragraph.remove();
  }
}

/**
 * Remove the written number or bullet of a paragraph from Word, and return it.
 * @param {Element} paragraph
 */
function takeMarker(paragraph) {
  for (const part of paragraph.querySelectorAll("[data-style*='mso-list' i]")) {
    if (styleOf(part).get("mso-list") !== "ignore") continue;
    const marker = part.textContent?.trim() ?? "";
    part.remove();
    return marker;
  }
  return "";
}

/**
 * Make tasks of list items with a box: a checkbox from GitHub, a mark from Outline or Google Docs,
 * brackets from Notion.
 * @param {Element} body
 * @param {boolean} isNotion
 */
function readTasks(body, isNotion) {
  for (const item of body.querySelectorAll("li:not([data-type='taskItem'])")) {
    const checked = takeBox(item) ?? (isNotion ? takeBrackets(item) : null);
    const list = item.parentElement;
    if (checked === null || !list?.matches("ul, ol")) continue;
    item.setAttribute("data-type", "taskItem");
    item.setAttribute("data-checked", String(checked));
    list.setAttribute("data-type", "taskList");
  }
}

/**
 * Remove the box of a list item, and return whether it is checked; null if there is none.
 * @param {Element} item
 */
function takeBox(item) {
  if (item.getAttribute("role") === "checkbox") {
    item.querySelector("img")?.remove();
    return item.getAttribute("aria-checked") === "true";
  }
  if (item.getAttribute("data-type") === "checkbox_item") {
    item.querySelector(".checkbox")?.remove();
    return item.classList.contains("checked");
  }
  const box = item.querySelector(":scope > input, :scope > p > input, :scope > label > input");
  if (box?.getAttribute("type") !== "checkbox") return null;
  box.remove();
  return box.hasAttribute("checked");
}

/**
 * Remove the brackets that begin a list item, and return whether they have a mark; null if there are
 * none.
 * @param {Element} item
 */
function takeBrackets(item) {
  const first = item.firstElementChild?.matches("p") ? item.firstElementChild : item;
  const text = first.firstChild;
  const written = text?.nodeType === 3 ? /^\s*\[([ xX])\]\s/.exec(text.nodeValue ?? "") : null;
  if (!text || !written) return null;
  text.nodeValue = (text.nodeValue ?? "").slice(written[0].length);
  return written[1] !== " ";
}

/**
 * Take away the links that lead to a place in the other document, and those without text.
 * @param {Element} body
 */
function readLinks(body) {
  for (const link of body.querySelectorAll("a")) {
    const address = (link.getAttribute("href") ?? "").trim();
    if (address === "" || address.startsWith("#")) link.replaceWith(...link.childNodes);
  }
}

/**
 * Make code of what an editor of code copies: a block with `white-space: pre`, a line in each `div`.
 * @param {Element} body
 */
function readCode(body) {
  for (const block of body.querySelectorAll("div[data-style]")) {
    if (!/^pre/.test(styleOf(block).get("white-space") ?? "")) continue;
    const lines = [...block.children].filter((line) => line.matches("div, br"));
    if (lines.length === 0) continue;
    const code = block.ownerDocument.createElement("pre");
    code.append(lines.map((line) => line.textContent ?? "").join("\n"));
    block.replaceWith(code);
  }
}

/**
 * Make an empty paragraph of a line break between blocks; the one that a browser adds is dropped.
 * @param {Element} body
 */
function readEmptyLines(body) {
  for (const end of body.querySelectorAll("br")) {
    const { previousElementSibling: before, nextElementSibling: after } = end;
    if (end.className === "Apple-interchange-newline") end.remove();
    else if (isAlone(end) && end.parentElement?.matches("p, li")) end.remove();
    else if (isAlone(end) && end.parentElement?.matches("div")) {
      end.parentElement.replaceWith(end.ownerDocument.createElement("p"));
    } else if (isBlock(end.previousSibling, before) && isBlock(end.nextSibling, after)) {
      end.replaceWith(end.ownerDocument.createElement("p"));
    }
  }
}

/** @param {Element} element */
function isAlone(element) {
  return element.parentElement?.childNodes.length === 1;
}

/**
 * Return whether the next node to one side is a block, or there is none beside a block.
 * @param {ChildNode | null} node
 * @param {Element | null} element
 */
function isBlock(node, element) {
  return node === element && element !== null && element.matches(BLOCKS);
}
