/** Colours the text by author; shows the name and the time under the pointer and at the caret. */
import { Decoration, DecorationSet, Plugin, PluginKey } from "../../vendor/tiptap.js";
import { Attribution, authorRanges, shares } from "./attribution.js";
import { colourClass } from "../ui/colours.js";
import { debounced, h } from "../ui/dom.js";
import { FIELD } from "./editor.js";
import { ago } from "../lib/time.js";
import { toastError } from "../ui/toast.js";

/** @typedef {import("../lib/api.js").Api} Api */
/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */
/** @typedef {import("./attribution.js").Range} Range */

const PLUGIN_KEY = new PluginKey("authors");
/** Typed text is coloured after so long a pause. */
const COLOUR_PAUSE_MS = 150;
/** For text without a known author the server is asked again, at most once in this time. */
const LOAD_PAUSE_MS = 700;

/** Switches the colours on and off. */
export class AuthorColours extends EventTarget {
  #api;
  #path;
  #doc;
  #editor;
  #attribution;
  #isOn = false;
  /** @type {Range[]} */
  #ranges = [];
  /** @type {HTMLElement | null} */
  #legend = null;
  #people = h("ul", { class: "authors-people" });
  #here = h("p", { class: "authors-here muted", role: "status" });
  #tip = h("p", { class: "authors-tip", role: "tooltip", hidden: true });
  #colourSoon = debounced(COLOUR_PAUSE_MS, () => this.#colour());
  #loadSoon = debounced(LOAD_PAUSE_MS, () => void this.#load());

  /**
   * @param {Api} api
   * @param {{documentId: string, doc: import("../../vendor/yjs.js").Y.Doc, editor: Editor, self: {id: string, name: string}, copies: import("../sync/copies.js").Copies}} page
   */
  constructor(api, { documentId, doc, editor, self, copies }) {
    super();
    this.#api = api;
    this.#path = `documents/${documentId}/authorship/clients/`;
    this.#doc = doc;
    this.#editor = editor;
    this.#attribution = new Attribution(self, doc.clientID, (clock) => copies.sourceOf(clock));
    editor.on("update", () => this.#isOn && this.#colourSoon());
    editor.on("selectionUpdate", () => this.#isOn && this.#showAtCaret());
    const { dom } = editor.view;
    dom.addEventListener("mouseover", (event) => this.#point(event));
    dom.addEventListener("mouseleave", () => (this.#tip.hidden = true));
  }

  get isOn() {
    return this.#isOn;
  }

  /** Switch the colours on, or off. */
  async toggle() {
    if (this.#isOn) this.#end();
    else await this.#begin();
    this.dispatchEvent(new Event("change"));
  }

  async #begin() {
    this.#isOn = true;
    this.#editor.registerPlugin(
      new Plugin({
        key: PLUGIN_KEY,
        state: {
          init: () => DecorationSet.empty,
          apply: (transaction, set) =>
            transaction.getMeta(PLUGIN_KEY) ?? set.map(transaction.mapping, transaction.doc),
        },
        props: { decorations: (state) => PLUGIN_KEY.getState(state) },
      }),
    );
    this.#legend = h(
      "aside",
      { class: "authors-legend", "aria-label": "Colours by author" },
      this.#people,
      this.#here,
    );
    document.body.append(this.#legend, this.#tip);
    await this.#load();
  }

  #end() {
    this.#isOn = false;
    this.#editor.unregisterPlugin(PLUGIN_KEY);
    this.#legend?.remove();
    this.#tip.remove();
    this.#ranges = [];
  }

  /** Load the attribution of new operations, and colour the text. */
  async #load() {
    if (!this.#isOn) return;
    try {
      this.#attribution.add(await this.#api.call(`${this.#path}?after=${this.#attribution.seq}`));
    } catch (error) {
      toastError(error);
    }
    this.#colour(false);
  }

  /** @param {boolean} [mayLoad] */
  #colour(mayLoad = true) {
    if (!this.#isOn || this.#editor.isDestroyed) return;
    const { state, view, schema } = this.#editor;
    const fragment = this.#doc.getXmlFragment(FIELD);
    const isLeaf = (/** @type {string} */ name) => schema.nodes[name]?.isLeaf ?? false;
    const { ranges, unknown } = authorRanges(fragment, this.#attribution, isLeaf);
    this.#ranges = ranges.filter(({ to }) => to <= state.doc.content.size);
    const marks = this.#ranges.map(({ from, to, author, at }) =>
      Decoration.inline(from, to, {
        class: `written ${colourClass(author)}`,
        "data-author": author,
        "data-at": at ?? "",
      }),
    );
    view.dispatch(state.tr.setMeta(PLUGIN_KEY, DecorationSet.create(state.doc, marks)));
    this.#showPeople();
    this.#showAtCaret();
    if (unknown && mayLoad) this.#loadSoon();
  }

  #showPeople() {
    const rows = shares(this.#ranges).map(({ author, part }) =>
      h(
        "li",
        { class: colourClass(author), "data-author": author },
        h("span", { class: "authors-name" }, this.#nameOf(author)),
        h("span", { class: "muted" }, part < 0.01 ? "< 1%" : `${Math.round(part * 100)}%`),
      ),
    );
    this.#people.replaceChildren(
      ...(rows.length > 0 ? rows : [h("li", { class: "muted" }, "No text yet.")]),
    );
  }

  /** Show the author of the character before the caret, for people without a mouse. */
  #showAtCaret() {
    const { head } = this.#editor.state.selection;
    const range = this.#ranges.find(({ from, to }) => from < head && head <= to);
    this.#here.textContent = range ? `At the caret: ${this.#sentence(range.author, range.at)}` : "";
  }

  /** @param {MouseEvent} event */
  #point(event) {
    const { target } = event;
    const written = this.#isOn && target instanceof Element ? target.closest(".written") : null;
    this.#tip.hidden = !(written instanceof HTMLElement);
    if (!(written instanceof HTMLElement)) return;
    const { author = "", at = "" } = written.dataset;
    this.#tip.textContent = this.#sentence(author, at || null);
    const box = [...written.getClientRects()].find(
      ({ top, bottom }) => top <= event.clientY && event.clientY <= bottom,
    );
    const top = (box ?? written.getBoundingClientRect()).top;
    this.#tip.style.left = `${Math.min(event.clientX, innerWidth - this.#tip.offsetWidth - 8)}px`;
    this.#tip.style.top = `${Math.max(top - this.#tip.offsetHeight - 4, 4)}px`;
  }

  /** @param {string} author @param {string | null} at */
  #sentence(author, at) {
    return `${this.#nameOf(author)}, ${at ? ago(at) : "just now"}`;
  }

  /** @param {string} author */
  #nameOf(author) {
    return this.#attribution.names.get(author) ?? "someone";
  }
}
