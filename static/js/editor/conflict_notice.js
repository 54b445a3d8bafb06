/**
 * Tells a person of text that stands twice or at another place because two edited the same paragraph
 * at the same time, and ends it: at once where the person and somebody else moved the same text whole,
 * else with one key.
 */
import { Y } from "../../vendor/yjs.js";
import { conflictTexts, presentConflicts } from "../sync/conflict_edits.js";
import { moveConflicts } from "../sync/move_conflicts.js";
import { endAsked, endWith } from "./conflict_ending.js";
import { DismissedConflicts } from "./dismissed_conflicts.js";
import { FoundConflicts } from "./found_conflicts_notice.js";
import { quoted } from "../lib/quoted.js";
import { toast } from "../ui/toast.js";
import { FIELD } from "./editor.js";
import { userOf } from "./presence.js";

/** @typedef {import("../sync/move_conflicts.js").MoveConflicts} MoveConflicts */

/** Origin of an edit that the page makes by itself; the message undoes it. */
const BY_PAGE = Symbol("conflict by page");

export class ConflictNotice {
  #provider;
  #doc;
  #editor;
  #dismissed;
  #found;
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
   * @param {import("./found_conflicts_notice.js").Context} context
   */
  constructor(provider, doc, editor, context) {
    this.#provider = provider;
    this.#doc = doc;
    this.#editor = editor;
    this.#dismissed = new DismissedConflicts(context.scope);
    this.#found = new FoundConflicts(provider, context, (conflicts, reason) => {
      // What the page has found itself is told already.
      if (this.#offered === null) this.#offerLeft(this.#dismissed.without(conflicts), reason);
    });
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
    else this.#found.onMerged(transaction, update);
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
    const reason = `because ${this.#namesOf(found.clients)} and you changed the same paragraph.`;
    if (surplus !== null) this.#removeSurplus(surplus, reason);
    this.#offerLeft({ ...found, doubled: parts }, reason);
  }

  /**
   * Offer to end what still holds of conflicts.
   * @param {MoveConflicts} conflicts
   * @param {string} reason
   */
  #offerLeft(conflicts, reason) {
    const left = this.#editor.isEditable ? presentConflicts(this.#doc, conflicts) : null;
    if (left !== null) this.#offer(left, reason);
  }

  /**
   * Delete the second copy of what both moved.
   * @param {MoveConflicts} surplus
   * @param {string} reason
   */
  #removeSurplus(surplus, reason) {
    const { doubled } = conflictTexts(this.#doc, surplus);
    this.#undo?.destroy();
    const undo = new Y.UndoManager(this.#doc.getXmlFragment(FIELD), {
      trackedOrigins: new Set([BY_PAGE]),
    });
    this.#undo = undo;
    endWith(surplus, this.#page, BY_PAGE);
    const text = `${quoted(doubled)} came twice, ${reason} One copy was removed.`;
    const run = () => {
      this.#dismissed.add(surplus);
      undo.undo();
    };
    toast(text, { label: "Bring it back", run }, { stays: true });
  }

  /**
   * Show what can be ended with one key.
   * @param {MoveConflicts} conflicts
   * @param {string} reason
   */
  #offer(conflicts, reason) {
    this.#hide();
    this.#offered = together(this.#offered, conflicts);
    const { doubled, misplaced, returned } = conflictTexts(this.#doc, this.#offered);
    const same = `, ${reason}`;
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
    const run = () => {
      const offered = this.#takeOffered();
      if (offered !== null) endAsked(offered, this.#page);
      this.#editor.commands.focus();
    };
    const onClose = () => {
      const offered = this.#takeOffered();
      if (offered !== null) this.#dismissed.add(offered);
    };
    this.#hide = toast(text, { label, run }, { stays: true, onClose });
  }

  #takeOffered() {
    const offered = this.#offered;
    this.#offered = null;
    return offered;
  }

  get #page() {
    return { provider: this.#provider, doc: this.#doc, editor: this.#editor };
  }

  /** Take the offer back when nothing of it holds any more. */
  #recheck() {
    if (this.#offered === null || presentConflicts(this.#doc, this.#offered) !== null) return;
    this.#offered = null;
    this.#hide();
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
