/** The outline: the headings of the document beside it, or in a dialog where there is no room. */
import { openDialog } from "../ui/dialog.js";
import { debounced, h, reveal } from "../ui/dom.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */

/**
 * A heading: its level, its text, and the position of its block.
 * @typedef {{level: number, text: string, pos: number}} Heading
 */

/** Most headings that are shown, and most characters of one. */
const MAX_ENTRIES = 200;
const MAX_CHARS = 120;
/** Headings are read again after a pause of this length in typing and in moves of the caret. */
const READ_PAUSE_MS = 250;
/** There is room beside the text, as in editor.css. */
const WIDE = "(width >= 80rem)";

/**
 * Return the first headings of a document, and how many there are. Headings within quotes and items
 * are parts of those. Pure.
 * @param {Editor["state"]["doc"]} doc
 * @returns {{shown: Heading[], count: number, end: number}} `end`: where those that are shown end
 */
export function headingsOf(doc) {
  /** @type {Heading[]} */
  const shown = [];
  let count = 0;
  let end = Number.POSITIVE_INFINITY;
  doc.forEach((node, pos) => {
    if (node.type.name !== "heading" || node.content.size === 0) return;
    count += 1;
    if (shown.length < MAX_ENTRIES) {
      const text = node.textBetween(0, Math.min(node.content.size, MAX_CHARS), " ", " ").trim();
      shown.push({ level: node.attrs.level, text, pos });
    } else if (end === Number.POSITIVE_INFINITY) end = pos;
  });
  return { shown, count, end };
}

/**
 * Return the place of the heading that a position is under; -1 before the first one, and behind those
 * that are shown. Pure.
 * @param {{shown: Heading[], end: number}} headings
 * @param {number} position
 */
export function headingAt({ shown, end }, position) {
  return position >= end ? -1 : shown.findLastIndex(({ pos }) => pos <= position);
}

/** The list of headings, which follows the text and the caret. */
export class Outline {
  #editor;
  #place;
  #list = h("ol", { class: "outline-list" });
  #more = h("p", { class: "outline-more muted", hidden: true });
  #view = h("div", { class: "outline-view" }, this.#list, this.#more);
  /** @type {ReturnType<typeof headingsOf>} */
  #headings = { shown: [], count: 0, end: 0 };
  /** The document that the headings were read from. @type {Editor["state"]["doc"] | null} */
  #doc = null;
  /** What the list shows. */
  #drawn = "";

  /**
   * @param {HTMLElement} place beside the text; hidden without two headings
   * @param {Editor} editor
   */
  constructor(place, editor) {
    this.#place = place;
    this.#editor = editor;
    this.#list.addEventListener("keydown", (event) => this.#onKey(event));
    place.append(this.#view);
    const readSoon = debounced(READ_PAUSE_MS, () => this.#read());
    editor.on("update", readSoon);
    editor.on("selectionUpdate", readSoon);
    this.#read();
  }

  /** Focus the list beside the text, or open it as a dialog. */
  open() {
    this.#read();
    if (matchMedia(WIDE).matches && !this.#place.hidden) {
      this.#stop()?.focus();
      return;
    }
    const isEmpty = this.#headings.count === 0;
    const dialog = openDialog(
      "Outline",
      isEmpty ? noHeadings(this.#editor.isEditable) : this.#view,
    );
    dialog.addEventListener("close", () => this.#place.append(this.#view));
    this.#stop()?.focus();
  }

  #read() {
    if (this.#editor.isDestroyed) return;
    const { doc, selection } = this.#editor.state;
    if (doc !== this.#doc) {
      this.#doc = doc;
      this.#headings = headingsOf(doc);
      this.#draw();
    }
    this.#mark(headingAt(this.#headings, selection.head));
  }

  /** Show the headings; what stands there already stays, with its focus. */
  #draw() {
    const { shown, count } = this.#headings;
    this.#place.hidden = count < 2;
    const drawn = JSON.stringify(shown.map(({ level, text }) => [level, text]));
    if (drawn !== this.#drawn) {
      const focused = this.#entries().indexOf(/** @type {any} */ (document.activeElement));
      this.#drawn = drawn;
      this.#list.replaceChildren(...shown.map((heading, at) => this.#entry(heading, at)));
      if (focused >= 0) this.#focus(this.#entries()[Math.min(focused, shown.length - 1)]);
    }
    this.#more.hidden = count <= MAX_ENTRIES;
    this.#more.textContent = `and ${(count - MAX_ENTRIES).toLocaleString("en")} more headings`;
  }

  /**
   * @param {Heading} heading
   * @param {number} at
   */
  #entry({ level, text }, at) {
    const onclick = () => this.#goTo(at);
    const attributes = {
      type: "button",
      class: "outline-entry",
      dir: "auto",
      tabindex: -1,
      onclick,
    };
    return h("li", { "data-level": level }, h("button", attributes, text || "Heading"));
  }

  /** @param {number} current */
  #mark(current) {
    const entries = this.#entries();
    for (const [at, entry] of entries.entries()) {
      if (at === current) entry.setAttribute("aria-current", "true");
      else entry.removeAttribute("aria-current");
    }
    if (this.#list.contains(document.activeElement)) return;
    this.#setStop(entries[Math.max(current, 0)]);
    reveal(entries[current], this.#place);
  }

  /**
   * Bring a heading to the top of the window, and the caret behind it.
   * @param {number} at
   */
  #goTo(at) {
    // Others may have written since the headings were read.
    const heading = headingsOf(this.#editor.state.doc).shown[at];
    this.#view.closest("dialog")?.close();
    if (!heading) return;
    const size = this.#editor.state.doc.nodeAt(heading.pos)?.content.size ?? 0;
    // On a touch screen the focus would open the keyboard over the text.
    if (!matchMedia("(pointer: coarse)").matches) this.#editor.view.focus();
    this.#editor.commands.setTextSelection(heading.pos + 1 + size);
    const element = this.#editor.view.nodeDOM(heading.pos);
    if (element instanceof Element) element.scrollIntoView({ block: "start" });
  }

  /** @returns {HTMLButtonElement[]} */
  #entries() {
    return [...this.#list.querySelectorAll("button")];
  }

  #stop() {
    return this.#entries().find(({ tabIndex }) => tabIndex === 0);
  }

  /** @param {HTMLButtonElement | undefined} stop */
  #setStop(stop) {
    for (const entry of this.#entries()) entry.tabIndex = entry === stop ? 0 : -1;
  }

  /**
   * Focus an entry, which is the tab stop from then on.
   * @param {HTMLButtonElement | undefined} entry
   */
  #focus(entry) {
    this.#setStop(entry);
    entry?.focus();
  }

  /**
   * Move the focus between the entries, which are one tab stop.
   * @param {KeyboardEvent} event
   */
  #onKey(event) {
    if (event.key === "Escape" && !this.#view.closest("dialog")) {
      this.#editor.view.focus();
      return;
    }
    const entries = this.#entries();
    const at = entries.indexOf(/** @type {HTMLButtonElement} */ (event.target));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: entries.length - 1 }[event.key];
    const entry = to === undefined ? undefined : entries[to];
    if (!entry) return;
    event.preventDefault();
    this.#focus(entry);
  }
}

/** @param {boolean} isEditable */
function noHeadings(isEditable) {
  const words = isEditable
    ? "There are no headings yet. A line that begins with # and a space is one."
    : "This document has no headings.";
  return h("p", { class: "muted" }, words);
}
