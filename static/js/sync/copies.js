/**
 * Copies: what a transaction of this page inserts again after it was deleted, with the ids that it
 * had. It belongs to who wrote it first (ADR 0016); the server checks each range.
 *
 * An undo or redo of Yjs names the source of all that it inserts. A split, a join or moved text, a
 * block or a word that is dragged, is a deletion and an insertion of the same text in one transaction of
 * the binding; what was cut and pasted again is one in two.
 */
import { Y } from "../../vendor/yjs.js";
import { deletedParts, insertedClocks, matchedCopies } from "./moved_text.js";
import { partsWithout, standsAgain } from "./cut_text.js";

/** @typedef {import("./moved_text.js").Part} Part */

/** Client, clock and length of new ids, client and clock of their source. @typedef {[number, number, number, number, number]} Copy */

/** The source of an id, and the clock behind those with the same answer. @typedef {{id: {client: number, clock: number} | null, end: number}} Source */

/** Collects the copies of a document's own transactions. */
export class Copies {
  #doc;
  /** Copies since the last call of `take`. @type {Copy[]} */
  #fresh = [];
  /** Copies of all transactions, in order of their clocks. @type {Copy[]} */
  #all = [];
  /** The text that was cut last. @type {Part[]} */
  #cut = [];
  /** The same as the clipboard has it, without its spaces. */
  #cutText = "";
  /** What the present event does. @type {"cut" | "paste" | "drop" | null} */
  #event = null;
  /** The copies of the present transaction, where its maker knows them. @type {Copy[] | null} */
  #known = null;
  /** Text that the next transaction brings by itself; null where that is not known. @type {string | null} */
  #typed = null;

  /** @param {Y.Doc} doc */
  constructor(doc) {
    this.#doc = doc;
    doc.on("afterTransaction", this.#onTransaction);
  }

  close() {
    this.#doc.off("afterTransaction", this.#onTransaction);
  }

  /** Return the copies since the last call. */
  take() {
    const taken = this.#fresh;
    this.#fresh = [];
    return taken;
  }

  /**
   * Note that the transactions of the present event cut, paste or copy text, or that the next one moves
   * what is dropped. A cut or copy without a selection leaves the clipboard as it is.
   * @param {"cut" | "paste" | "copy" | "drop"} event
   * @param {string} [text] what is cut, pasted or copied, as the clipboard has it
   */
  note(event, text = "") {
    if (text === "" && (event === "cut" || event === "copy")) return;
    const words = text.replaceAll(/\s+/g, "");
    if (event === "copy" || (event === "paste" && words !== this.#cutText)) this.#cut = [];
    if (event === "cut") this.#cutText = words;
    this.#event = event === "copy" ? null : event;
    queueMicrotask(() => (this.#event = null));
  }

  /**
   * Note that the transactions of the present event insert deleted text again.
   * @param {Part[]} parts
   */
  noteReturned(parts) {
    this.#cut = parts;
    this.#cutText = parts.map(({ text }) => text.replaceAll(/\s+/g, "")).join("");
    this.note("paste", this.#cutText);
  }

  /**
   * Note the text that the next transaction of the editor brings by itself, in place of moving it.
   * @param {string | null} text
   */
  noteTyped(text) {
    this.#typed = text;
  }

  /**
   * Note the copies of the present transaction, which are not sought then.
   * @param {Copy[]} copies
   */
  noteKnown(copies) {
    this.#known = copies;
  }

  /** Copies that the next call of `take` returns. */
  get fresh() {
    return this.#fresh;
  }

  /**
   * Return the source of an id of this page, null if it is no copy; and up to which clock that holds.
   * @param {number} clock
   * @returns {Source}
   */
  sourceOf(clock) {
    let low = 0;
    let high = this.#all.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const [, first, length] = /** @type {Copy} */ (this.#all[middle]);
      if (first + length > clock) high = middle;
      else low = middle + 1;
    }
    const [, first = Infinity, length = 0, client = 0, source = 0] = this.#all[low] ?? [];
    if (clock < first) return { id: null, end: first };
    return { id: { client, clock: source + clock - first }, end: first + length };
  }

  /** @param {Y.Transaction} transaction */
  #onTransaction = (transaction) => {
    if (!transaction.local) return;
    const event = this.#event;
    const typed = event === "paste" ? null : event === "drop" ? "" : this.#typed;
    this.#typed = null;
    const found =
      this.#known ??
      (transaction.origin instanceof Y.UndoManager
        ? redoneCopies(transaction, transaction.origin)
        : matchedCopies(transaction, typed, {
            cut: event === "paste" ? this.#cutNow() : [],
            isMove: event === "drop",
          }));
    this.#known = null;
    if (event === "drop") this.#event = null;
    if (event === "cut") this.#cut = partsWithout(deletedParts(transaction), sourcesOf(found));
    found.sort(([, one], [, other]) => one - other);
    this.#fresh.push(...found);
    this.#all.push(...found);
  };

  /** Return what was cut and does not stand again. */
  #cutNow() {
    return this.#cut.filter((part) => !standsAgain(this.#doc, part, this.#all));
  }
}

/** Return the ids of the sources of copies. @param {Copy[]} copies */
function sourcesOf(copies) {
  return copies.map(([, , length, client, clock]) => ({ client, clock, length }));
}

/**
 * Return the copies of an undo or redo, which Yjs has noted at what it inserted again.
 * @param {Y.Transaction} transaction
 * @param {Y.UndoManager} manager
 */
function redoneCopies(transaction, manager) {
  const { store, clientID } = transaction.doc;
  const [first = 0, end = 0] = insertedClocks(transaction);
  /** @type {Map<number, Copy>} */
  const copies = new Map();
  const add = (/** @type {Y.Item | null} */ item) => {
    for (; item !== null; item = itemAround(item)) {
      const copy = item.redone;
      if (copy === null || copy.client !== clientID || copy.clock < first || copy.clock >= end)
        continue;
      if (copies.has(copy.clock)) return;
      copies.set(copy.clock, [clientID, copy.clock, item.length, item.id.client, item.id.clock]);
    }
  };
  for (const [client, ranges] of manager.currStackItem?.deletions.clients ?? []) {
    const structs = store.clients.get(client) ?? [];
    for (const { clock, len } of ranges) {
      for (let at = Y.findIndexSS(structs, clock); at < structs.length; at += 1) {
        const struct = structs[at];
        if (struct === undefined || struct.id.clock >= clock + len) break;
        if (struct instanceof Y.Item) add(struct);
      }
    }
  }
  return [...copies.values()];
}

/** @param {Y.Item} item */
function itemAround({ parent }) {
  return parent instanceof Y.AbstractType ? parent._item : null;
}
