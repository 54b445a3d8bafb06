/** The history dialog: any state of the document, who wrote when, names, restore and undo. */
import { endAsked } from "../editor/conflict_ending.js";
import { paragraphsOf } from "../lib/paragraphs.js";
import { conflictsOf } from "../sync/found_conflicts.js";
import { openDialog } from "../ui/dialog.js";
import { debounced, h } from "../ui/dom.js";
import { Tabs } from "../ui/tabs.js";
import { fromTemplate, partsOf } from "../ui/template.js";
import { toast, toastError } from "../ui/toast.js";
import { ChangesView } from "./changes_view.js";
import { newChangesText } from "./history_text.js";
import { Replay } from "./replay.js";
import { RestoreActions } from "./restore_actions.js";
import { openRetention } from "./retention_dialog.js";
import { SessionList } from "./session_list.js";
import { StateLoader } from "./state_loader.js";
import { Timeline } from "./timeline.js";
import { VersionName } from "./version_name.js";

/** @typedef {import("../lib/api.js").Api} Api */
/** @typedef {ReturnType<typeof import("../editor/editor.js").createEditor>} Editor */

/**
 * @typedef {object} Context
 * @property {string} documentId
 * @property {string} title
 * @property {boolean} canWrite
 * @property {boolean} isOwner
 * @property {import("../../vendor/yjs.js").Y.Doc} doc
 * @property {Editor} editor
 * @property {import("../sync/provider.js").Provider} provider
 */

/** After an edit the server is asked how long the log is. */
const HEAD_PAUSE_MS = 1_000;
/** The list is loaded again when there was no edit for so long. */
const LIST_PAUSE_MS = 3_000;

/** The list and the text are tabs, as in dialogs.css. */
const NARROW = "(width < 48rem)";

/**
 * Open the dialog, at a position if one is given.
 * @param {Api} api
 * @param {Context} context
 * @param {number} [seq]
 */
export function openHistory(api, context, seq) {
  return new HistoryDialog(api, context).open(seq);
}

/** One opening of the dialog: its layout, its parts and their lifecycle. */
class HistoryDialog {
  #api;
  #context;
  #path;
  /** The end of the log when the dialog was opened: what came later was not seen. */
  #seenHead = 0;
  #isHeadDue = false;
  #isClosed = false;
  #root = fromTemplate("history-template");
  #parts = partsOf(this.#root, {
    panes: HTMLElement,
    versionsTab: HTMLButtonElement,
    textTab: HTMLButtonElement,
    side: HTMLElement,
    main: HTMLElement,
    empty: HTMLElement,
    sheet: HTMLElement,
    problem: HTMLElement,
    problemText: HTMLElement,
    retry: HTMLButtonElement,
    news: HTMLButtonElement,
    link: HTMLButtonElement,
    retention: HTMLButtonElement,
  });
  #list;
  /** @type {Timeline} */
  #timeline;
  #changes;
  #restore;
  #name;
  /** @type {Tabs | null} */
  #tabs = null;
  /** Shows states once the dialog is in the page. @type {StateLoader | null} */
  #loader = null;
  #refreshList = debounced(LIST_PAUSE_MS, () => void this.#list.refresh());

  /**
   * @param {Api} api
   * @param {Context} context
   */
  constructor(api, context) {
    this.#api = api;
    this.#context = context;
    this.#path = `documents/${context.documentId}/`;
    this.#list = new SessionList(
      api,
      this.#path,
      (seq) => this.#pick(seq),
      () => this.#timeline.showTicks(),
    );
    this.#timeline = this.#makeTimeline();
    this.#name = new VersionName(api, this.#path, this.#root, this.#list, () => this.#timeline);
    this.#restore = this.#makeRestore();
    this.#changes = this.#makeChanges();
  }

  #makeTimeline() {
    return new Timeline(this.#root, this.#list, {
      markOf: (seq) => this.#loader?.replay?.mark(seq) ?? null,
      isShown: () => this.#loader?.shownSeq === this.#timeline.seq,
      onMove: () => this.#onMove(),
      onRefresh: () => {
        this.#parts.link.disabled = false;
        this.#restore.refresh();
        this.#name.refresh();
      },
    });
  }

  #makeRestore() {
    return new RestoreActions(this.#api, this.#context, this.#root, this.#list, {
      position: () => {
        const { seq, head, isAtHead } = this.#timeline;
        return { seq, head, isAtHead, seenHead: this.#seenHead };
      },
      onPreview: (doc) => this.#loader?.showOther(doc),
      onCancel: () => this.#timeline.goTo(this.#timeline.seq),
      onDone: () => this.#parts.main.closest("dialog")?.close(),
      onAsk: () => this.#timeline.pause(),
      onError: (error) => this.#fail(error),
    });
  }

  #makeChanges() {
    const { canWrite, editor } = this.#context;
    return new ChangesView(this.#api, this.#path, this.#root, {
      position: () => this.#timeline,
      startOf: (seq) => this.#list.startOf(seq),
      onRestorePart: canWrite ? (part, against) => this.#restore.restorePart(part, against) : null,
      nameOf: (username) => this.#list.nameOf(username),
      onKeepText: canWrite
        ? (text) => editor.commands.insertContentAt(atEnd(editor), paragraphsOf([text]))
        : null,
      onEndConflict: canWrite
        ? (row) => {
            endAsked(conflictsOf([row]), this.#context);
            this.#parts.main.closest("dialog")?.close();
          }
        : null,
      onShown: () => this.#showError(""),
      onError: (error) => this.#fail(error),
    });
  }

  /** @param {number} [seq] */
  open(seq) {
    const { side, sheet, retry, link, news, retention } = this.#parts;
    const { doc, documentId, canWrite, isOwner } = this.#context;
    retry.addEventListener("click", () => this.#retry());
    link.addEventListener("click", () => void this.#copyLink());
    news.addEventListener("click", () => this.#timeline.pick(this.#timeline.head));
    retention.addEventListener("click", () => openRetention(this.#api, documentId));
    side.insertBefore(this.#list.element, retention);
    this.#name.setWritable(canWrite);
    retention.hidden = !isOwner;
    this.#tabs = this.#makeTabs();
    const dialog = openDialog("History", this.#root);
    const named = h("span", { class: "history-title muted", dir: "auto" }, this.#context.title);
    dialog.querySelector("h2")?.append(" ", named);
    dialog.addEventListener("close", () => this.#close());
    doc.on("update", this.#readHeadSoon);
    this.#loader = new StateLoader(this.#api, this.#path, sheet, {
      position: () => this.#timeline,
      onShown: () => this.#timeline.refresh(),
      onEnd: () => this.#showError(""),
      onError: (error) => this.#fail(error),
    });
    void this.#begin(this.#loader, seq);
    return dialog;
  }

  #close() {
    this.#isClosed = true;
    this.#context.doc.off("update", this.#readHeadSoon);
    this.#tabs?.close();
    this.#timeline.pause();
    this.#changes.close();
    this.#restore.close();
    this.#loader?.close();
  }

  /**
   * @param {StateLoader} loader
   * @param {number} [seq]
   */
  async #begin(loader, seq) {
    // The page has the present already: it is shown before the log is loaded.
    if (seq === undefined) loader.showLive(this.#context.doc);
    const listed = this.#list.load();
    try {
      const [{ seq: head }, { begins }] = await Promise.all([
        this.#api.call(this.#path),
        this.#api.call(`${this.#path}operations/?limit=1`),
      ]);
      if (this.#isClosed) return;
      this.#showEmpty(head === 0);
      if (head === 0) return;
      this.#seenHead = head;
      const start = begins - 1;
      loader.replay = new Replay(this.#api, this.#path, head, start);
      loader.replay.addEventListener("progress", () => this.#showProgress());
      this.#timeline.begin(start, head, seq);
      void this.#prefetch();
    } catch (error) {
      this.#fail(error);
    }
    await listed;
    if (this.#isClosed) return;
    this.#timeline.refresh();
    // The start of the session is known only now.
    this.#changes.refreshSoon();
  }

  /** On a narrow screen the list and the text are tabs, which a choice in the list changes. */
  #makeTabs() {
    const { panes, side, main, versionsTab, textTab } = this.#parts;
    const parts = {
      versions: { tab: versionsTab, panel: side },
      text: { tab: textTab, panel: main },
    };
    // A list that was hidden could not be scrolled to the present position.
    const onShown = () => this.#list.mark(this.#timeline.seq);
    return new Tabs(panes, parts, "text", matchMedia(NARROW), onShown);
  }

  /** @param {number} seq */
  #pick(seq) {
    this.#timeline.pick(seq);
    this.#tabs?.goTo("text");
  }

  /** Another position is wanted. */
  #onMove() {
    if (this.#restore.endPreview()) this.#loader?.invalidate();
    this.#loader?.follow();
    this.#changes.refreshSoon();
  }

  /** Load what is near in the background; an error is shown when the part is wanted. */
  async #prefetch() {
    try {
      await this.#loader?.replay?.prefetch(() => this.#timeline.seq);
    } catch (error) {
      console.info("The history is not loaded completely:", error);
    }
    if (this.#isClosed) return;
    this.#showProgress();
    this.#timeline.endProgress();
  }

  #showProgress() {
    const replay = this.#loader?.replay;
    if (replay && !this.#isClosed) this.#timeline.showProgress(replay.share(this.#timeline.seq));
  }

  // --- a document that grows -------------------------------------------------------------------

  #readHeadSoon = () => {
    if (this.#isHeadDue) return;
    this.#isHeadDue = true;
    setTimeout(() => void this.#readHead(), HEAD_PAUSE_MS);
  };

  async #readHead() {
    this.#isHeadDue = false;
    if (this.#isClosed || !this.#loader) return;
    try {
      const { seq: head } = await this.#api.call(this.#path);
      if (this.#isClosed || head <= this.#timeline.head) return;
      if (this.#loader.replay) this.#grow(this.#loader.replay, head);
      else if (this.#timeline.head === 0) await this.#begin(this.#loader);
    } catch (error) {
      console.info("The length of the log could not be read:", error);
    }
  }

  /**
   * @param {Replay} replay
   * @param {number} head
   */
  #grow(replay, head) {
    this.#timeline.setHead(head);
    replay.grow(head);
    this.#parts.news.textContent = newChangesText(head - this.#seenHead);
    this.#parts.news.hidden = false;
    this.#timeline.refresh();
    this.#refreshList();
    void this.#prefetch();
  }

  /** @param {boolean} isEmpty */
  #showEmpty(isEmpty) {
    this.#parts.empty.hidden = !isEmpty;
    this.#parts.main.hidden = isEmpty;
  }

  // --- errors ----------------------------------------------------------------------------------

  /** @param {unknown} error */
  #fail(error) {
    this.#timeline.pause();
    this.#showError(error instanceof Error ? error.message : String(error));
  }

  /** @param {string} text */
  #showError(text) {
    const { problem, problemText } = this.#parts;
    problemText.textContent = text;
    problem.hidden = text === "";
  }

  #retry() {
    this.#showError("");
    if (!this.#loader) return;
    if (this.#loader.replay) this.#loader.follow();
    else void this.#begin(this.#loader, this.#timeline.seq || undefined);
  }

  async #copyLink() {
    const link = new URL(location.pathname, location.href);
    link.hash = `at=${this.#timeline.seq}`;
    try {
      await navigator.clipboard.writeText(link.href);
      toast("The link to this version is copied.");
    } catch (error) {
      toastError(error);
    }
  }
}

/** Return the position behind the last block. @param {Editor} editor */
function atEnd(editor) {
  return editor.state.doc.content.size;
}
