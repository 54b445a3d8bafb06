/** The history dialog: the document at any moment, versions with names, and the way back. */
import { Y } from "../vendor/yjs.js";
import { yUndoPluginKey } from "../vendor/tiptap.js";
import { openDialog } from "./dialog.js";
import { debounced, h } from "./dom.js";
import { createPreview } from "./editor.js";
import { ago } from "./time.js";
import { toast, toastError } from "./toast.js";

/** @typedef {import("./api.js").Api} Api */
/** @typedef {ReturnType<typeof import("./editor.js").createEditor>} Editor */

/**
 * A row of `documents/{id}/versions/`.
 * @typedef {{number: number, seq: number, name: string, automatic: boolean, created_at: string,
 *   authors: {id: number, username: string | null}[], size: number}} Version
 */

/**
 * @typedef {object} Context
 * @property {string} documentId
 * @property {boolean} canWrite
 * @property {Y.Doc} doc
 * @property {Editor} editor
 */

const PAGE = 30;
/** The slider asks the server when it has rested for so long. */
const REST_MS = 60;
/** Marks the edit that goes back, so that one undo takes it away. */
const RESTORE = Symbol("restore");

/**
 * Open the dialog, at a moment if one is given.
 * @param {Api} api
 * @param {Context} context
 * @param {number} [seq]
 */
export function openHistory(api, context, seq) {
  return new HistoryDialog(api, context).open(seq);
}

/** One opening of the dialog. */
class HistoryDialog {
  #api;
  #context;
  #path;
  #head = 0;
  #seq = 0;
  /** Counts the moments that were asked for: a late answer is not shown. */
  #asked = 0;
  /** @type {string | null} */
  #next = `?limit=${PAGE}`;
  /** @type {ReturnType<typeof createPreview> | null} */
  #preview = null;
  #list = h("ol", { class: "history-list", "aria-label": "Versions" });
  #slider = h("input", {
    type: "range",
    class: "history-slider",
    min: 0,
    max: 0,
    value: 0,
    "aria-label": "Moment",
    oninput: () => this.#slide(),
  });
  #moment = h("p", { class: "history-moment muted", role: "status" }, "Loading…");
  #sheet = h("div", { class: "history-sheet" });
  #message = h("p", { class: "form-message", role: "status", hidden: true });
  #more = h(
    "button",
    { type: "button", class: "button", hidden: true, onclick: () => void this.#load() },
    "Load more",
  );
  #restore = h(
    "button",
    { type: "button", class: "button primary", disabled: true, onclick: () => void this.#goBack() },
    "Restore this",
  );
  #link = h(
    "button",
    { type: "button", class: "button", disabled: true, onclick: () => void this.#copyLink() },
    "Copy link",
  );
  #show = debounced(REST_MS, () => void this.#loadMoment());

  /**
   * @param {Api} api
   * @param {Context} context
   */
  constructor(api, context) {
    this.#api = api;
    this.#context = context;
    this.#path = `documents/${context.documentId}/`;
  }

  /** @param {number} [seq] */
  open(seq) {
    const dialog = openDialog(
      "History",
      h(
        "div",
        { class: "history" },
        h("div", { class: "history-side" }, this.#nameForm(), this.#list, this.#message, this.#more),
        h(
          "div",
          { class: "history-main" },
          this.#moment,
          this.#slider,
          this.#sheet,
          h("div", { class: "history-foot" }, this.#link, this.#restore),
        ),
      ),
    );
    dialog.addEventListener("close", () => this.#preview?.destroy());
    this.#restore.hidden = !this.#context.canWrite;
    void this.#begin(seq);
    return dialog;
  }

  /** @param {number} [seq] */
  async #begin(seq) {
    try {
      this.#head = (await this.#api.call(this.#path)).seq;
      this.#slider.max = String(this.#head);
      this.#goTo(Math.min(seq ?? this.#head, this.#head));
    } catch (error) {
      this.#say(error);
    }
    await this.#load();
  }

  #nameForm() {
    const input = h("input", {
      class: "field",
      maxlength: 200,
      placeholder: "Name this moment…",
      "aria-label": "Name of this moment",
    });
    const submit = async (/** @type {Event} */ event) => {
      event.preventDefault();
      try {
        const body = { name: input.value };
        const path = `${this.#path}versions/`;
        const version = await this.#api.call(path, { method: "POST", body });
        this.#list.prepend(this.#row(version));
        input.value = "";
        this.#say("");
      } catch (error) {
        this.#say(error);
      }
    };
    const keep = h("button", { type: "submit", class: "button" }, "Keep");
    const form = h("form", { class: "history-name", onsubmit: submit }, input, keep);
    form.hidden = !this.#context.canWrite;
    return form;
  }

  /** Load the next page of versions. */
  async #load() {
    this.#more.disabled = true;
    try {
      const { results, next } = await this.#api.call(`${this.#path}versions/${this.#next}`);
      this.#next = next && new URL(next).search;
      this.#list.append(...results.map((/** @type {Version} */ each) => this.#row(each)));
      this.#more.hidden = !this.#next;
      this.#more.textContent = "Load more";
      this.#say("");
    } catch (error) {
      this.#say(error);
      this.#more.textContent = "Try again";
      this.#more.hidden = false;
    }
    this.#more.disabled = false;
  }

  /** @param {Version} version */
  #row({ number, seq, name, created_at: at, authors }) {
    const who = authors.map(({ username }) => username ?? "somebody").join(", ");
    const when = h("time", { datetime: at, title: new Date(at).toLocaleString() }, ago(at));
    return h(
      "li",
      {},
      h(
        "button",
        { type: "button", class: "history-row", "data-seq": seq, onclick: () => this.#goTo(seq) },
        h("b", {}, name || `Version ${number}`),
        h("span", { class: "muted" }, when, who ? ` · ${who}` : ""),
      ),
    );
  }

  #slide() {
    this.#mark(Number(this.#slider.value));
    this.#show();
  }

  /** @param {number} seq */
  #goTo(seq) {
    this.#slider.value = String(seq);
    this.#mark(seq);
    void this.#loadMoment();
  }

  /**
   * Say which moment it is, before its text has come.
   * @param {number} seq
   */
  #mark(seq) {
    this.#seq = seq;
    const place = seq === this.#head ? "Now" : `After change ${seq} of ${this.#head}`;
    this.#moment.textContent = place;
    this.#slider.setAttribute("aria-valuetext", place);
    for (const row of this.#list.querySelectorAll(".history-row")) {
      const isHere = row instanceof HTMLElement && row.dataset.seq === String(seq);
      row.setAttribute("aria-current", String(isHere));
    }
    this.#restore.disabled = seq === this.#head;
    this.#link.disabled = false;
  }

  async #loadMoment() {
    const asked = ++this.#asked;
    try {
      const state = await this.#api.bytes(`${this.#path}at/${this.#seq}/state/`);
      if (asked !== this.#asked) return;
      const doc = new Y.Doc();
      Y.applyUpdate(doc, state);
      this.#preview?.destroy();
      this.#sheet.replaceChildren();
      this.#preview = createPreview(this.#sheet, doc);
    } catch (error) {
      if (asked === this.#asked) this.#say(error);
    }
  }

  /** Go back by an edit of one's own: everybody sees it, and one undo takes it away. */
  async #goBack() {
    const { doc, editor } = this.#context;
    this.#restore.disabled = true;
    try {
      // What came since the dialog was opened was not seen, and stays.
      const path = `${this.#path}at/${this.#seq}/restore/?seen_seq=${this.#head}`;
      const update = await this.#api.bytes(path);
      const undo = yUndoPluginKey.getState(editor.state)?.undoManager;
      undo?.addTrackedOrigin(RESTORE);
      undo?.stopCapturing();
      doc.transact((transaction) => {
        Y.applyUpdate(doc, update);
        transaction.local = true; // applyUpdate says otherwise; then it would not be sent
      }, RESTORE);
      undo?.stopCapturing();
      this.#sheet.closest("dialog")?.close();
      toast("The document is as it was then. Undo takes this back.");
    } catch (error) {
      this.#restore.disabled = false;
      this.#say(error);
    }
  }

  async #copyLink() {
    const link = new URL(location.pathname, location.href);
    link.hash = `at=${this.#seq}`;
    try {
      await navigator.clipboard.writeText(link.href);
      toast("The link to this moment is in the clipboard.");
    } catch (error) {
      toastError(error);
    }
  }

  /** @param {unknown} problem an error, or nothing */
  #say(problem) {
    const text = problem instanceof Error ? problem.message : String(problem);
    this.#message.textContent = text;
    this.#message.hidden = text === "";
    this.#message.classList.toggle("is-error", problem instanceof Error);
  }
}

/**
 * Return the moment that an address names, as `#at=123`.
 * @param {string} hash
 */
export function momentOf(hash) {
  const found = /^#at=(\d{1,9})$/.exec(hash);
  return found ? Number(found[1]) : null;
}
