/** A page with an editor, its undo manager and its operations with copy maps, without a screen. */
import {
  Copies,
  TextSelection,
  View,
  Y,
  conflictTexts,
  endConflicts,
  joinBackward,
  keepLost,
  lift,
  lostText,
  moveConflicts,
  presentConflicts,
  schema,
  setBlockType,
  splitBlock,
  wrapIn,
  ySyncPluginKey,
} from "./bound_view.mjs";

import { typedText } from "../../static/js/editor/typed_text.js";

/** One operation. @typedef {{author: string, update: Uint8Array, copies: import("../../static/js/sync/copies.js").Copy[]}} Operation */

/** The log of a document. */
export class Log {
  /** @type {Operation[]} */
  operations = [];
}

/** Somebody who writes in a document. */
export class WritingPage {
  /** Operations that the log does not have. @type {Operation[]} */
  unsent = [];
  #read = 0;
  /** Texts of the person that went with what others deleted. @type {string[]} */
  lost = [];
  /** The same with their ids. @type {import("../../static/js/sync/lost_text.js").Lost[]} */
  #found = [];
  /** Conflicts with what others did at the same time. @type {any[]} */
  found = [];
  /** Operations that the log has only lately. @type {Operation[]} */
  #lately = [];

  /** @param {string} author @param {number} client @param {Log} log */
  constructor(author, client, log) {
    this.author = author;
    this.log = log;
    this.view = new View(Uint8Array.of(0, 0), client);
    this.copies = new Copies(this.view.doc);
    this.undos = new Y.UndoManager(this.view.fragment, {
      trackedOrigins: new Set([ySyncPluginKey]),
      captureTimeout: 0,
    });
    this.view.doc.on(
      "update",
      (
        /** @type {Uint8Array} */ update,
        /** @type {unknown} */ _origin,
        /** @type {unknown} */ _doc,
        /** @type {{local: boolean}} */ transaction,
      ) => {
        if (transaction.local) this.unsent.push({ author, update, copies: this.copies.take() });
      },
    );
    this.sync();
  }

  /** Send to the log, and read what others have sent. */
  sync() {
    for (const { author, update } of this.log.operations.slice(this.#read)) {
      if (author !== this.author) this.#merge(update);
    }
    this.log.operations.push(...this.unsent);
    this.#lately.push(...this.unsent);
    this.unsent = [];
    this.#read = this.log.operations.length;
  }

  /** @param {Uint8Array} update */
  #merge(update) {
    const unsent = this.unsent.map((operation) => operation.update);
    const unseen = [...this.#lately, ...this.unsent];
    const updates = unseen.map((operation) => operation.update);
    const copies = unseen.flatMap((operation) => operation.copies);
    const note = (/** @type {any} */ transaction) => {
      const conflicts = moveConflicts(transaction, update, { updates, copies });
      if (conflicts !== null) this.found.push(conflicts);
      /** @type {import("../../static/js/sync/lost_text.js").Lost | null} */
      const lost = lostText(transaction, update, unsent);
      if (lost === null) return;
      this.lost.push(...lost.parts.map(({ text }) => text));
      this.#found.push(lost);
    };
    this.view.doc.on("afterTransaction", note);
    Y.applyUpdate(this.view.doc, update, "log");
    this.view.doc.off("afterTransaction", note);
  }

  /** Keep what was lost as new paragraphs at the end. */
  keepLost() {
    for (const lost of this.#found.splice(0)) {
      const { doc, tr } = this.view.state;
      const texts = lost.parts.map(({ text }) =>
        schema.node("paragraph", null, [schema.text(text)]),
      );
      keepLost(this.view.doc, this.copies, lost, () =>
        this.#dispatch(tr.insert(doc.content.size, texts)),
      );
    }
  }

  /** Count what the log has as seen by everybody. */
  seen() {
    this.#lately = [];
  }

  /** The text of the conflicts that still hold. */
  get conflicts() {
    return this.found
      .map((conflicts) => presentConflicts(this.view.doc, conflicts))
      .filter((conflicts) => conflicts !== null)
      .map((conflicts) => conflictTexts(this.view.doc, conflicts));
  }

  /** End the conflicts. */
  endConflicts() {
    const noteKnown = (/** @type {any} */ copies) => this.copies.noteKnown(copies);
    for (const conflicts of this.found) {
      endConflicts(this.view.doc, conflicts, { origin: ySyncPluginKey, noteKnown });
    }
  }

  /** The number of characters in all blocks. */
  get length() {
    return this.view.state.doc.textContent.length;
  }

  /** Every position of a caret. */
  get carets() {
    /** @type {number[]} */
    const found = [];
    this.view.state.doc.descendants((/** @type {any} */ node, /** @type {number} */ at) => {
      if (node.isTextblock) {
        for (let inside = 0; inside <= node.content.size; inside += 1) found.push(at + 1 + inside);
      }
    });
    return found;
  }

  /**
   * Return the state with a selection; numbers count the positions of a caret, round and round.
   * @param {number} from
   * @param {number} [to]
   */
  #selected(from, to = from) {
    const { carets } = this;
    const [head = 1, anchor = 1] = [from, to].map((number) => carets[number % carets.length]);
    const { state } = this.view;
    return state.tr.setSelection(TextSelection.create(state.doc, anchor, head));
  }

  /** @param {any} transaction */
  #dispatch(transaction) {
    this.copies.noteTyped(typedText(transaction));
    if (transaction.getMeta("uiEvent") === "drop") this.copies.note("drop");
    this.view.dispatch(transaction);
  }

  /** @param {number} at @param {string} text */
  type(at, text) {
    this.#dispatch(this.#selected(at).insertText(text));
  }

  /** @param {number} from @param {number} to */
  erase(from, to) {
    this.#dispatch(this.#selected(from, to).deleteSelection());
  }

  /**
   * Drag what is selected to a caret, as ProseMirror does.
   * @param {number} from
   * @param {number} to
   * @param {number} at
   */
  drag(from, to, at) {
    const { carets } = this;
    const transaction = this.#selected(from, to);
    const slice = transaction.selection.content();
    transaction.deleteSelection();
    const place = transaction.mapping.map(/** @type {number} */ (carets[at % carets.length]));
    transaction.replaceRange(place, place, slice);
    this.#dispatch(transaction.setMeta("uiEvent", "drop"));
  }

  /**
   * Cut what is selected; returns it. The next paste is another event.
   * @param {number} from
   * @param {number} to
   */
  async cut(from, to) {
    const transaction = this.#selected(from, to);
    const slice = transaction.selection.content();
    this.copies.note("cut", textOf(slice));
    this.#dispatch(transaction.deleteSelection());
    await Promise.resolve();
    return slice;
  }

  /** @param {number} at @param {any} slice */
  async paste(at, slice) {
    this.copies.note("paste", textOf(slice));
    this.#dispatch(this.#selected(at).replaceSelection(slice));
    await Promise.resolve();
  }

  /**
   * Run a command of the editor at a caret.
   * @param {number} at
   * @param {"split" | "join" | "heading" | "paragraph" | "list" | "lift"} name
   */
  command(at, name) {
    this.#dispatch(this.#selected(at));
    if (name === "join") {
      const { $head } = this.view.state.selection;
      const start = TextSelection.create(this.view.state.doc, $head.start());
      this.#dispatch(this.view.state.tr.setSelection(start));
    }
    const command = {
      split: splitBlock,
      join: joinBackward,
      heading: setBlockType(schema.nodes.heading),
      paragraph: setBlockType(schema.nodes.paragraph),
      list: wrapIn(schema.nodes.list),
      lift,
    }[name];
    command(this.view.state, (/** @type {any} */ transaction) => this.#dispatch(transaction));
  }

  /** The blocks' text. */
  get blocks() {
    /** @type {string[]} */
    const found = [];
    this.view.state.doc.descendants((/** @type {any} */ node) => {
      if (node.isTextblock) found.push(node.textContent);
    });
    return found;
  }
}

/** Return the text of a slice, as the clipboard has it. @param {any} slice */
function textOf({ content }) {
  return content.textBetween(0, content.size, "\n");
}
