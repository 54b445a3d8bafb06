/**
 * Tells a person of text that stands twice or at another place because somebody else edited the same
 * paragraph at the same time, and ends it: at once where both moved the same text whole, else with
 * one key.
 */
import { yUndoPluginKey } from "../../vendor/tiptap.js";
import { Y } from "../../vendor/yjs.js";
import { conflictTexts, endConflicts, presentConflicts } from "../sync/conflict_edits.js";
import { moveConflicts } from "../sync/move_conflicts.js";
import { quoted } from "../lib/quoted.js";
import { toast } from "../ui/toast.js";
import { FIELD } from "./editor.js";
import { userOf } from "./presence.js";

/** @typedef {import("../sync/move_conflicts.js").MoveConflicts} MoveConflicts */

/** Origin of an edit that the person asked for, in their undo stack. */
const ASKED = Symbol("conflict");
/** Origin of an edit that the page makes by itself; the message undoes it. */
const BY_PAGE = Symbol("conflict by page");

export class ConflictNotice {
  #provider;
  #doc;
  #editor;
  /** Undoes what the page did by itself last. @type {Y.UndoManager | null} */
  #undo = null;
  /** What is offered. @type {MoveConflicts | null} */
  #offered = null;
  /** Hides the offer. */
  #hide = () => {};

  /**
   * @param {import("../sync/provider.js").Provider} provider
   * @param {Y.Doc} doc
   * @param {import("../../vendor/tiptap.js").Editor} editor
   */
  constructor(provider, doc, editor) {
    this.#provider = provider;
    this.#doc = doc;
    this.#editor = editor;
    provider.addEventListener("merged", (event) => {
      if (event instanceof CustomEvent) this.#onMerged(event.detail);
    });
    doc.on("afterTransaction", () => {
      if (this.#offered !== null) queueMicrotask(() => this.#recheck());
    });
  }

  /** @param {{transaction: Y.Transaction, update: Uint8Array, unseen: () => import("../sync/local_changes.js").Unseen}} merged */
  #onMerged({ transaction, update, unseen }) {
    const found = moveConflicts(transaction, update, unseen());
    // The transaction has to end, and the editor to show it.
    if (found !== null) queueMicrotask(() => this.#onFound(found));
  }

  /** @param {MoveConflicts} found */
  #onFound(found) {
    if (!this.#editor.isEditable) return;
    const whole = found.doubled.filter(({ isWhole }) => isWhole);
    const parts = found.doubled.filter(({ isWhole }) => !isWhole);
    const surplus = presentConflicts(this.#doc, {
      ...found,
      doubled: whole,
      misplaced: [],
      returned: [],
    });
    const rest = presentConflicts(this.#doc, { ...found, doubled: parts });
    const who = this.#namesOf(found.clients);
    const removed = surplus === null ? "" : this.#removeSurplus(surplus, who);
    if (rest !== null) this.#offer(rest, who, removed);
  }

  /**
   * Delete the second copy of what both moved; return what to say.
   * @param {MoveConflicts} surplus
   * @param {string} who
   */
  #removeSurplus(surplus, who) {
    const { doubled } = conflictTexts(this.#doc, surplus);
    this.#undo?.destroy();
    const undo = new Y.UndoManager(this.#doc.getXmlFragment(FIELD), {
      trackedOrigins: new Set([BY_PAGE]),
    });
    this.#undo = undo;
    this.#end(surplus, BY_PAGE);
    const text = `${quoted(doubled)} came twice, because ${who} and you changed the same paragraph. One copy was removed.`;
    toast(text, { label: "Bring it back", run: () => undo.undo() }, { stays: true });
    return text;
  }

  /**
   * Show what can be ended with one key.
   * @param {MoveConflicts} conflicts
   * @param {string} who
   * @param {string} removed what else is said
   */
  #offer(conflicts, who, removed) {
    this.#offered = together(this.#offered, conflicts);
    const { doubled, misplaced, returned } = conflictTexts(this.#doc, this.#offered);
    const same = `, because ${who} and you changed the same paragraph.`;
    const actions = [
      doubled && { text: `${quoted(doubled)} came twice${same}`, label: "Keep one copy" },
      misplaced && {
        text: `${quoted(misplaced)} is not where it was written${same}`,
        label: "Put it back",
      },
      returned && {
        text: `${quoted(returned)} was deleted and stands again${same}`,
        label: "Delete it again",
      },
    ].filter((action) => action !== "");
    const text = actions.map((action) => action.text).join(" ");
    const label = actions.length === 1 ? (actions[0]?.label ?? "") : "Put it right";
    const run = () => this.#accept();
    this.#hide = toast(removed ? `${removed} ${text}` : text, { label, run }, { stays: true });
  }

  /** End what is offered, as an edit that one undo reverts. */
  #accept() {
    const undo = yUndoPluginKey.getState(this.#editor.state)?.undoManager;
    undo?.addTrackedOrigin(ASKED);
    undo?.stopCapturing();
    const offered = this.#offered;
    this.#offered = null;
    if (offered !== null) this.#end(offered, ASKED);
    undo?.stopCapturing();
    this.#editor.commands.focus();
  }

  /**
   * @param {MoveConflicts} conflicts
   * @param {symbol} origin
   */
  #end(conflicts, origin) {
    endConflicts(this.#doc, conflicts, {
      origin,
      noteKnown: (copies) => this.#provider.copies.noteKnown(copies),
      isVisited: (type) => this.#isVisited(type),
    });
  }

  /** Take the offer back when nothing of it holds any more. */
  #recheck() {
    if (this.#offered === null || presentConflicts(this.#doc, this.#offered) !== null) return;
    this.#offered = null;
    this.#hide();
  }

  /** Return whether another person's caret is in a block. @param {Y.AbstractType<any>} block */
  #isVisited(block) {
    for (const [client, { cursor }] of this.#provider.awareness.getStates()) {
      if (client === this.#doc.clientID || !cursor?.head) continue;
      const place = Y.createAbsolutePositionFromRelativePosition(
        Y.createRelativePositionFromJSON(cursor.head),
        this.#doc,
      );
      for (let type = place?.type ?? null; type !== null; type = parentOf(type)) {
        if (type === block) return true;
      }
    }
    return false;
  }

  /** Return the name of the other person. @param {number[]} clients */
  #namesOf(clients) {
    const states = this.#provider.awareness.getStates();
    const names = new Set();
    for (const client of clients) {
      const state = states.get(client);
      if (state?.user) names.add(userOf(state).name);
    }
    const [name] = names;
    return names.size === 1 ? String(name) : "somebody else";
  }
}

/**
 * Return two conflicts as one.
 * @param {MoveConflicts | null} one
 * @param {MoveConflicts} other
 * @returns {MoveConflicts}
 */
function together(one, other) {
  if (one === null) return other;
  return {
    doubled: [...one.doubled, ...other.doubled],
    misplaced: [...one.misplaced, ...other.misplaced],
    returned: [...one.returned, ...other.returned],
    clients: [...one.clients, ...other.clients],
  };
}

/** @param {Y.AbstractType<any>} type */
function parentOf(type) {
  const parent = type._item?.parent;
  return parent instanceof Y.AbstractType ? parent : null;
}
