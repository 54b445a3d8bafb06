/** The list of sessions in the history: who wrote when, with the names and ways back of each. */
import { colourClass, initials } from "../ui/colours.js";
import { counted, restoredOf } from "../lib/activity_text.js";
import { h, icon } from "../ui/dom.js";
import { dayOf, span } from "../lib/time.js";

/** @typedef {import("../lib/api.js").Api} Api */
/** @typedef {{id: number | null, username: string | null, name: string | null}} Actor */

/** A version with a name. @typedef {{number: number, seq: number, name: string, created_at: string}} Named */

/**
 * A row of `documents/{id}/writing-sessions/`.
 * @typedef {object} WritingSession
 * @property {number} first_seq
 * @property {number} last_seq
 * @property {number} operations
 * @property {string} began_at
 * @property {string} last_at
 * @property {boolean} ongoing
 * @property {Actor[]} authors
 * @property {{added: number, removed: number} | null} letters
 * @property {Named[]} versions
 * @property {{operation_seq: number, seq: number, number: number | null, part: boolean, at: string, actor: Actor}[]} restores
 */

const PAGE = 30;

/** The list, page by page. */
export class SessionList {
  #api;
  #path;
  #onPick;
  /** Query of the next page; null after the last one. @type {string | null} */
  #next = `?limit=${PAGE}`;
  /** The latest first. @type {WritingSession[]} */
  #sessions = [];
  #here = -1;
  /** The page that is on its way. @type {Promise<void> | null} */
  #loading = null;
  #list = h("ol", {
    class: "history-list",
    "aria-label": "Sessions of writing",
    onkeydown: (/** @type {KeyboardEvent} */ event) => this.#move(event),
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
   */
  constructor(api, path, onPick) {
    this.#api = api;
    this.#path = `${path}writing-sessions/`;
    this.#onPick = onPick;
  }

  /** Load the next page, or say what went wrong and offer to try again. */
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
      this.#sessions.push(...results);
      this.#show();
      this.#say("");
      this.#offer(this.#next ? "Load more" : "");
      void this.#loadCharacterCounts(query);
    } catch (error) {
      this.#say(error instanceof Error ? error.message : String(error), true);
      this.#offer("Try again");
    }
    this.#list.setAttribute("aria-busy", "false");
    this.#more.disabled = false;
  }

  /** Read the latest sessions anew: the document has grown, or a moment has got a name. */
  async refresh() {
    try {
      const query = `?limit=${PAGE}`;
      const { results } = await this.#api.call(`${this.#path}${query}`);
      this.#copyCharacterCounts(results, this.#sessions);
      const oldest = results.at(-1)?.first_seq ?? 0;
      // Rows that two pages both have are those of the new one.
      const kept = this.#sessions.filter((session) => session.last_seq < oldest);
      this.#sessions = [...results, ...kept];
      this.#show();
      void this.#loadCharacterCounts(query);
    } catch (error) {
      this.#say(error instanceof Error ? error.message : String(error), true);
    }
  }

  /**
   * Add how many letters came and went: the server may need longer for it than for the list.
   * @param {string} query of the page
   */
  async #loadCharacterCounts(query) {
    const wanted = new URLSearchParams(query);
    wanted.set("letters", "true");
    try {
      const { results } = await this.#api.call(`${this.#path}?${wanted}`);
      this.#copyCharacterCounts(this.#sessions, results);
      this.#showCharacterCounts();
    } catch (error) {
      console.info("How many letters were written could not be asked:", error);
    }
  }

  /**
   * Give sessions the counts of those that are the same.
   * @param {WritingSession[]} sessions
   * @param {WritingSession[]} counted
   */
  #copyCharacterCounts(sessions, counted) {
    const known = new Map(counted.map((session) => [keyOf(session), session.letters]));
    for (const session of sessions) session.letters ??= known.get(keyOf(session)) ?? null;
  }

  /**
   * Mark where the reader is.
   * @param {number} seq
   */
  mark(seq) {
    this.#here = seq;
    /** @type {HTMLElement | null} */
    let current = null;
    for (const row of this.#rows()) {
      const isHere = row.dataset.first
        ? Number(row.dataset.first) <= seq && seq <= Number(row.dataset.seq)
        : Number(row.dataset.seq) === seq;
      row.setAttribute("aria-current", String(isHere));
      if (isHere) current ??= row;
    }
    this.#offerTab(current ?? this.#rows()[0]);
    if (current && !this.#list.contains(document.activeElement)) {
      current.scrollIntoView({ block: "nearest" });
    }
  }

  /**
   * Return the end of the session before a moment, loading what is needed; 0 before the first.
   * @param {number} seq
   */
  async before(seq) {
    const find = () => this.#sessions.find(({ last_seq: last }) => last < seq);
    for (let found = find(); ; found = find()) {
      if (found || this.#next === null) return found?.last_seq ?? 0;
      const known = this.#sessions.length;
      await this.load();
      if (this.#sessions.length === known) return seq;
    }
  }

  /**
   * Return the end of the session after a moment, null after the last one.
   * @param {number} seq
   */
  after(seq) {
    return this.#sessions.findLast(({ last_seq: last }) => last > seq)?.last_seq ?? null;
  }

  /**
   * Return the version with a name of a moment, the latest of several.
   * @param {number} seq
   * @returns {Named | null}
   */
  versionAt(seq) {
    const versions = this.#sessions.flatMap((session) => session.versions);
    return versions.find((version) => version.seq === seq) ?? null;
  }

  /**
   * Take in that a version has got a name, or another one, or lost it.
   * @param {Named & {automatic: boolean}} version
   */
  async putVersion(version) {
    await this.before(version.seq);
    const place = this.#sessions.findLast(({ last_seq: last }) => version.seq <= last);
    if (!place) {
      await this.refresh(); // the document has grown
      return;
    }
    const others = place.versions.filter(({ number }) => number !== version.number);
    const all = version.automatic ? others : [...others, version];
    place.versions = all.sort((a, b) => b.seq - a.seq || b.number - a.number);
    this.#show();
  }

  /**
   * Return the moment before the session that a moment is in, or before its operation alone.
   * @param {number} seq
   */
  startOf(seq) {
    const session = this.#sessions.find(
      ({ first_seq: first, last_seq: last }) => first <= seq && seq <= last,
    );
    return Math.max(0, (session?.first_seq ?? seq) - 1);
  }

  /**
   * Return who has written after a moment, loading what is needed.
   * @param {number} seq
   */
  async authorsSince(seq) {
    await this.before(seq + 1);
    /** @type {Map<number, {id: number, name: string}>} */
    const people = new Map();
    for (const { last_seq: last, authors } of this.#sessions) {
      if (last <= seq) continue;
      for (const { id, name } of authors) {
        if (id !== null) people.set(id, { id, name: name ?? "Somebody" });
      }
    }
    return [...people.values()];
  }

  /**
   * Return the name that others see of somebody.
   * @param {string} username
   */
  nameOf(username) {
    for (const { authors } of this.#sessions) {
      const author = authors.find((each) => each.username === username);
      if (author?.name) return author.name;
    }
    return username || "Somebody";
  }

  async #loadByButton() {
    const hadFocus = document.activeElement === this.#more;
    const known = this.#rows().length;
    await this.load();
    // A button that is switched off loses the focus: it goes on to the new rows, or comes back.
    if (hadFocus) (this.#rows()[known] ?? this.#more).focus();
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
    for (const session of this.#sessions) {
      if (dayOf(session.last_at) !== day) {
        day = dayOf(session.last_at);
        items.push(h("li", { class: "history-day" }, h("h3", {}, day)));
      }
      items.push(h("li", {}, this.#row(session), ...this.#marks(session)));
    }
    this.#list.replaceChildren(...items);
    this.#showCharacterCounts();
    this.mark(this.#here);
    this.#rows()[focused]?.focus();
  }

  /** Fill in what came later than the rows, which stay: somebody may be about to press one. */
  #showCharacterCounts() {
    const places = this.#list.querySelectorAll(".history-counts");
    this.#sessions.forEach(({ letters }, index) =>
      places[index]?.replaceChildren(...characterCountsOf(letters)),
    );
  }

  /** @param {WritingSession} session */
  #row({ first_seq: first, last_seq: last, operations, began_at: began, last_at: at, ...more }) {
    const names = more.authors.map(({ name }) => name ?? "Somebody").join(", ");
    const size = counted(operations, "change");
    const when = more.ongoing ? "now" : span(began, at);
    const faces = more.authors.slice(0, 2).map((author) => face(author));
    return h(
      "button",
      {
        type: "button",
        class: "history-row",
        "data-first": first,
        "data-seq": last,
        tabindex: -1,
        title: new Date(at).toLocaleString(),
        onclick: () => this.#onPick(last),
      },
      h("span", { class: "history-faces", "aria-hidden": "true" }, ...faces),
      h(
        "span",
        { class: "history-words" },
        h("b", {}, names),
        h("span", { class: "muted" }, `${when} · ${size}`, h("span", { class: "history-counts" })),
      ),
    );
  }

  /**
   * The names and ways back of a session, the latest first.
   * @param {WritingSession} session
   */
  #marks({ versions, restores }) {
    const rows = [
      ...versions.map(({ number, seq, name }) => ({
        seq,
        sign: "bookmark",
        text: name || `Version ${number}`,
      })),
      ...restores.map(({ operation_seq: at, actor, ...detail }) => ({
        seq: at,
        sign: "rotate-ccw",
        text: `${actor.name ?? "Somebody"} ${restoredOf(detail)}`,
      })),
    ].sort((a, b) => b.seq - a.seq);
    return rows.map(({ seq, sign, text }) =>
      h(
        "button",
        {
          type: "button",
          class: "history-row history-mark",
          "data-seq": seq,
          tabindex: -1,
          onclick: () => this.#onPick(seq),
        },
        icon(sign),
        h("span", {}, text),
      ),
    );
  }

  /**
   * The arrows go through the rows, of which Tab finds one.
   * @param {KeyboardEvent} event
   */
  #move(event) {
    const rows = this.#rows();
    const here = rows.indexOf(/** @type {HTMLElement} */ (event.target));
    const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: rows.length - 1 }[event.key];
    const row = to === undefined ? null : rows[to];
    if (!row) return;
    event.preventDefault();
    this.#offerTab(row);
    row.focus();
  }

  /** @param {HTMLElement | undefined} row */
  #offerTab(row) {
    for (const each of this.#rows()) each.tabIndex = each === row ? 0 : -1;
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
  #say(text, isError = false) {
    this.#message.textContent = text;
    this.#message.hidden = text === "";
    this.#message.classList.toggle("is-error", isError);
  }
}

/** @param {WritingSession} session */
function keyOf({ first_seq: first, last_seq: last }) {
  return `${first}-${last}`;
}

/**
 * How much was written, in signs for the eye and in words for the ear.
 * @param {WritingSession["letters"]} letters
 */
function characterCountsOf(letters) {
  if (!letters) return [];
  const { added, removed } = letters;
  const signs = `+${added.toLocaleString("en")} −${removed.toLocaleString("en")}`;
  const words = `${counted(added, "letter")} added, ${removed.toLocaleString("en")} removed`;
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
