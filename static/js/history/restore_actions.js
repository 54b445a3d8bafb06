/** Restore and undo in the history: ask, show the document as it would be, make the edit. */
import { Y } from "../../vendor/yjs.js";
import { openDialog } from "../ui/dialog.js";
import { h } from "../ui/dom.js";
import { partsOf } from "../ui/template.js";
import { toast } from "../ui/toast.js";
import { PART_TEXTS, restoreTexts, undoTexts } from "./history_text.js";
import { ServerEdits } from "./server_edits.js";

/** @typedef {import("./server_edits.js").EditCall} EditCall */
/** @typedef {import("./server_edits.js").EditTexts} EditTexts */
/** @typedef {{call: EditCall, texts: EditTexts}} Preview */

/**
 * @typedef {object} RestoreHooks
 * @property {() => {seq: number, head: number, seenHead: number, isAtHead: boolean}} position
 *   `seenHead`: the log's end when the dialog was opened
 * @property {(doc: Y.Doc) => void} onPreview a document is to be shown in place of the state
 * @property {() => void} onCancel the state at the position is to be shown again
 * @property {() => void} onDone the edit is made
 * @property {() => void} onAsk playing is to end
 * @property {(error: unknown) => void} onError
 */

/** The buttons that change the document. */
export class RestoreActions {
  /** An edit that is shown before it is made. @type {Preview | null} */
  #preview = null;
  #isClosed = false;
  #path;
  #doc;
  #list;
  #parts;
  #hooks;
  #edits;

  /**
   * @param {import("../lib/api.js").Api} api
   * @param {import("./history_dialog.js").Context} context
   * @param {ParentNode} root
   * @param {import("./session_list.js").SessionList} list
   * @param {RestoreHooks} hooks
   */
  constructor(api, { documentId, doc, editor, provider, canWrite, isOwner }, root, list, hooks) {
    this.#path = `documents/${documentId}/`;
    this.#doc = doc;
    this.#list = list;
    this.#hooks = hooks;
    this.#edits = new ServerEdits(api, editor, provider);
    this.#parts = partsOf(root, {
      main: HTMLElement,
      acting: HTMLElement,
      asking: HTMLElement,
      question: HTMLElement,
      undo: HTMLButtonElement,
      restore: HTMLButtonElement,
      cancel: HTMLButtonElement,
      confirm: HTMLButtonElement,
    });
    const { undo, restore } = this.#parts;
    restore.hidden = !canWrite;
    undo.hidden = !isOwner;
    this.#bind();
  }

  close() {
    this.#isClosed = true;
  }

  /** Offer what can be done at the position. */
  refresh() {
    const { restore, undo } = this.#parts;
    restore.disabled = undo.disabled = this.#hooks.position().isAtHead;
  }

  /** Forget the edit that is shown: another position is wanted. Return whether there was one. */
  endPreview() {
    if (!this.#preview) return false;
    this.#preview = null;
    this.#showPreview();
    return true;
  }

  /**
   * Restore a deleted part, as an edit of the person's own.
   * @param {string} part
   * @param {number} against the state that still has it
   */
  async restorePart(part, against) {
    const body = { part, seen_seq: this.#hooks.position().head };
    try {
      await this.#edits.make({ path: `${this.#path}at/${against}/restore/`, body }, PART_TEXTS);
    } catch (error) {
      this.#hooks.onError(error);
    }
  }

  #bind() {
    const { undo, restore, cancel, confirm } = this.#parts;
    restore.addEventListener("click", () => void this.#askRestore());
    cancel.addEventListener("click", () => this.#cancel());
    confirm.addEventListener("click", () => void this.#confirm());
    undo.addEventListener("click", () => void this.#askAuthor());
  }

  /** Show the document as it would be after restoring the state, and ask. */
  async #askRestore() {
    const { seq, head, seenHead } = this.#hooks.position();
    // What came since the dialog was opened was not seen, and stays.
    const call = { path: `${this.#path}at/${seq}/restore/`, body: { seen_seq: seenHead } };
    await this.#ask(call, restoreTexts(head > seenHead));
  }

  /** Ask whose changes since the position are to be undone. */
  async #askAuthor() {
    const { seq } = this.#hooks.position();
    const place = h("div", { class: "stack-tight" }, h("p", { role: "status" }, "Loading…"));
    const dialog = openDialog("Undo the changes of", place);
    try {
      const authors = await this.#list.authorsSince(seq);
      const buttons = authors.map((author) => {
        const choose = () => {
          dialog.close();
          void this.#askUndo(author);
        };
        return h("button", { type: "button", class: "button", onclick: choose }, author.name);
      });
      place.replaceChildren(...buttons);
      buttons[0]?.focus();
    } catch (error) {
      dialog.close();
      this.#hooks.onError(error);
    }
  }

  /**
   * Show the document without one author's changes since the position, and ask.
   * @param {{id: number, name: string}} author
   */
  async #askUndo({ id, name }) {
    const { seq, head } = this.#hooks.position();
    const body = { author: id, after_seq: seq, seen_seq: head };
    await this.#ask({ path: `${this.#path}undo/`, body }, undoTexts(name));
  }

  /**
   * Get an edit, show the document as it would be after it, and ask.
   * @param {EditCall} call
   * @param {EditTexts & {question: string, action: string}} texts
   */
  async #ask(call, { question, action, ...texts }) {
    const { restore, undo, confirm } = this.#parts;
    this.#hooks.onAsk();
    restore.disabled = undo.disabled = true;
    const { seq } = this.#hooks.position();
    try {
      const update = await this.#edits.preview(call);
      if (seq !== this.#hooks.position().seq || this.#isClosed) return;
      if (!update) {
        toast(texts.nothing);
        this.refresh();
        return;
      }
      const after = new Y.Doc();
      Y.applyUpdate(after, Y.encodeStateAsUpdate(this.#doc));
      Y.applyUpdate(after, update);
      this.#hooks.onPreview(after);
      this.#preview = { call, texts };
      this.#parts.question.textContent = question;
      confirm.textContent = action;
      this.#showPreview();
      confirm.focus();
    } catch (error) {
      this.#hooks.onError(error);
      this.refresh();
    }
  }

  #showPreview() {
    const { asking, acting, main } = this.#parts;
    const isAsking = this.#preview !== null;
    asking.hidden = !isAsking;
    acting.hidden = isAsking;
    main.classList.toggle("is-preview", isAsking);
  }

  #cancel() {
    this.#hooks.onCancel();
    this.#parts.restore.focus();
  }

  /** Make the edit that is shown. */
  async #confirm() {
    const preview = this.#preview;
    const { confirm } = this.#parts;
    if (!preview || confirm.getAttribute("aria-disabled") === "true") return;
    confirm.setAttribute("aria-disabled", "true");
    try {
      await this.#edits.make(preview.call, preview.texts);
      this.#hooks.onDone();
    } catch (error) {
      this.#hooks.onError(error);
    }
    confirm.removeAttribute("aria-disabled");
  }
}
