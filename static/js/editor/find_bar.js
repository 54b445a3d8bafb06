/** The bar of find and replace. Loaded when it is first opened. */
import { debounced } from "../ui/dom.js";
import { loadStyles } from "../ui/styles.js";
import { fromTemplate, partsOf } from "../ui/template.js";
import { unfoldAt } from "./details.js";
import { registerHighlights, replaceFound, showHighlights } from "./find_highlights.js";
import { MAX_MATCHES } from "./find_matches.js";
import { Search, SearchError } from "./find_search.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */
/** @typedef {import("./find_search.js").Found} Found */

/** A change of the text, and a key of a regular expression, lead to a search after a pause of this length. */
const SEARCH_PAUSE_MS = 120;
/** A selection up to this length is what is sought. */
const MAX_SELECTED_CHARS = 200;

const PARTS = {
  bar: HTMLElement,
  find: HTMLFormElement,
  text: HTMLInputElement,
  count: HTMLElement,
  before: HTMLButtonElement,
  close: HTMLButtonElement,
  isCase: HTMLButtonElement,
  isWord: HTMLButtonElement,
  isRegExp: HTMLButtonElement,
  more: HTMLButtonElement,
  replace: HTMLFormElement,
  replacement: HTMLInputElement,
  all: HTMLButtonElement,
};

export class FindBar {
  #editor;
  #beforeEdit;
  #search = new Search();
  #parts;
  /** @type {Found[]} */
  #found = [];
  #current = 0;
  /** The text that was searched. @type {Editor["state"]["doc"] | null} */
  #doc = null;
  #isOpen = false;
  /** What had the focus before. @type {Element | null} */
  #opener = null;
  #searchSoon = debounced(SEARCH_PAUSE_MS, () => void this.#find());

  /**
   * @param {Editor} editor
   * @param {{beforeEdit: () => void}} hooks `beforeEdit` is called before matches are replaced
   */
  constructor(editor, { beforeEdit }) {
    this.#editor = editor;
    this.#beforeEdit = beforeEdit;
    this.#parts = partsOf(fromTemplate("find-template"), PARTS);
    registerHighlights(editor);
    editor.on("update", () => {
      if (this.#isOpen && editor.state.doc !== this.#doc) this.#searchSoon();
    });
    this.#bind();
  }

  #bind() {
    const { bar, find, text, before, close, more, replace, replacement, all } = this.#parts;
    find.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#step(1);
    });
    replace.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#replaceOne();
    });
    text.addEventListener("input", () => this.#searchSoon());
    replacement.addEventListener("input", () => this.#searchSoon());
    before.addEventListener("click", () => void this.#step(-1));
    close.addEventListener("click", () => this.close());
    more.addEventListener("click", () => this.#showReplace(replace.hidden));
    all.addEventListener("click", () => void this.#replaceAll());
    for (const name of /** @type {const} */ (["isCase", "isWord", "isRegExp"])) {
      const button = this.#parts[name];
      button.addEventListener("click", () => {
        const isOn = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(isOn));
        void this.#find();
      });
    }
    bar.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /**
   * Open the bar, with the selected words as what is sought.
   * @param {boolean} withReplace
   */
  async open(withReplace) {
    await loadStyles("tools-styles");
    const { bar, text } = this.#parts;
    const { from, to } = this.#editor.state.selection;
    const selected = this.#editor.state.doc.textBetween(from, to, "\n");
    const isNew = !this.#isOpen || this.#editor.isFocused;
    if (isNew && selected !== "" && selected.length <= MAX_SELECTED_CHARS && !/\n/.test(selected)) {
      text.value = selected;
    }
    if (!this.#isOpen) this.#opener = document.activeElement;
    this.#isOpen = true;
    if (!bar.isConnected) document.querySelector("main")?.append(bar);
    this.#parts.more.hidden = !this.#editor.isEditable;
    this.#showReplace((withReplace || !this.#parts.replace.hidden) && this.#editor.isEditable);
    text.focus();
    text.select();
    await this.#find();
  }

  /** Close the bar; the caret goes to the match that is shown. */
  close() {
    const match = this.#found[this.#current];
    this.#isOpen = false;
    this.#search.close();
    this.#show([], 0);
    this.#parts.bar.remove();
    if (this.#editor.isEditable) this.#editor.view.focus();
    else if (this.#opener instanceof HTMLElement) this.#opener.focus();
    if (match && this.#editor.state.doc === this.#doc) {
      this.#editor.chain().setTextSelection(match).scrollIntoView().run();
    }
  }

  /** @param {boolean} isShown */
  #showReplace(isShown) {
    this.#parts.replace.hidden = !isShown;
    this.#parts.more.setAttribute("aria-expanded", String(isShown));
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.isComposing) return;
    if (event.key === "Escape") {
      event.preventDefault();
      this.close();
    } else if (event.key === "Enter" && event.shiftKey) {
      event.preventDefault();
      void this.#step(-1);
    }
  }

  /** Search the text for an action, again where another search or an edit came between. */
  async #findNow() {
    for (let tries = 0; tries < 5; tries += 1) {
      const isFound = await this.#find();
      if (isFound !== null) return isFound;
    }
    return false;
  }

  /** Search the text as it is now; false if there is no result, null if something came between. */
  async #find() {
    if (!this.#isOpen) return false;
    const { doc } = this.#editor.state;
    const isPressed = (/** @type {"isCase" | "isWord" | "isRegExp"} */ name) =>
      this.#parts[name].getAttribute("aria-pressed") === "true";
    const query = {
      text: this.#parts.text.value,
      isCase: isPressed("isCase"),
      isWord: isPressed("isWord"),
      isRegExp: isPressed("isRegExp"),
    };
    try {
      const asked = this.#search.find(query, this.#parts.replacement.value, doc);
      const found = asked instanceof Promise ? await asked : asked;
      if (!this.#isOpen) return false;
      if (found === null) return null;
      if (doc !== this.#editor.state.doc) {
        // Somebody has written meanwhile.
        this.#searchSoon();
        return null;
      }
      this.#doc = doc;
      this.#show(found, this.#nearest(found));
      this.#say(query.text === "" ? "" : this.#place());
      return true;
    } catch (error) {
      if (!(error instanceof SearchError)) throw error;
      this.#show([], 0);
      this.#say(error.message, true);
      return false;
    }
  }

  /** Return the match at the one that was shown, else the first one behind the caret. @param {Found[]} found */
  #nearest(found) {
    const shown = this.#found[this.#current]?.from ?? this.#editor.state.selection.from;
    return Math.max(
      found.findIndex(({ from }) => from >= shown),
      0,
    );
  }

  /** @param {Found[]} found @param {number} current */
  #show(found, current) {
    this.#found = found;
    this.#current = current;
    const match = found[current];
    if (match) unfoldAt(this.#editor, match.from);
    showHighlights(this.#editor, found, current);
    this.#reveal();
  }

  #place() {
    const count = this.#found.length;
    if (count === 0) return "No matches";
    const all = count === MAX_MATCHES ? `${MAX_MATCHES}+` : count;
    return `${this.#current + 1} of ${all}`;
  }

  /** @param {string} text @param {boolean} [isProblem] */
  #say(text, isProblem = false) {
    this.#parts.count.textContent = text;
    this.#parts.count.classList.toggle("is-problem", isProblem);
    this.#parts.text.setAttribute("aria-invalid", String(isProblem));
  }

  /** Bring the match that is shown into the view, where the bar does not cover it. */
  #reveal() {
    const match = this.#editor.view.dom.querySelector(".find-match.is-current");
    if (!match) return;
    const { top, bottom } = match.getBoundingClientRect();
    const bar = this.#parts.bar.getBoundingClientRect();
    if (top < bar.bottom || bottom > innerHeight - 80) match.scrollIntoView({ block: "center" });
  }

  /** Show the next match, or the one before. @param {1 | -1} by */
  async #step(by) {
    if (this.#doc !== this.#editor.state.doc || this.#found.length === 0) {
      if (!(await this.#findNow())) return;
    }
    const count = this.#found.length;
    if (count === 0) return;
    this.#show(this.#found, (this.#current + by + count) % count);
    this.#say(this.#place());
  }

  async #replaceOne() {
    if (!(await this.#findNow()) || !this.#editor.isEditable) return;
    const match = this.#found[this.#current];
    if (!match) return;
    replaceFound(this.#editor, [match], this.#beforeEdit);
    // Behind the new letters: they may match as well.
    this.#found = [{ ...match, from: match.from + match.insert.length }];
    this.#current = 0;
    await this.#find();
  }

  async #replaceAll() {
    if (!(await this.#findNow()) || !this.#editor.isEditable) return;
    const count = this.#found.length;
    replaceFound(this.#editor, this.#found, this.#beforeEdit);
    await this.#find();
    this.#say(`${count} replaced`);
  }
}
