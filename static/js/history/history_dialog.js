/** The history dialog: the document at any moment, who wrote when, names, and the way back. */
import { Y } from "../../vendor/yjs.js";
import { yUndoPluginKey } from "../../vendor/tiptap.js";
import { openDialog } from "../ui/dialog.js";
import { renderDiff } from "./diff_view.js";
import { debounced, h, icon } from "../ui/dom.js";
import { openRetention } from "./retention_dialog.js";
import { StateView } from "./state_view.js";
import { Player } from "./player.js";
import { Replay, SupersededError } from "./replay.js";
import { SessionList } from "./session_list.js";
import { ago } from "../lib/time.js";
import { toast, toastError } from "../ui/toast.js";

/** @typedef {import("../lib/api.js").Api} Api */
/** @typedef {ReturnType<typeof import("../editor/editor.js").createEditor>} Editor */

/**
 * @typedef {object} Context
 * @property {string} documentId
 * @property {boolean} canWrite
 * @property {boolean} isOwner
 * @property {Y.Doc} doc
 * @property {Editor} editor
 * @property {import("../sync/provider.js").Provider} provider
 */

/** A part of the log that is not here is asked for when the slider has rested for so long. */
const REST_MS = 60;
/** A moment is said aloud when the slider has rested for so long. */
const SAY_MS = 600;
/** After an edit the server is asked how long the log is. */
const LOOK_MS = 1_000;
/** The list is read anew when nobody has written for so long. */
const LIST_MS = 3_000;
/** Changes are asked for when the slider has rested for so long. */
const DIFF_MS = 150;
/** The edit that goes back is waited for so long, once the server has made it. */
const EDIT_MS = 10_000;
/** Marks the edit that goes back, so that one undo takes it away. */
const RESTORE = Symbol("restore");
/** An update that brings nothing is so long. */
const EMPTY_BYTES = 2;

/**
 * Open the dialog, at a moment if one is given.
 * @param {Api} api
 * @param {Context} context
 * @param {number} [seq]
 */
export function openHistory(api, context, seq) {
  return new HistoryDialog(api, context).open(seq);
}

/** An edit of the server: where it is asked for, with what. @typedef {{path: string, body: object}} Wish */
/** @typedef {{wish: Wish, nothing: string, done: string}} Preview */

/** One opening of the dialog. */
class HistoryDialog {
  #api;
  #context;
  #path;
  #head = 0;
  /** The end of the log when the dialog was opened: what came later was not seen. */
  #seenHead = 0;
  /** The first moment of the log: of what a compacted one had before, versions are kept. */
  #start = 0;
  /** The moment that is wanted, and the one that is shown. */
  #seq = 0;
  #shownSeq = -1;
  /** Where the reader went before the log was there. @type {number | null} */
  #wanted = null;
  #isFollowing = false;
  /** Says that another moment is wanted. @type {() => void} */
  #onMove = () => {};
  /** An edit that is shown before it is made, with what is said of it. @type {Preview | null} */
  #preview = null;
  /** The version with a name that the moment is. @type {import("./session_list.js").Named | null} */
  #named = null;
  /** What is shown of a moment, and the changes that are shown: from which one to which. */
  #view = "text";
  #shownDiff = "";
  /** @type {HTMLElement[]} */
  #places = [];
  #diffSoon = debounced(DIFF_MS, () => void this.#showDiff());
  #isLooking = false;
  #isClosed = false;
  /** @type {Replay | null} */
  #replay = null;
  /** @type {StateView | null} */
  #stateView = null;
  #list;
  #player;
  #parts = parts();
  #say = debounced(SAY_MS, () => this.#announce());
  #refreshList = debounced(LIST_MS, () => void this.#list.refresh());

  /**
   * @param {Api} api
   * @param {Context} context
   */
  constructor(api, context) {
    this.#api = api;
    this.#context = context;
    this.#path = `documents/${context.documentId}/`;
    this.#list = new SessionList(api, this.#path, (seq) => this.#pick(seq));
    this.#player = new Player(
      {
        position: () => this.#seq,
        end: () => this.#head,
        timeOf: (seq) => this.#replay?.mark(seq)?.at ?? null,
        isReady: () => this.#shownSeq === this.#seq,
        show: (seq) => this.#goTo(seq),
        onChange: () => this.#showPlaying(),
      },
      matchMedia("(prefers-reduced-motion: reduce)").matches,
    );
  }

  /** @param {number} [seq] */
  open(seq) {
    const { play, earlier, later, slider, transport, retry, link, restore, cancel, confirm, news } =
      this.#parts;
    const { view, changeBefore, changeAfter, undo, keeping } = this.#parts;
    const on = (/** @type {HTMLElement} */ element, /** @type {() => unknown} */ action) =>
      element.addEventListener("click", () => void action());
    on(play, () => (this.#player.isPlaying ? this.#player.pause() : this.#player.play()));
    on(earlier, () => this.#toSession(-1));
    on(later, () => this.#toSession(1));
    on(retry, () => this.#retry());
    on(link, () => this.#copyLink());
    on(restore, () => this.#showRestore());
    on(cancel, () => this.#leavePreview());
    on(confirm, () => this.#goBack());
    on(news, () => this.#pick(this.#head));
    on(keeping, () => openRetention(this.#api, this.#context.documentId));
    on(changeBefore, () => this.#toChange(-1));
    on(changeAfter, () => this.#toChange(1));
    view.addEventListener("change", () => this.#setView(view.value));
    undo.addEventListener("change", () => void this.#showUndo());
    undo.addEventListener("pointerdown", () => void this.#listPeople());
    undo.addEventListener("focus", () => void this.#listPeople());
    slider.addEventListener("input", () => this.#pick(Number(slider.value)));
    transport.addEventListener("keydown", (event) => this.#onKey(event));
    const side = h("div", { class: "history-side" }, this.#nameForm(), this.#list.element, keeping);
    const dialog = openDialog(
      "History",
      h("div", { class: "history" }, side, this.#parts.main, this.#parts.empty),
    );
    dialog.addEventListener("close", () => this.#close());
    this.#context.doc.on("update", this.#lookSoon);
    restore.hidden = !this.#context.canWrite;
    undo.hidden = keeping.hidden = !this.#context.isOwner;
    void this.#begin(seq);
    return dialog;
  }

  #close() {
    this.#isClosed = true;
    this.#context.doc.off("update", this.#lookSoon);
    this.#player.pause();
    this.#replay?.close();
    this.#stateView?.destroy();
  }

  /** @param {number} [seq] */
  async #begin(seq) {
    this.#stateView ??= new StateView(this.#parts.sheet);
    // The page has the present already: it is there before the log is.
    if (seq === undefined) this.#stateView.show(this.#context.doc, { isLive: true });
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
      this.#start = begins - 1;
      this.#parts.slider.min = String(this.#start);
      this.#setHead(head);
      this.#replay = new Replay(this.#api, this.#path, head, this.#start);
      this.#replay.addEventListener("progress", () => this.#showProgress());
      this.#goTo(Math.min(this.#wanted ?? seq ?? head, head));
      void this.#prefetch();
    } catch (error) {
      this.#fail(error);
    }
    await listed;
    if (this.#isClosed) return;
    this.#mark();
    // Where the session began is known only now.
    if (this.#view !== "text") this.#diffSoon();
  }

  /** Fetch what is near in the background; what goes wrong shows when it is wanted. */
  async #prefetch() {
    try {
      await this.#replay?.prefetch(() => this.#seq);
    } catch (error) {
      console.info("The history is not all here:", error);
    }
    if (this.#isClosed) return;
    this.#showProgress();
    this.#parts.progress.classList.add("is-done");
  }

  // --- the moment ------------------------------------------------------------------------------

  /**
   * Go where the reader wants: that ends playing, and a preview.
   * @param {number} seq
   */
  #pick(seq) {
    this.#player.pause();
    if (this.#replay) this.#goTo(seq);
    else this.#wanted = seq;
  }

  /** @param {number} seq */
  #goTo(seq) {
    this.#seq = Math.max(0, Math.min(seq, this.#head));
    this.#endPreview();
    this.#mark();
    this.#say();
    this.#onMove();
    void this.#follow();
    if (this.#view !== "text") this.#diffSoon();
  }

  /** Show the moment that is wanted, one after the other: a late one never comes over a newer. */
  async #follow() {
    if (this.#isFollowing) return;
    this.#isFollowing = true;
    try {
      while (this.#replay && this.#shownSeq !== this.#seq && !this.#isClosed)
        await this.#showMoment(this.#seq);
      this.#showError("");
    } catch (error) {
      this.#fail(error);
    }
    this.#isFollowing = false;
    this.#parts.sheet.setAttribute("aria-busy", "false");
  }

  /**
   * Show a moment in the sheet, unless another one is wanted before it is here.
   * @param {number} seq
   */
  async #showMoment(seq) {
    const replay = this.#replay;
    if (!replay) return;
    if (seq < this.#start) {
      const kept = new Y.Doc();
      Y.applyUpdate(kept, await this.#api.bytes(`${this.#path}at/${seq}/state/`));
      if (seq === this.#seq && !this.#isClosed) this.#showDoc(kept, seq);
      return;
    }
    const isHere = replay.has(seq);
    const moved = new Promise((/** @type {(value: null) => void} */ resolve) => {
      this.#onMove = () => resolve(null);
    });
    if (!isHere) {
      this.#parts.sheet.setAttribute("aria-busy", "true");
      await Promise.race([moved, rest(REST_MS)]);
      if (seq !== this.#seq) return;
    }
    const doc = await (isHere ? replay.at(seq) : Promise.race([replay.at(seq), moved])).catch(
      (/** @type {unknown} */ error) => {
        if (error instanceof SupersededError) return null;
        throw error;
      },
    );
    if (!doc || this.#isClosed) return;
    this.#showDoc(doc, seq);
    await frame();
  }

  /**
   * @param {Y.Doc} doc
   * @param {number} seq
   */
  #showDoc(doc, seq) {
    const isStep = Math.abs(seq - this.#shownSeq) === 1 || this.#player.isPlaying;
    this.#stateView?.show(doc, { follow: isStep });
    this.#shownSeq = seq;
    this.#parts.sheet.dataset.seq = String(seq);
    this.#parts.sheet.setAttribute("aria-busy", "false");
    this.#mark();
  }

  /** Say which moment it is, before its text has come. */
  #mark() {
    const { slider, who, place, restore, undo, link, earlier, later } = this.#parts;
    const [name, count] = this.#words();
    who.textContent = name;
    place.textContent = count;
    slider.value = String(this.#seq);
    slider.setAttribute("aria-valuetext", [name, count].filter(Boolean).join(", "));
    const isNow = this.#seq === this.#head;
    restore.disabled = undo.disabled = isNow;
    link.disabled = false;
    earlier.setAttribute("aria-disabled", String(this.#seq <= this.#start));
    later.setAttribute("aria-disabled", String(isNow));
    this.#list.mark(this.#seq);
    this.#showName();
  }

  /** Return who and when, and which change it is. @returns {[string, string]} */
  #words() {
    const count = `change ${number(this.#seq)} of ${number(this.#head)}`;
    if (this.#seq === 0) return ["Before the first change", count];
    const mark = this.#replay?.mark(this.#seq);
    const when = mark ? ago(new Date(mark.at).toISOString()) : "";
    const who = mark ? `${this.#list.nameOf(mark.author.username)}, ${when}` : "";
    if (this.#seq === this.#head) return [who ? `Now · ${who}` : "Now", count];
    return who ? [who, count] : [`Change ${number(this.#seq)}`, `of ${number(this.#head)}`];
  }

  #announce() {
    if (this.#player.isPlaying || this.#isClosed) return;
    this.#parts.said.textContent = this.#parts.slider.getAttribute("aria-valuetext");
  }

  // --- steps -----------------------------------------------------------------------------------

  /**
   * Go to the end of the sitting before or after.
   * @param {-1 | 1} direction
   */
  async #toSession(direction) {
    this.#player.pause();
    const from = this.#seq;
    if (direction > 0) {
      this.#goTo(this.#list.after(from) ?? this.#head);
      return;
    }
    const to = Math.max(await this.#list.before(from), Math.min(from, this.#start));
    if (this.#seq === from && !this.#isClosed) this.#goTo(to);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const isSlider = event.target === this.#parts.slider;
    /** @type {Record<string, () => unknown>} */
    const keys = {
      PageUp: () => this.#toSession(1),
      PageDown: () => this.#toSession(-1),
      ArrowLeft: () => this.#pick(Math.max(this.#seq - 1, this.#start)),
      ArrowRight: () => this.#pick(this.#seq + 1),
      Home: () => this.#pick(this.#start),
      End: () => this.#pick(this.#head),
    };
    // On a button the space bar presses it; the slider has no use for it.
    if (isSlider) keys[" "] = () => this.#parts.play.click();
    const action = keys[event.key];
    if (!action) return;
    event.preventDefault();
    void action();
  }

  #showPlaying() {
    const { play, main } = this.#parts;
    const { isPlaying } = this.#player;
    play.replaceChildren(icon(isPlaying ? "pause" : "play"));
    play.setAttribute("aria-label", isPlaying ? "Pause" : "Play");
    main.classList.toggle("is-playing", isPlaying);
    if (!isPlaying) this.#say();
  }

  #showProgress() {
    if (this.#isClosed || !this.#replay) return;
    const { progress } = this.#parts;
    progress.value = this.#replay.share(this.#seq);
    progress.classList.toggle("is-done", progress.value >= 1);
    this.#mark();
  }

  // --- a document that grows -------------------------------------------------------------------

  #lookSoon = () => {
    if (this.#isLooking) return;
    this.#isLooking = true;
    setTimeout(() => void this.#look(), LOOK_MS);
  };

  /** Ask how long the log is now. */
  async #look() {
    this.#isLooking = false;
    if (this.#isClosed) return;
    try {
      const { seq: head } = await this.#api.call(this.#path);
      if (this.#isClosed || head <= this.#head) return;
      if (this.#replay) this.#grow(head);
      else if (this.#head === 0) await this.#begin();
    } catch (error) {
      console.info("Whether the document has grown could not be asked:", error);
    }
  }

  /** @param {number} head */
  #grow(head) {
    this.#setHead(head);
    this.#replay?.grow(head);
    const fresh = head - this.#seenHead;
    this.#parts.news.textContent =
      fresh === 1 ? "1 new change: show it" : `${number(fresh)} new changes: show them`;
    this.#parts.news.hidden = false;
    this.#mark();
    this.#refreshList();
    void this.#prefetch();
  }

  /** @param {number} head */
  #setHead(head) {
    this.#head = head;
    this.#parts.slider.max = String(head);
  }

  /** @param {boolean} isEmpty */
  #showEmpty(isEmpty) {
    this.#parts.empty.hidden = !isEmpty;
    this.#parts.main.hidden = isEmpty;
  }

  // --- what goes wrong -------------------------------------------------------------------------

  /** @param {unknown} error */
  #fail(error) {
    this.#player.pause();
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
    if (this.#replay) void this.#follow();
    else void this.#begin(this.#seq || undefined);
  }

  // --- names -----------------------------------------------------------------------------------

  #nameForm() {
    const { name, keep, unname } = this.#parts;
    const form = h("form", { class: "history-name" }, name, keep, unname);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#changeName(name.value);
    });
    unname.addEventListener("click", () => void this.#changeName(""));
    form.hidden = !this.#context.canWrite;
    return form;
  }

  /**
   * Name the moment that is wanted, or rename the version that it is, or take its name away.
   * @param {string} name
   */
  async #changeName(name) {
    const named = this.#named;
    // What others write meanwhile belongs to the present, and to no other moment.
    const moment = this.#seq === this.#head ? {} : { seq: this.#seq };
    const path = `${this.#path}versions/${named ? `${named.number}/` : ""}`;
    const body = named ? { name } : { name, ...moment };
    try {
      const version = await this.#api.call(path, { method: named ? "PATCH" : "POST", body });
      await this.#list.putVersion(version);
      this.#parts.said.textContent = wordsOf(version);
      this.#parts.name.focus();
      this.#showName();
    } catch (error) {
      toastError(error);
    }
  }

  /** Offer a name for the moment that is wanted, or the name that it has. */
  #showName() {
    const { name, keep, unname } = this.#parts;
    const version = this.#list.versionAt(this.#seq);
    // Where it is no other one, what somebody is typing stays.
    if (version?.number !== this.#named?.number || version?.name !== this.#named?.name) {
      name.value = version?.name ?? "";
    }
    this.#named = version;
    keep.textContent = version ? "Rename" : "Keep";
    unname.hidden = !version;
  }

  // --- what changed ----------------------------------------------------------------------------

  /** @param {string} view */
  #setView(view) {
    this.#view = view;
    this.#shownDiff = "";
    const { main, changes, changesBar } = this.#parts;
    main.classList.toggle("is-diff", view !== "text");
    changesBar.hidden = view === "text";
    changes.replaceChildren();
    if (view !== "text") void this.#showDiff();
  }

  /** Return from which moment to which the changes are shown. @returns {[number, number]} */
  #stretch() {
    if (this.#view === "since") return [this.#seq, this.#head];
    return [this.#list.startOf(this.#seq), this.#seq];
  }

  async #showDiff() {
    const { changes, changesText, changeBefore, changeAfter } = this.#parts;
    const [against, seq] = this.#stretch();
    const wanted = `${against}-${seq}`;
    if (this.#view === "text" || wanted === this.#shownDiff || this.#isClosed) return;
    changes.setAttribute("aria-busy", "true");
    try {
      const answer = await this.#api.call(`${this.#path}at/${seq}/diff/?against=${against}`);
      if (this.#stretch().join("-") !== wanted || this.#view === "text" || this.#isClosed) return;
      const takeBack = (/** @type {string} */ part) => void this.#takeBack(part, against);
      const shown = renderDiff(answer.changes, this.#context.canWrite ? takeBack : null);
      this.#places = shown.places;
      this.#shownDiff = wanted;
      changes.replaceChildren(shown.element);
      changesText.textContent = shown.summary;
      changeBefore.disabled = changeAfter.disabled = shown.places.length === 0;
      this.#places[0]?.scrollIntoView({ block: "nearest" });
      this.#showError("");
    } catch (error) {
      if (this.#stretch().join("-") === wanted) this.#fail(error);
    }
    changes.setAttribute("aria-busy", "false");
  }

  /**
   * Bring the change before or after the one in view into view.
   * @param {-1 | 1} direction
   */
  #toChange(direction) {
    const at = this.#places.findIndex((place) => place.classList.contains("is-here"));
    const count = this.#places.length;
    const to = at < 0 ? (direction > 0 ? 0 : count - 1) : (at + direction + count) % count;
    this.#places[at]?.classList.remove("is-here");
    this.#places[to]?.classList.add("is-here");
    this.#places[to]?.scrollIntoView({ block: "center" });
  }

  /**
   * Take back what was deleted, as an edit of one's own.
   * @param {string} part
   * @param {number} against the moment that still has it
   */
  async #takeBack(part, against) {
    const wish = {
      path: `${this.#path}at/${against}/restore/`,
      body: { part, seen_seq: this.#head },
    };
    try {
      await this.#make(wish, {
        nothing: "It is in the document already.",
        done: "It is in the document again.",
      });
    } catch (error) {
      this.#fail(error);
    }
  }

  // --- what one person did ---------------------------------------------------------------------

  /** Offer who has written since the moment. */
  async #listPeople() {
    const { undo } = this.#parts;
    const seq = this.#seq;
    const people = await this.#list.peopleSince(seq);
    if (seq !== this.#seq || undo.dataset.seq === String(seq)) return;
    undo.dataset.seq = String(seq);
    const first = h("option", { value: "" }, "Undo someone’s work…");
    const options = people.map(({ id, name }) => h("option", { value: id }, name));
    undo.replaceChildren(first, ...options);
  }

  /** Show the document without what somebody did since the moment, and ask. */
  async #showUndo() {
    const { undo } = this.#parts;
    const author = undo.value;
    const name = undo.selectedOptions[0]?.textContent ?? "";
    undo.value = "";
    if (!author) return;
    const body = { author: Number(author), after_seq: this.#seq, seen_seq: this.#head };
    await this.#ask(
      { path: `${this.#path}undo/`, body },
      {
        nothing: `Nothing of what ${name} did since then is left to undo.`,
        question: `The document will read like this, without what ${name} did since then.`,
        done: `What ${name} did since then is undone.`,
      },
    );
  }

  // --- the way back ----------------------------------------------------------------------------

  /** Show the document as it would be after going back, and ask. */
  async #showRestore() {
    // What came since the dialog was opened was not seen, and stays.
    const meanwhile = this.#head > this.#seenHead;
    const body = { seen_seq: this.#seenHead };
    await this.#ask(
      { path: `${this.#path}at/${this.#seq}/restore/`, body },
      {
        nothing: "The document reads like this already.",
        question: meanwhile
          ? "The document will read like this: as it was then, and with what others wrote meanwhile."
          : "The document will read like this. Everybody sees it, and undo takes it back.",
        done: "The document is as it was then.",
      },
    );
  }

  /**
   * Get an edit, show the document as it would be after it, and ask.
   * @param {Wish} wish
   * @param {{nothing: string, question: string, done: string}} words
   */
  async #ask(wish, { nothing, question, done }) {
    const { restore, undo, confirm } = this.#parts;
    this.#player.pause();
    restore.disabled = undo.disabled = true;
    const seq = this.#seq;
    try {
      const update = await this.#api.bytes(`${wish.path}?${queryOf(wish.body)}`);
      if (seq !== this.#seq || this.#isClosed) return;
      if (update.length <= EMPTY_BYTES) {
        toast(nothing);
        this.#mark();
        return;
      }
      const after = new Y.Doc();
      Y.applyUpdate(after, Y.encodeStateAsUpdate(this.#context.doc));
      Y.applyUpdate(after, update);
      this.#stateView?.show(after);
      this.#preview = { wish, nothing, done };
      this.#parts.question.textContent = question;
      this.#showPreview();
      confirm.focus();
    } catch (error) {
      this.#fail(error);
      this.#mark();
    }
  }

  #showPreview() {
    const { asking, acting, main } = this.#parts;
    const isAsking = this.#preview !== null;
    asking.hidden = !isAsking;
    acting.hidden = isAsking;
    main.classList.toggle("is-preview", isAsking);
  }

  /** Another moment is wanted. */
  #endPreview() {
    if (!this.#preview) return;
    this.#preview = null;
    this.#shownSeq = -1;
    this.#showPreview();
  }

  #leavePreview() {
    this.#goTo(this.#seq);
    this.#parts.restore.focus();
  }

  /** Make the edit that is shown. */
  async #goBack() {
    const preview = this.#preview;
    const { confirm, main } = this.#parts;
    if (!preview || confirm.getAttribute("aria-disabled") === "true") return;
    confirm.setAttribute("aria-disabled", "true");
    try {
      await this.#make(preview.wish, preview);
      main.closest("dialog")?.close();
    } catch (error) {
      this.#fail(error);
    }
    confirm.removeAttribute("aria-disabled");
  }

  /**
   * Have the server make an edit, in one's name: everybody sees it, the trail says what it is, and
   * one undo takes it away.
   * @param {Wish} wish
   * @param {{nothing: string, done: string}} words
   */
  async #make({ path, body }, { nothing, done }) {
    const { provider, editor } = this.#context;
    const undo = yUndoPluginKey.getState(editor.state)?.undoManager;
    const id = crypto.randomUUID();
    undo?.addTrackedOrigin(RESTORE);
    undo?.stopCapturing();
    provider.flush();
    const followed = provider.follow(id, RESTORE).then((isMerged) => {
      undo?.stopCapturing();
      return isMerged;
    });
    try {
      const edit = { ...body, unique_id: id };
      const { changed } = await this.#api.call(path, { method: "POST", body: edit });
      const isMerged = changed && (await Promise.race([followed, rest(EDIT_MS)]));
      toast(changed ? done + (isMerged ? " Undo takes this back." : "") : nothing);
    } finally {
      provider.unfollow(id);
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
}

/** The elements of the dialog that something is done with. */
function parts() {
  const slider = h("input", {
    type: "range",
    class: "history-slider",
    min: 0,
    max: 0,
    value: 0,
    "aria-label": "Moment",
    autofocus: true,
  });
  const play = iconButton("Play", "play", "Play (space)");
  const earlier = iconButton("Session before", "skip-back", "Session before (Page Down)");
  const later = iconButton("Session after", "skip-forward", "Session after (Page Up)");
  const transport = h("div", { class: "history-transport" }, earlier, play, later, slider);
  const progress = h("progress", { class: "history-progress", max: 1, value: 0 });
  progress.setAttribute("aria-label", "Loading the history");
  const who = h("b", {}, "Loading…");
  const place = h("span", { class: "muted" });
  const said = h("p", { class: "visually-hidden", role: "status" });
  const news = h("button", { type: "button", class: "link-button history-news", hidden: true });
  const sheet = h("div", { class: "history-sheet", tabindex: 0, role: "region" });
  sheet.setAttribute("aria-label", "The document at this moment");
  const problemText = h("span", {});
  const retry = button("Try again", "button");
  const problem = h("p", { class: "history-problem", role: "alert", hidden: true });
  problem.append(problemText, retry);
  const link = button("Copy link", "button");
  const restore = button("Restore this…", "button primary");
  const hint = h("span", { class: "history-hint muted wide-only" });
  hint.append("← → one change", " · Page Up, Page Down one session", " · Space plays");
  const acting = h("div", { class: "history-foot" }, hint, link, restore);
  const question = h("span", { class: "history-question", role: "status" });
  const cancel = button("Cancel", "button");
  const confirm = button("Restore", "button primary");
  const asking = h("div", { class: "history-foot", hidden: true }, question, cancel, confirm);
  const view = h("select", { class: "field history-view", "aria-label": "What to show" });
  view.append(
    h("option", { value: "text" }, "Show the text"),
    h("option", { value: "session" }, "Show changes of the session"),
    h("option", { value: "since" }, "Show changes since then"),
  );
  const undo = h("select", { class: "field history-undo", "aria-label": "Undo someone’s changes" });
  undo.append(h("option", { value: "" }, "Undo someone’s work…"));
  acting.insertBefore(undo, link);
  const changesText = h("span", { role: "status" });
  const changeBefore = iconButton("Change before", "skip-back", "Change before");
  const changeAfter = iconButton("Change after", "skip-forward", "Change after");
  const changesBar = h("div", { class: "history-changes-bar muted", hidden: true });
  changesBar.append(changesText, changeBefore, changeAfter);
  const changes = h("div", { class: "history-changes", tabindex: 0, role: "region" });
  changes.setAttribute("aria-label", "What changed");
  const main = h(
    "div",
    { class: "history-main" },
    h(
      "div",
      { class: "history-head" },
      h("p", { class: "history-position" }, who, place),
      news,
      view,
    ),
    h("div", { class: "history-bar" }, transport, progress),
    changesBar,
    problem,
    sheet,
    changes,
    acting,
    asking,
    said,
  );
  link.disabled = restore.disabled = true;
  const empty = h("p", { class: "history-empty muted", role: "status", hidden: true });
  empty.textContent = "Nothing has been written yet. What is written here can be seen again later.";
  const name = h("input", { class: "field", maxlength: 200, "aria-label": "Name of this moment" });
  name.placeholder = "Name this moment…";
  const keep = h("button", { type: "submit", class: "button" }, "Keep");
  const unname = iconButton(
    "Take the name away",
    "x",
    "Take the name away: the version may go with time",
  );
  unname.hidden = true;
  const keeping = button("What is kept…", "link-button history-retention");
  return {
    slider,
    play,
    earlier,
    later,
    transport,
    progress,
    who,
    place,
    said,
    news,
    sheet,
    problem,
    problemText,
    retry,
    link,
    restore,
    acting,
    question,
    cancel,
    confirm,
    asking,
    main,
    empty,
    name,
    keep,
    unname,
    keeping,
    view,
    undo,
    changes,
    changesBar,
    changesText,
    changeBefore,
    changeAfter,
  };
}

/**
 * @param {string} label
 * @param {string} style
 */
function button(label, style) {
  return h("button", { type: "button", class: style }, label);
}

/**
 * @param {string} label
 * @param {string} sign
 * @param {string} title
 */
function iconButton(label, sign, title) {
  const attributes = { type: "button", class: "icon-button", "aria-label": label, title };
  return h("button", attributes, icon(sign));
}

/**
 * Say what became of a name.
 * @param {import("./session_list.js").Named & {automatic: boolean}} version
 */
function wordsOf({ name, automatic }) {
  if (automatic) return "This moment has no name any more.";
  return name ? `This moment is called “${name}”.` : "This moment is kept.";
}

/** @param {object} body */
function queryOf(body) {
  return new URLSearchParams(Object.entries(body).map(([key, value]) => [key, String(value)]));
}

/** @param {number} value */
function number(value) {
  return value.toLocaleString("en");
}

/** @param {number} ms */
function rest(ms) {
  return new Promise((/** @type {(value: null) => void} */ resolve) => {
    setTimeout(() => resolve(null), ms);
  });
}

/** Wait until the page has drawn. */
function frame() {
  return new Promise((resolve) => {
    requestAnimationFrame(resolve);
  });
}
