/** The list of writing sessions in the history, with the named versions and restores of each. */
import { counted } from "../lib/activity_text.js";
import { dayOf, timeRange } from "../lib/time.js";
import { colourClass, initials } from "../ui/colours.js";
import { h, icon, reveal } from "../ui/dom.js";
import { WritingSessions, authorNames, countsText, marksOf } from "./writing_sessions.js";

/** @typedef {import("../lib/api.js").Api} Api */
/** @typedef {import("./writing_sessions.js").Actor} Actor */
/** @typedef {import("./writing_sessions.js").NamedVersion} NamedVersion */
/** @typedef {import("./writing_sessions.js").WritingSession} WritingSession */

const PAGE_SIZE = 30;

/** The list, loaded page by page. */
export class SessionList {
  #api;
  #path;
  #onPick;
  #onShow;
  /** Query of the next page; null after the last one. @type {string | null} */
  #next = `?limit=${PAGE_SIZE}`;
  #sessions = new WritingSessions();
  /** The position of the reader. */
  #seq = -1;
  /** The page that is being loaded. @type {Promise<void> | null} */
  #loading = null;
  #list = h("ol", {
    class: "history-list",
    "aria-label": "Writing sessions",
    onkeydown: (/** @type {KeyboardEvent} */ event) => this.#onKey(event),
  });
  #message = h("p", { class: "form-message", role: "status", hidden: true });
  #more = h(
    "button",
    { type: "button", class: "button", hidden: true, onclick: () => void this.#loadByButton() },
    "Load more",
  );
  element = h("div", { class: "history-sessions" }, this.#list, this.#message, this.#more);

  /**
   * @param {Api} api
   * @param {string} path of the document
   * @param {(seq: number) => void} onPick
   * @param {() => void} onShow other sessions are loaded
   */
  constructor(api, path, onPick, onShow) {
    this.#api = api;
    this.#path = `${path}writing-sessions/`;
    this.#onPick = onPick;
    this.#onShow = onShow;
  }

  /** The sessions that are loaded, the latest first. */
  get rows() {
    return this.#sessions.rows;
  }

  /** Load the next page; on an error show it and offer to try again. */
  load() {
    this.#loading ??= this.#loadPage().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  async #loadPage() {
    this.#more.disabled = true;
    this.#list.setAttribute("aria-busy", "true");
    try {
      const query = this.#next ?? "";
      const { results, next } = await this.#api.call(`${this.#path}${query}`);
      this.#next = next && new URL(next).search;
      this.#sessions.add(results);
      this.#show();
      this.#showMessage("");
      this.#offer(this.#next ? "Load more" : "");
      void this.#loadCounts(query);
    } catch (error) {
      this.#showMessage(error instanceof Error ? error.message : String(error), true);
      this.#offer("Try again");
    }
    this.#list.setAttribute("aria-busy", "false");
    this.#more.disabled = false;
  }

  /** Load the latest sessions again: the document has grown, or a version has got a name. */
  async refresh() {
    try {
      const query = `?limit=${PAGE_SIZE}`;
      const { results } = await this.#api.call(`${this.#path}${query}`);
      this.#sessions.replaceLatest(results);
      this.#show();
      void this.#loadCounts(query);
    } catch (error) {
      this.#showMessage(error instanceof Error ? error.message : String(error), true);
    }
  }

  /**
   * Load the character counts of a page, which may take the server longer than the page itself.
   * @param {string} query of the page
   */
  async #loadCounts(query) {
    const wanted = new URLSearchParams(query);
    wanted.set("letters", "true");
    try {
      const { results } = await this.#api.call(`${this.#path}?${wanted}`);
      this.#sessions.addCounts(results);
      this.#showCounts();
    } catch (error) {
      console.info("The characters of the sessions could not be counted:", error);
    }
  }

  /**
   * Mark the position of the reader.
   * @param {number} seq
   */
  mark(seq) {
    this.#seq = seq;
    /** @type {HTMLElement | null} */
    let current = null;
    for (const row of this.#rows()) {
      const isHere = row.dataset.first
        ? Number(row.dataset.first) <= seq && seq <= Number(row.dataset.seq)
        : Number(row.dataset.seq) === seq;
      row.setAttribute("aria-current", String(isHere));
      if (isHere) current ??= row;
    }
    this.#setTabStop(current ?? this.#rows()[0]);
    if (current && !this.#list.contains(document.activeElement)) {
      reveal(current, this.#list);
    }
  }

  /**
   * Return the end of the session before a position, loading what is needed; 0 before the first.
   * @param {number} seq
   */
  async before(seq) {
    for (;;) {
      const end = this.#sessions.endBefore(seq);
      if (end !== null || this.#next === null) return end ?? 0;
      const count = this.#sessions.rows.length;
      await this.load();
      if (this.#sessions.rows.length === count) return seq;
    }
  }

  /**
   * Return the end of the session after a position, null after the last one.
   * @param {number} seq
   */
  after(seq) {
    return this.#sessions.endAfter(seq);
  }

  /**
   * Return the named version of a state, the latest of several.
   * @param {number} seq
   */
  versionAt(seq) {
    return this.#sessions.versionAt(seq);
  }

  /**
   * Show a version that has got a name, or another one, or lost it.
   * @param {NamedVersion & {automatic: boolean}} version
   */
  async putVersion(version) {
    await this.before(version.seq);
    if (this.#sessions.putVersion(version)) this.#show();
    // The document has grown.
    else await this.refresh();
  }

  /**
   * Return the position before the session of an operation, or before the operation alone.
   * @param {number} seq
   */
  startOf(seq) {
    return this.#sessions.startOf(seq);
  }

  /**
   * Return the authors of changes after a position, loading what is needed.
   * @param {number} seq
   */
  async authorsSince(seq) {
    await this.before(seq + 1);
    return this.#sessions.authorsSince(seq);
  }

  /**
   * Return a person's display name.
   * @param {string} username
   */
  nameOf(username) {
    return this.#sessions.nameOf(username);
  }

  async #loadByButton() {
    const hadFocus = document.activeElement === this.#more;
    const count = this.#rows().length;
    await this.load();
    // A disabled button loses the focus, which goes to the new rows, or back to the button.
    if (hadFocus) (this.#rows()[count] ?? this.#more).focus();
  }

  /** @returns {HTMLElement[]} */
  #rows() {
    return [...this.#list.querySelectorAll(/** @type {"button"} */ (".history-row"))];
  }

  #show() {
    const focused = this.#rows().indexOf(/** @type {HTMLElement} */ (document.activeElement));
    /** @type {HTMLElement[]} */
    const items = [];
    let day = "";
    for (const session of this.#sessions.rows) {
      if (dayOf(session.last_at) !== day) {
        day = dayOf(session.last_at);
        items.push(h("li", { class: "history-day" }, h("h3", {}, day)));
      }
      items.push(h("li", {}, this.#sessionRow(session), ...this.#markRows(session)));
    }
    this.#list.replaceChildren(...items);
    this.#showCounts();
    this.mark(this.#seq);
    this.#rows()[focused]?.focus();
    this.#onShow();
  }

  /** Add the counts to the present rows, which stay: one of them may have the focus. */
  #showCounts() {
    const places = this.#list.querySelectorAll(".history-counts");
    this.#sessions.rows.forEach(({ letters }, index) => {
      places[index]?.replaceChildren(...(letters ? countElements(letters) : []));
    });
  }

  /** @param {WritingSession} session */
  #sessionRow(session) {
    const { first_seq: first, last_seq: last, began_at: began, last_at: at, authors } = session;
    const when = session.ongoing ? "now" : timeRange(began, at);
    const size = counted(session.operations, "change");
    return h(
      "button",
      {
        type: "button",
        class: "history-row",
        "data-first": first,
        "data-seq": last,
        tabindex: -1,
        "data-tooltip": new Date(at).toLocaleString(),
        onclick: () => this.#onPick(last),
      },
      h(
        "span",
        { class: "history-faces", "aria-hidden": "true" },
        ...authors.slice(0, 2).map(face),
      ),
      h(
        "span",
        { class: "history-words" },
        h("b", {}, authorNames(authors)),
        h("span", { class: "muted" }, `${when} · ${size}`, h("span", { class: "history-counts" })),
      ),
    );
  }

  /** @param {WritingSession} session */
  #markRows(session) {
    return marksOf(session).map(({ seq, icon: name, text }) =>
      h(
        "button",
        {
          type: "button",
          class: "history-row history-mark",
          "data-seq": seq,
          tabindex: -1,
          onclick: () => this.#onPick(seq),
        },
        icon(name),
        h("span", {}, text),
      ),
    );
  }

  /**
   * Move the focus between the rows, which are one tab stop.
   * @param {KeyboardEvent} event
   */
  #onKey(event) {
    const rows = this.#rows();
    const at = rows.indexOf(/** @type {HTMLElement} */ (event.target));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    const row = to === undefined ? null : rows[to];
    if (!row) return;
    event.preventDefault();
    this.#setTabStop(row);
    row.focus();
  }

  /** @param {HTMLElement | undefined} stop */
  #setTabStop(stop) {
    for (const row of this.#rows()) row.tabIndex = row === stop ? 0 : -1;
  }

  /** @param {string} label empty for no button */
  #offer(label) {
    this.#more.textContent = label;
    this.#more.hidden = label === "";
  }

  /**
   * @param {string} text
   * @param {boolean} [isError]
   */
  #showMessage(text, isError = false) {
    this.#message.textContent = text;
    this.#message.hidden = text === "";
    this.#message.classList.toggle("is-error", isError);
  }
}

/** @param {{added: number, removed: number}} counts */
function countElements(counts) {
  const { signs, words } = countsText(counts);
  return [
    " · ",
    h("span", { class: "history-signs", "aria-hidden": "true" }, signs),
    h("span", { class: "visually-hidden" }, words),
  ];
}

/** @param {Actor} author */
function face({ id, name }) {
  const key = id === null ? (name ?? "") : String(id);
  return h("span", { class: `avatar ${colourClass(key)}` }, initials(name ?? "?"));
}
