/** Renders the diff of two states: text added and removed, with the author of every change. */
import { colourClass } from "../ui/colours.js";
import { h, icon } from "../ui/dom.js";
import { isSafeLink } from "../lib/links.js";
import { DIFF_MARKS, DIFF_NODES } from "./diff_tags.js";
import { changeText, coloursOf, summaryOf } from "./diff_text.js";
import { alignedToWords } from "./diff_words.js";

/**
 * A row of `…/diff/`.
 * @typedef {object} Change
 * @property {"equal" | "insert" | "delete"} kind
 * @property {string} text
 * @property {number} depth
 * @property {{id: number, name: string | null} | null} author
 * @property {string | null} received_at
 * @property {{author: {name: string | null}, received_at: string, moved: boolean}} [brought_back]
 * @property {Record<string, any>} [marks]
 * @property {Record<string, any>} [marks_before]
 * @property {{type: string, attributes: Record<string, any>, attributes_before?: Record<string, any>}} [node]
 * @property {string} [part]
 */

/** Most names in the legend of the colours. */
const MAX_LEGEND = 12;

/**
 * Render changes.
 * @param {Change[]} changes in document order
 * @param {((part: string) => void) | null} restorePart restores a deleted part; null without the right
 */
export function renderDiff(changes, restorePart) {
  changes = alignedToWords(changes);
  const sheet = h("div", { class: "prose diff", role: "document", "aria-label": "Changes" });
  /** The elements that are open, by depth. @type {{place: HTMLElement, kind: string}[]} */
  const open = [{ place: sheet, kind: "equal" }];
  /** @type {HTMLElement[]} */
  const places = [];
  /** Buttons by the block that they end. @type {[HTMLElement, HTMLElement][]} */
  const buttons = [];
  for (const change of changes) {
    open.length = Math.min(open.length, change.depth + 1);
    const parent = /** @type {{place: HTMLElement, kind: string}} */ (open.at(-1));
    const isNew = change.kind !== "equal" && parent.kind !== change.kind;
    const shown = change.node ? nodeOf(change) : textOf(change);
    const isChanged = change.node?.attributes_before ?? change.marks_before;
    if (isNew || isChanged) places.push(shown);
    parent.place.append(shown);
    if (isNew && change.kind === "delete" && restorePart && change.part) {
      const button = restoreButton(change, changes, restorePart);
      if (change.node && !isVoid(shown)) buttons.push([inner(shown), button]);
      else shown.after(button);
    }
    if (change.node) open.push({ place: inner(shown), kind: change.kind });
  }
  for (const [place, button] of buttons) place.append(button);
  return { element: h("div", {}, legendOf(changes), sheet), places, summary: summaryOf(changes) };
}

/** Return whose colour is which. @param {Change[]} changes */
function legendOf(changes) {
  const people = coloursOf(changes);
  const shown = people.slice(0, MAX_LEGEND);
  const rows = shown.map(({ id, name }) => h("li", { class: colourClass(String(id)) }, name));
  if (people.length > MAX_LEGEND) {
    rows.push(h("li", { class: "muted" }, `and ${people.length - MAX_LEGEND} more`));
  }
  return h(
    "ul",
    { class: "diff-legend", "aria-label": "Colours", hidden: rows.length === 0 },
    ...rows,
  );
}

/** @param {Change} change */
function nodeOf(change) {
  const { kind, node } = change;
  const {
    type,
    attributes,
    attributes_before: before,
  } = /** @type {NonNullable<Change["node"]>} */ (node);
  const level = Math.min(Math.max(Number(attributes.level) || 1, 1), 6);
  const tag = type === "heading" ? /** @type {"h1"} */ (`h${level}`) : (DIFF_NODES[type] ?? "div");
  const element = h(tag, before ? { "data-before": formattingText(before) } : {});
  if (type === "codeBlock") element.append(h("code"));
  if (type === "taskItem") element.dataset.checked = String(attributes.checked === true);
  if (type === "orderedList" && Number(attributes.start) > 1)
    element.setAttribute("start", String(attributes.start));
  if (type === "taskList") element.dataset.type = "taskList";
  for (const name of ["colspan", "rowspan", "align"]) {
    const isCell = type === "tableCell" || type === "tableHeader";
    if (isCell && attributes[name]) element.setAttribute(name, String(attributes[name]));
  }
  if (type === "mention") element.append(`@${attributes.label ?? ""}`);
  if (type === "callout") element.dataset.callout = String(attributes.kind);
  if (typeof attributes.textAlign === "string") element.style.textAlign = attributes.textAlign;
  if (kind !== "equal" || before) label(element, change);
  return element;
}

/** @param {Change} change */
function textOf(change) {
  const { kind, text, marks = {}, marks_before: before } = change;
  /** @type {Node | string} */
  let inside = text;
  for (const [name, value] of Object.entries(marks)) inside = marked(name, value, inside);
  const tag = kind === "insert" ? "ins" : kind === "delete" ? "del" : "span";
  const element = h(tag, before ? { "data-before": formattingText(before) } : {}, inside);
  if (kind !== "equal" || before) label(element, change);
  return element;
}

/**
 * @param {string} name
 * @param {any} value
 * @param {Node | string} inside
 */
function marked(name, value, inside) {
  if (name === "link" && isSafeLink(String(value?.href ?? ""))) {
    return h(
      "a",
      { href: String(value.href), rel: "noopener noreferrer nofollow", target: "_blank" },
      inside,
    );
  }
  const tag = name === "link" ? undefined : DIFF_MARKS[name];
  const color = name === "highlight" ? String(value?.color ?? "") : "";
  return tag ? h(tag, color ? { "data-color": color } : {}, inside) : inside;
}

/**
 * Set the tooltip of an element: how it was changed, by whom and when.
 * @param {HTMLElement} element
 * @param {Change} change
 */
function label(element, change) {
  const { kind, author } = change;
  element.classList.add(`diff-${kind === "equal" ? "formatting" : kind}`);
  if (kind === "equal") {
    element.dataset.tooltip = `Formatting changed, was: ${element.dataset.before}`;
    return;
  }
  if (author) element.classList.add(colourClass(String(author.id)));
  element.dataset.tooltip = changeText(change);
}

/** @param {Record<string, any>} formatting */
function formattingText(formatting) {
  const names = Object.entries(formatting).map(([name, value]) =>
    typeof value === "object" || value === true ? name : `${name} ${value}`,
  );
  return names.join(", ") || "plain";
}

/**
 * @param {Change} change
 * @param {Change[]} changes
 * @param {(part: string) => void} restorePart
 */
function restoreButton(change, changes, restorePart) {
  const words = change.node ? wordsInside(change, changes) : change.text;
  const button = h(
    "button",
    {
      type: "button",
      class: "diff-back",
      "data-tooltip": "Restore this part",
      "aria-label": `Restore “${words.trim().slice(0, 60)}”`,
      onclick: () => restorePart(String(change.part)),
    },
    icon("rotate-ccw"),
  );
  return button;
}

/**
 * @param {Change} change
 * @param {Change[]} changes
 */
function wordsInside(change, changes) {
  const from = changes.indexOf(change) + 1;
  const behind = changes.findIndex(({ depth }, place) => place >= from && depth <= change.depth);
  return changes
    .slice(from, behind < 0 ? undefined : behind)
    .map(({ node, text }) => (node ? " " : text))
    .join("")
    .replaceAll(/\s+/g, " ");
}

/** @param {HTMLElement} element */
function inner(element) {
  const code = element.tagName === "PRE" ? element.firstElementChild : null;
  return code instanceof HTMLElement ? code : element;
}

/** @param {HTMLElement} element */
function isVoid(element) {
  return element.tagName === "BR" || element.tagName === "HR";
}
