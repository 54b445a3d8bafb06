/**
 * Highlights the code blocks that have a language, as decorations, and lets the language be picked.
 * Loaded with the first code block. The grammars run in a worker that is ended when one takes too long.
 */
import { Decoration, DecorationSet, Plugin, PluginKey } from "../../vendor/tiptap.js";
import { debounced, h } from "../ui/dom.js";
import { loadStyles } from "../ui/styles.js";
import { LANGUAGES } from "./code_ranges.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */
/** @typedef {import("./code_ranges.js").CodeRange} CodeRange */
/** @typedef {{pos: number, language: string, text: string}} Code */

/** A longer code has no colours, nor have blocks behind this number. */
const MAX_CHARS = 20_000;
const MAX_BLOCKS = 200;
/** Code is highlighted after a pause of this length in typing. */
const PAUSE_MS = 150;
/** One block has so long. */
const MAX_HIGHLIGHT_MS = 1_000;
/** Results that are kept. */
const MAX_KEPT = 500;

const KEY = new PluginKey("codeHighlights");

export class CodeHighlights {
  #editor;
  /** What was highlighted, by language and text. @type {Map<string, CodeRange[]>} */
  #kept = new Map();
  /** @type {Promise<Worker> | null} */
  #worker = null;
  #isRunning = false;
  #drawn = "";
  #drawSoon = debounced(PAUSE_MS, () => void this.#draw());

  /** @param {Editor} editor */
  constructor(editor) {
    this.#editor = editor;
    void loadStyles("tools-styles");
    editor.registerPlugin(
      new Plugin({
        key: KEY,
        state: {
          init: () => DecorationSet.empty,
          apply: (transaction, shown) =>
            transaction.getMeta(KEY) ?? shown.map(transaction.mapping, transaction.doc),
        },
        props: { decorations: (state) => KEY.getState(state) },
        // Also made again with each other plugin.
        view: () => {
          this.#drawSoon();
          return {
            update: (view, before) => {
              if (view.state.doc !== before.doc) this.#drawSoon();
            },
          };
        },
      }),
    );
    addEventListener("online", this.#drawSoon);
    editor.on("destroy", () => {
      removeEventListener("online", this.#drawSoon);
      this.#worker?.then((worker) => worker.terminate()).catch(() => {});
    });
    void this.#draw();
  }

  /** Return the code blocks that can be highlighted. @returns {Code[]} */
  #codes() {
    /** @type {Code[]} */
    const codes = [];
    this.#editor.state.doc.descendants((node, pos) => {
      if (node.type.name !== "codeBlock") return !node.isTextblock;
      const { language } = node.attrs;
      const isShort = node.content.size <= MAX_CHARS && codes.length < MAX_BLOCKS;
      if (typeof language === "string" && language in LANGUAGES && isShort) {
        codes.push({ pos, language, text: node.textContent });
      }
      return false;
    });
    return codes;
  }

  async #draw() {
    if (this.#isRunning || this.#editor.isDestroyed) return;
    this.#isRunning = true;
    let isWhole = true;
    try {
      for (const code of this.#codes()) {
        const name = nameOf(code);
        if (!this.#kept.has(name)) this.#keep(name, await this.#highlight(code));
      }
    } catch (error) {
      // The next edit, or the network's return, tries again.
      isWhole = false;
      console.warn("Code is not highlighted:", error);
    } finally {
      this.#isRunning = false;
    }
    this.#show(isWhole);
  }

  /** @param {boolean} isWhole whether what was added meanwhile can be highlighted now */
  #show(isWhole) {
    if (this.#editor.isDestroyed) return;
    const { state, view } = this.#editor;
    const codes = this.#codes();
    if (isWhole && codes.some((code) => !this.#kept.has(nameOf(code)))) this.#drawSoon();
    const decorations = codes.flatMap((code) =>
      (this.#kept.get(nameOf(code)) ?? []).map(([from, to, classes]) =>
        Decoration.inline(code.pos + 1 + from, code.pos + 1 + to, { class: classes }),
      ),
    );
    // The binding draws a text again as it is, and its decorations go with it.
    const drawn = JSON.stringify(codes);
    const isShown = KEY.getState(state).find().length === decorations.length;
    if (drawn === this.#drawn && isShown) return;
    this.#drawn = drawn;
    view.dispatch(state.tr.setMeta(KEY, DecorationSet.create(state.doc, decorations)));
  }

  /** @param {string} name @param {CodeRange[]} ranges */
  #keep(name, ranges) {
    this.#kept.set(name, ranges);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MAX_KEPT && oldest !== undefined) this.#kept.delete(oldest);
  }

  /**
   * Return the parts of a code; none if that takes too long.
   * @param {Code} code
   * @returns {Promise<CodeRange[]>}
   */
  async #highlight({ language, text }) {
    this.#worker ??= startWorker();
    const worker = await this.#worker.catch((error) => {
      this.#worker = null;
      throw error;
    });
    return new Promise((resolve) => {
      const end = () => {
        worker.terminate();
        this.#worker = null;
        resolve([]);
      };
      const timer = setTimeout(end, MAX_HIGHLIGHT_MS);
      worker.onmessage = ({ data: { ranges } }) => {
        clearTimeout(timer);
        resolve(ranges);
      };
      worker.postMessage({ language, text });
    });
  }
}

/** @param {Code} code */
function nameOf({ language, text }) {
  return `${language}\n${text}`;
}

/** @returns {Promise<Worker>} */
function startWorker() {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./code_worker.js", import.meta.url), { type: "module" });
    worker.onmessage = () => resolve(worker);
    worker.onerror = () => {
      worker.terminate();
      reject(new Error("The worker could not be loaded."));
    };
  });
}

/**
 * Show a field for the language beside the code block with the caret.
 * @param {Editor} editor
 */
export function mountLanguagePicker(editor) {
  const select = h("select", {
    class: "code-language",
    "aria-label": "Language of the code",
    hidden: true,
  });
  // The key that leaves the text goes to the field first.
  const sheet = editor.view.dom.closest(".sheet");
  sheet?.insertBefore(select, sheet.querySelector(":scope > .block-handle"));
  // The focus stays: an arrow key on the closed field is a change already.
  select.addEventListener("change", () => {
    editor.commands.updateAttributes("codeBlock", { language: select.value || null });
  });
  select.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") editor.commands.focus();
  });
  /** The language that the field was made for. @type {string | null} */
  let listed = null;
  const refresh = () => {
    const { $head } = editor.state.selection;
    const { parent } = $head;
    const hasFocus = editor.view.hasFocus() || document.activeElement === select;
    select.hidden = !hasFocus || !editor.isEditable || parent.type.name !== "codeBlock";
    if (select.hidden) return;
    const language = String(parent.attrs.language ?? "");
    // Not while others write: the list may be open.
    if (language !== listed) list(select, language);
    listed = language;
    const element = editor.view.nodeDOM($head.before());
    const around = select.offsetParent?.getBoundingClientRect();
    if (!(element instanceof HTMLElement) || !around) return;
    const box = element.getBoundingClientRect();
    select.style.top = `${box.top - around.top + 4}px`;
    select.style.right = `${around.right - box.right + 4}px`;
  };
  editor.on("selectionUpdate", refresh);
  editor.on("focus", refresh);
  editor.view.dom.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget !== select) select.hidden = true;
  });
  select.addEventListener("focusout", () => queueMicrotask(refresh));
  editor.on("update", refresh);
  refresh();
}

/**
 * Offer the languages in a field, with one of them chosen.
 * @param {HTMLSelectElement} select
 * @param {string} language
 */
function list(select, language) {
  const names = { "": "No language", ...LANGUAGES };
  // A language that has no colours is kept, and named as it is written.
  const all = language in names ? names : { ...names, [language]: language };
  select.replaceChildren(
    ...Object.entries(all).map(([value, name]) => h("option", { value }, name)),
  );
  select.value = language;
}
