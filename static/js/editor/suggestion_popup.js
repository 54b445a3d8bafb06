/**
 * The popup of suggestions behind a sign: `/` for blocks, `:` for emoji, and whatever else adds its own.
 * It stays open, and at its place, while others type; a listbox whose focus stays in the text. Loaded
 * when a sign is first typed (load_suggestions.js).
 */
import { Plugin, PluginKey } from "../../vendor/tiptap.js";
import { h, icon, reveal } from "../ui/dom.js";
import { loadStyles } from "../ui/styles.js";
import { popupPlace, typedAfter, typedAt } from "./suggestion_state.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */
/** @typedef {import("./suggestion_state.js").Typed} Typed */
/** @typedef {{from: number, to: number}} Range */

/**
 * A choice of the list. `run` replaces the range of the sign and the letters behind it, in one
 * transaction.
 * @typedef {object} Suggestion
 * @property {string} label
 * @property {string} [icon] of the sprite
 * @property {string} [symbol] a character in the place of an icon
 * @property {string} [hint] at the end of the line
 * @property {(editor: Editor, range: Range) => void} run
 */

/**
 * What a sign offers.
 * @typedef {object} Source
 * @property {string} sign one character
 * @property {string} name of the list, for screen readers
 * @property {(query: string, editor: Editor) => Suggestion[] | Promise<Suggestion[]>} find
 */

/** @type {WeakMap<Editor, SuggestionPopup>} */
const popups = new WeakMap();

const KEY = new PluginKey("suggestions");
const LIST_ID = "suggestions";

/**
 * Offer suggestions behind a sign. A later source of the same sign takes the place of the earlier one.
 * @param {Editor} editor
 * @param {Source} source
 */
export function addSuggestions(editor, source) {
  const popup = popups.get(editor) ?? new SuggestionPopup(editor);
  popups.set(editor, popup);
  popup.add(source);
}

class SuggestionPopup {
  #editor;
  /** @type {Map<string, Source>} */
  #sources = new Map();
  #list = h("div", { id: LIST_ID, class: "suggest", role: "listbox", popover: "manual" });
  /** What is typed, as the list shows it. @type {Typed | null} */
  #typed = null;
  /** @type {Suggestion[]} */
  #found = [];
  #active = 0;
  /** Whether the list is that of the letters that are typed now. */
  #isCurrent = false;
  /** Enter or Tab, pressed before the list was there. @type {string | null} */
  #pressed = null;

  /** @param {Editor} editor */
  constructor(editor) {
    this.#editor = editor;
    void loadStyles("tools-styles");
    // The text keeps its focus and its selection.
    this.#list.addEventListener("mousedown", (event) => event.preventDefault());
    this.#list.addEventListener("click", ({ target }) => {
      const option = target instanceof Element ? target.closest(".suggest-option") : null;
      const at = option === null ? -1 : [...this.#list.children].indexOf(option);
      if (at >= 0) this.#choose(at);
    });
    const place = () => this.#place();
    addEventListener("scroll", place, { capture: true, passive: true });
    addEventListener("resize", place);
    visualViewport?.addEventListener("resize", place);
    editor.registerPlugin(this.#plugin(), (plugin, plugins) => [plugin, ...plugins]);
    editor.on("blur", () => this.#close());
    editor.on("destroy", () => this.#list.remove());
  }

  /** @param {Source} source */
  add(source) {
    this.#sources.set(source.sign, source);
  }

  /** Show the suggestions of a sign that was typed before this module was there. */
  openTyped() {
    const { state, view } = this.#editor;
    const typed = typedAt(state, [...this.#sources.keys()]);
    if (typed !== null && view.hasFocus()) view.dispatch(state.tr.setMeta(KEY, typed));
  }

  #plugin() {
    return new Plugin({
      key: KEY,
      state: {
        init: () => /** @type {Typed | null} */ (null),
        apply: (transaction, typed, _before, state) => {
          const set = transaction.getMeta(KEY);
          return set !== undefined
            ? set
            : typedAfter(typed, transaction, state, [...this.#sources.keys()]);
        },
      },
      props: { handleKeyDown: (_view, event) => this.#onKey(event) },
      view: () => ({ update: () => this.#update() }),
    });
  }

  #update() {
    /** @type {Typed | null} */
    const typed = KEY.getState(this.#editor.state) ?? null;
    const before = this.#typed;
    this.#typed = this.#editor.isEditable ? typed : null;
    if (this.#typed === null) {
      if (before !== null) this.#hide();
    } else if (before?.query !== this.#typed.query || before.sign !== this.#typed.sign) {
      void this.#find(this.#typed);
    } else {
      this.#place();
    }
  }

  /** @param {Typed} typed */
  async #find({ sign, query }) {
    const source = this.#sources.get(sign);
    this.#isCurrent = false;
    this.#pressed = null;
    const isAsked = () => this.#typed?.sign === sign && this.#typed.query === query;
    try {
      const asked = source?.find(query, this.#editor) ?? [];
      const found = asked instanceof Promise ? await asked : asked;
      if (isAsked()) this.#show(found, source?.name ?? "");
    } catch (error) {
      console.warn("Suggestions could not be loaded:", error);
      if (isAsked()) this.#show([], "");
    }
  }

  /** @param {Suggestion[]} found @param {string} name */
  #show(found, name) {
    this.#found = found;
    this.#active = 0;
    this.#isCurrent = true;
    const pressed = this.#pressed;
    this.#pressed = null;
    if (found.length === 0) {
      this.#hide();
      if (pressed !== null) this.#editor.commands.keyboardShortcut(pressed);
      return;
    }
    if (pressed !== null) {
      this.#choose(0);
      return;
    }
    this.#list.setAttribute("aria-label", name);
    this.#list.replaceChildren(...found.map(optionOf));
    if (!this.#list.isConnected) document.body.append(this.#list);
    if (!this.#isOpen()) this.#list.showPopover();
    const { dom } = this.#editor.view;
    dom.setAttribute("aria-controls", LIST_ID);
    dom.setAttribute("aria-autocomplete", "list");
    this.#list.scrollTop = 0;
    this.#mark();
    this.#place();
  }

  #isOpen() {
    return this.#list.matches(":popover-open");
  }

  #hide() {
    this.#found = [];
    if (this.#isOpen()) this.#list.hidePopover();
    const { dom } = this.#editor.view;
    for (const name of ["aria-controls", "aria-autocomplete", "aria-activedescendant"]) {
      dom.removeAttribute(name);
    }
  }

  /** Close the popup until a sign is typed again. */
  #close() {
    if (this.#typed === null) return;
    const { state, view } = this.#editor;
    view.dispatch(state.tr.setMeta(KEY, null));
  }

  #mark() {
    for (const [at, option] of [...this.#list.children].entries()) {
      option.setAttribute("aria-selected", String(at === this.#active));
    }
    const active = this.#list.children[this.#active];
    if (!active) return;
    this.#editor.view.dom.setAttribute("aria-activedescendant", active.id);
    reveal(active, this.#list);
  }

  /** Put the popup beside the sign. */
  #place() {
    if (this.#typed === null || !this.#isOpen()) return;
    this.#list.style.maxHeight = "";
    const { top, left, height } = popupPlace(
      this.#editor.view.coordsAtPos(this.#typed.from),
      this.#list.getBoundingClientRect(),
      roomOf(),
    );
    this.#list.style.maxHeight = `${height}px`;
    this.#list.style.top = `${top}px`;
    this.#list.style.left = `${left}px`;
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (this.#pressed !== null && !/^(?:Shift|Control|Alt|Meta|CapsLock)$/.test(event.key)) {
      // The person writes on: the key of before does in the text what it does without a list.
      const pressed = this.#pressed;
      this.#pressed = null;
      this.#close();
      this.#editor.commands.keyboardShortcut(pressed);
    }
    if (this.#typed === null || event.ctrlKey || event.metaKey || event.altKey) return false;
    const isChoice = (event.key === "Enter" || event.key === "Tab") && !event.shiftKey;
    if (isChoice && !this.#isCurrent) {
      this.#pressed = event.key;
      return true;
    }
    if (!this.#isOpen()) return false;
    if (event.key === "Escape") this.#close();
    else if (isChoice) this.#choose(this.#active);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.#active = (this.#active + step + this.#found.length) % this.#found.length;
      this.#mark();
    } else return false;
    return true;
  }

  /** @param {number} at */
  #choose(at) {
    const suggestion = this.#found[at];
    const typed = this.#typed;
    this.#close();
    if (suggestion && typed) suggestion.run(this.#editor, { from: typed.from, to: typed.to });
  }
}

/**
 * Show the suggestions of the sign at the caret.
 * @param {Editor} editor
 */
export function openTyped(editor) {
  popups.get(editor)?.openTyped();
}

/** Return what is seen of the window, above the toolbar of a phone. */
function roomOf() {
  const { clientWidth: width, clientHeight } = document.documentElement;
  const { offsetTop: top = 0, height = clientHeight } = visualViewport ?? {};
  const toolbar = document.body.classList.contains("has-keyboard")
    ? (document.getElementById("toolbar")?.offsetHeight ?? 0)
    : 0;
  return { top, bottom: Math.min(top + height, clientHeight) - toolbar, width };
}

/**
 * @param {Suggestion} suggestion
 * @param {number} at
 */
function optionOf({ label, icon: picture, symbol, hint }, at) {
  const option = h("div", { id: `${LIST_ID}-${at}`, class: "suggest-option", role: "option" });
  if (picture) option.append(icon(picture));
  if (symbol) option.append(h("span", { class: "suggest-symbol", "aria-hidden": "true" }, symbol));
  option.append(h("span", {}, label));
  if (hint) option.append(h("span", { class: "menu-key", "aria-hidden": "true" }, hint));
  return option;
}
