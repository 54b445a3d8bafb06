/** The keeping dialog: how long versions and single changes stay, for owners. */
import { openDialog } from "../ui/dialog.js";
import { h } from "../ui/dom.js";
import { losses, toDays, toSeconds } from "./retention_text.js";
import { toast } from "../ui/toast.js";

/** @typedef {import("../lib/api.js").Api} Api */
/** @typedef {import("./retention_text.js").Keep} Keep */
/** @typedef {import("./retention_text.js").Settings} Settings */

const DAYS_MAX = 36_600;
/** From the youngest versions to the oldest. @type {[keyof Keep, string][]} */
const AGES = [
  ["all_s", "Every version for"],
  ["hourly_s", "then one an hour, up to"],
  ["daily_s", "then one a day, up to"],
];

/**
 * Open the dialog.
 * @param {Api} api
 * @param {string} documentId
 */
export function openRetention(api, documentId) {
  return new RetentionDialog(api, documentId).open();
}

/** One opening of the dialog. */
class RetentionDialog {
  #api;
  #path;
  /** What holds now. @type {Settings | null} */
  #settings = null;
  /** What waits for a yes. @type {object | null} */
  #waiting = null;
  #parts = parts();

  /**
   * @param {Api} api
   * @param {string} documentId
   */
  constructor(api, documentId) {
    this.#api = api;
    this.#path = `documents/${documentId}/history-settings/`;
  }

  open() {
    const { form, no, yes } = this.#parts;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
    form.addEventListener("input", () => this.#onInput());
    no.addEventListener("click", () => this.#leaveQuestion());
    yes.addEventListener("click", () => void this.#store(this.#waiting));
    const dialog = openDialog("What is kept", form, this.#parts.message, this.#parts.asking);
    void this.#load();
    return dialog;
  }

  async #load() {
    this.#say("Loading…");
    try {
      this.#show(await this.#api.call(this.#path));
      this.#say("");
    } catch (error) {
      this.#say(error instanceof Error ? error.message : String(error), true);
    }
  }

  /** @param {Settings} settings */
  #show(settings) {
    const { versions, ages, log, days, save } = this.#parts;
    this.#settings = settings;
    check(versions, settings.keep ? "own" : "server");
    for (const [name, input] of ages) input.value = toDays(settings.in_force.keep[name]);
    const { compact_after_days: own, in_force: inForce } = settings;
    check(log, own === null ? "server" : own === 0 ? "never" : "own");
    days.value = String(inForce.compact_after_days || 365);
    save.disabled = false;
    this.#onInput();
  }

  #onInput() {
    const { versions, ages, log, days } = this.#parts;
    for (const input of ages.values()) input.disabled = checked(versions) !== "own";
    days.disabled = checked(log) !== "own";
    this.#endQuestion();
  }

  /** Return what the form says, as the server takes it. */
  #wish() {
    const { versions, ages, log, days } = this.#parts;
    const own = AGES.map(([name]) => [name, toSeconds(ages.get(name)?.value ?? "")]);
    /** @type {Keep | null} */
    const keep = checked(versions) === "own" ? Object.fromEntries(own) : null;
    const choice = checked(log);
    const compactAfter = choice === "server" ? null : choice === "never" ? 0 : Number(days.value);
    return { keep, compact_after_days: compactAfter };
  }

  /** Store what says nothing away; ask before all else. */
  async #submit() {
    if (!this.#settings || this.#waiting) return;
    const wish = this.#wish();
    const lost = losses(this.#settings, wish);
    if (lost.length === 0) {
      await this.#store(wish);
      return;
    }
    const { asking, question, no, save } = this.#parts;
    this.#waiting = wish;
    question.textContent = lost.join(" ");
    asking.hidden = false;
    save.hidden = true;
    this.#say("");
    no.focus();
  }

  /** @param {object | null} wish */
  async #store(wish) {
    if (!wish) return;
    this.#endQuestion();
    try {
      await this.#api.call(this.#path, { method: "PATCH", body: wish });
      this.#parts.form.closest("dialog")?.close();
      toast("What is kept of this document is changed.");
    } catch (error) {
      this.#say(error instanceof Error ? error.message : String(error), true);
      this.#parts.save.focus();
    }
  }

  #leaveQuestion() {
    this.#endQuestion();
    this.#parts.save.focus();
  }

  #endQuestion() {
    this.#waiting = null;
    this.#parts.asking.hidden = true;
    this.#parts.save.hidden = false;
  }

  /**
   * @param {string} text
   * @param {boolean} [isError]
   */
  #say(text, isError = false) {
    const { message } = this.#parts;
    message.textContent = text;
    message.hidden = text === "";
    message.classList.toggle("is-error", isError);
  }
}

/** The elements of the dialog that something is done with. */
function parts() {
  const ages = new Map(AGES.map(([name, label]) => [name, daysField(label, KEEP_STEP)]));
  const versions = h(
    "fieldset",
    { class: "retention" },
    h("legend", {}, "Versions"),
    hint("Those with a name stay for ever, and so do the first and the latest. Of the others:"),
    choice("versions", "server", "as this server does"),
    choice("versions", "own", "as follows; one a week stays for ever"),
    ...AGES.map(([name, label]) => row(label, /** @type {HTMLInputElement} */ (ages.get(name)))),
  );
  const days = daysField("Give up changes that are older than", "1");
  days.min = "1";
  const log = h(
    "fieldset",
    { class: "retention" },
    h("legend", {}, "Single changes"),
    hint(
      "With every change kept, each moment can be seen again. Compaction gives up the changes of " +
        "long ago: of that time only the kept versions can be seen then. The text, who wrote it, " +
        "names and activity stay.",
    ),
    choice("log", "server", "as this server does"),
    choice("log", "never", "keep every change"),
    choice("log", "own", "compact"),
    row("what is older than", days),
  );
  const save = h("button", { type: "submit", class: "button primary", disabled: true }, "Save");
  const form = h(
    "form",
    { class: "stack" },
    versions,
    log,
    h("div", { class: "dialog-foot" }, save),
  );
  const question = h("p", { class: "retention-question", role: "alert" });
  const no = h("button", { type: "button", class: "button" }, "Cancel");
  const yes = h("button", { type: "button", class: "button primary" }, "Give it up");
  const asking = h("div", { class: "retention-asking", hidden: true }, question, no, yes);
  const message = h("p", { class: "form-message", role: "status", hidden: true });
  return { form, versions, ages, log, days, save, asking, question, no, yes, message };
}

/** Ages of versions may be less than a day. */
const KEEP_STEP = "any";

/** @param {string} text */
function hint(text) {
  return h("p", { class: "muted" }, text);
}

/**
 * @param {string} group
 * @param {string} value
 * @param {string} label
 */
function choice(group, value, label) {
  const input = h("input", { type: "radio", name: `retention-${group}`, value });
  return h("label", { class: "retention-choice" }, input, label);
}

/**
 * @param {string} label
 * @param {string} step
 */
function daysField(label, step) {
  const limits = { min: 0, max: DAYS_MAX, step, required: true };
  return h("input", {
    type: "number",
    class: "field",
    "aria-label": `${label}, in days`,
    ...limits,
  });
}

/**
 * @param {string} label
 * @param {HTMLInputElement} input
 */
function row(label, input) {
  return h(
    "div",
    { class: "retention-row" },
    h("span", { "aria-hidden": "true" }, label),
    input,
    "days",
  );
}

/**
 * @param {HTMLElement} group
 * @param {string} value
 */
function check(group, value) {
  const input = group.querySelector(/** @type {"input"} */ (`[value="${value}"]`));
  if (input) input.checked = true;
}

/** @param {HTMLElement} group */
function checked(group) {
  return group.querySelector(/** @type {"input"} */ (":checked"))?.value ?? "server";
}
