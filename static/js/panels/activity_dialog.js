/** The activity dialog: the events of a document, the latest first. */
import { colourClass, initials } from "../ui/colours.js";
import { actorOf, momentOf, runsOf, sentenceOf, timesText } from "../lib/activity_text.js";
import { openDialog } from "../ui/dialog.js";
import { h } from "../ui/dom.js";
import { ago, dayOf } from "../lib/time.js";

/** @typedef {import("../lib/api.js").Api} Api */
/** @typedef {import("../lib/activity_text.js").ActivityEvent} ActivityEvent */

const PAGE_SIZE = 30;

/**
 * @typedef {object} Context
 * @property {string} documentId
 * @property {string} selfId
 * @property {(seq: number) => void} onMoment shows a position in the history
 */

/**
 * Open the dialog.
 * @param {Api} api
 * @param {Context} context
 */
export function openActivity(api, context) {
  return new ActivityDialog(api, context).open();
}

/** One opening of the dialog. */
class ActivityDialog {
  #api;
  #selfId;
  #onMoment;
  #path;
  /** Query of the next page; null after the last one. @type {string | null} */
  #next = `?limit=${PAGE_SIZE}`;
  /** Ids of shown events: an ongoing writing session may come again on a later page. @type {Set<number>} */
  #shown = new Set();
  /** The day of the last row. */
  #day = "";
  #list = h("ol", { class: "activity-list", "aria-label": "Events", tabindex: "0" });
  #message = h("p", { class: "form-message", role: "status" });
  #more = h(
    "button",
    { type: "button", class: "button", hidden: true, onclick: () => void this.#load() },
    "Load more",
  );

  /**
   * @param {Api} api
   * @param {Context} context
   */
  constructor(api, context) {
    this.#api = api;
    this.#selfId = context.selfId;
    this.#onMoment = context.onMoment;
    this.#path = `documents/${context.documentId}/activity/`;
  }

  open() {
    const dialog = openDialog("Activity", this.#list, this.#message, this.#more);
    void this.#load();
    return dialog;
  }

  /** Load the next page; on an error show it and offer to try again. */
  async #load() {
    // A disabled button loses the focus, which goes to the new rows, or back to the button.
    const hadFocus = document.activeElement === this.#more;
    /** @type {HTMLElement} */
    let place = this.#more;
    this.#setBusy(true);
    this.#showMessage("Loading…");
    try {
      const { results, next } = await this.#api.call(`${this.#path}${this.#next}`);
      this.#next = next && new URL(next).search;
      place = this.#show(results) ?? this.#list;
    } catch (error) {
      this.#showMessage(error instanceof Error ? error.message : String(error), true);
      this.#offer("Try again");
    }
    this.#setBusy(false);
    if (hadFocus) place.focus();
  }

  /** @param {boolean} isBusy */
  #setBusy(isBusy) {
    this.#list.setAttribute("aria-busy", String(isBusy));
    this.#more.disabled = isBusy;
  }

  /**
   * Add rows; return the first one.
   * @param {ActivityEvent[]} events
   */
  #show(events) {
    const fresh = events.filter(({ id }) => !this.#shown.has(id));
    const rows = runsOf(fresh, dayOf).map((run) => this.#row(run));
    for (const { id } of fresh) this.#shown.add(id);
    this.#list.append(...rows);
    this.#showMessage(
      this.#shown.size === 0 ? "Nothing yet. Activity in this document will be listed here." : "",
    );
    if (this.#next) this.#offer("Load more");
    else this.#more.hidden = true;
    return rows[0];
  }

  /** @param {string} label */
  #offer(label) {
    this.#more.textContent = label;
    this.#more.hidden = false;
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

  /**
   * Return the heading of a day for its first row.
   * @param {string} at
   */
  #dayHeading(at) {
    const day = dayOf(at);
    if (day === this.#day) return [];
    this.#day = day;
    return [h("h3", { class: "activity-day" }, day)];
  }

  /**
   * Return the row of some equal events, the latest first.
   * @param {ActivityEvent[]} run
   */
  #row(run) {
    const event = /** @type {ActivityEvent} */ (run[0]);
    const { actor, at, detail } = event;
    const name = actorOf(event);
    const isSelf = String(actor.id) === this.#selfId;
    const when = h("time", { datetime: at }, ago(at));
    when.dataset.tooltip = exactTime(at, detail.began_at ?? run.at(-1)?.at);
    const key = actor.id === null ? name : String(actor.id);
    return h(
      "li",
      { class: "activity-row", tabindex: "-1", "data-kind": event.kind },
      ...this.#dayHeading(at),
      h("span", { class: `avatar ${colourClass(key)}`, "aria-hidden": "true" }, initials(name)),
      h(
        "p",
        { class: "activity-text" },
        h("b", {}, isSelf ? `${name} (you)` : name),
        ` ${sentenceOf(event)} ${timesText(run.length)}`,
        h("span", { class: "muted" }, when),
        ...this.#moment(event, isSelf ? `${name} (you)` : name),
      ),
    );
  }

  /**
   * Return the button that shows the moment of an event in the history, if it has one.
   * @param {ActivityEvent} event
   * @param {string} name
   */
  #moment(event, name) {
    const seq = momentOf(event);
    if (seq === null) return [];
    const onclick = () => {
      this.#list.closest("dialog")?.close();
      this.#onMoment(seq);
    };
    const label = `Show in the history: ${name} ${sentenceOf(event)}`;
    const button = { type: "button", class: "link-button", "aria-label": label, onclick };
    return [" ", h("button", button, "Show")];
  }
}

/**
 * Return the exact time, or range of times.
 * @param {string} at ISO 8601
 * @param {unknown} beganAt
 */
function exactTime(at, beganAt) {
  const end = new Date(at).toLocaleString();
  if (typeof beganAt !== "string") return end;
  const begin = new Date(beganAt).toLocaleString();
  return begin === end ? end : `${begin} to ${end}`;
}
