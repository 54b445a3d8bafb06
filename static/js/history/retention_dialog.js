/** The retention dialog: how long versions and single changes are kept, for owners. */
import { openDialog } from "../ui/dialog.js";
import { fromTemplate, partsOf } from "../ui/template.js";
import { losses, toDays, toSeconds } from "./retention_text.js";
import { toast } from "../ui/toast.js";

/** @typedef {import("../lib/api.js").Api} Api */
/** @typedef {import("./retention_text.js").Keep} Keep */
/** @typedef {import("./retention_text.js").Settings} Settings */

/** The ages of versions in the form, from the youngest to the oldest. @type {(keyof Keep)[]} */
const AGES = ["all_s", "hourly_s", "daily_s"];

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
  /** The present settings. @type {Settings | null} */
  #settings = null;
  /** Settings that wait for a confirmation. @type {object | null} */
  #unconfirmed = null;
  #root = fromTemplate("retention-template");
  #parts = partsOf(this.#root, {
    form: HTMLFormElement,
    versions: HTMLFieldSetElement,
    all_s: HTMLInputElement,
    hourly_s: HTMLInputElement,
    daily_s: HTMLInputElement,
    log: HTMLFieldSetElement,
    days: HTMLInputElement,
    more: HTMLDetailsElement,
    save: HTMLButtonElement,
    message: HTMLElement,
    asking: HTMLElement,
    question: HTMLElement,
    no: HTMLButtonElement,
    yes: HTMLButtonElement,
  });

  /**
   * @param {Api} api
   * @param {string} documentId
   */
  constructor(api, documentId) {
    this.#api = api;
    this.#path = `documents/${documentId}/history-settings/`;
  }

  open() {
    const { form, more, no, yes } = this.#parts;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
    form.addEventListener("input", () => this.#onInput());
    // A folded field cannot show what is wrong with it.
    form.addEventListener("invalid", () => (more.open = true), { capture: true });
    no.addEventListener("click", () => this.#leaveQuestion());
    yes.addEventListener("click", () => void this.#store(this.#unconfirmed));
    const dialog = openDialog("Retention settings", this.#root);
    void this.#load();
    return dialog;
  }

  async #load() {
    this.#showMessage("Loading…");
    try {
      this.#show(await this.#api.call(this.#path));
      this.#showMessage("");
    } catch (error) {
      this.#showMessage(error instanceof Error ? error.message : String(error), true);
    }
  }

  /** @param {Settings} settings */
  #show(settings) {
    const { versions, log, days, more, save } = this.#parts;
    this.#settings = settings;
    more.open = settings.keep !== null;
    check(versions, settings.keep ? "own" : "server");
    for (const name of AGES) this.#parts[name].value = toDays(settings.in_force.keep[name]);
    const { compact_after_days: own, in_force: inForce } = settings;
    check(log, own === null ? "server" : own === 0 ? "never" : "own");
    days.value = String(inForce.compact_after_days || 365);
    save.disabled = false;
    this.#onInput();
  }

  #onInput() {
    const { versions, log, days } = this.#parts;
    for (const name of AGES) this.#parts[name].disabled = checked(versions) !== "own";
    days.disabled = checked(log) !== "own";
    this.#endQuestion();
  }

  /** Return the settings of the form, as the server expects them. */
  #entered() {
    const { versions, log, days } = this.#parts;
    const own = AGES.map((name) => [name, toSeconds(this.#parts[name].value)]);
    /** @type {Keep | null} */
    const keep = checked(versions) === "own" ? Object.fromEntries(own) : null;
    const choice = checked(log);
    const compactAfter = choice === "server" ? null : choice === "never" ? 0 : Number(days.value);
    return { keep, compact_after_days: compactAfter };
  }

  /** Store settings that keep at least as much; ask before others. */
  async #submit() {
    if (!this.#settings || this.#unconfirmed) return;
    const settings = this.#entered();
    const lost = losses(this.#settings, settings);
    if (lost.length === 0) {
      await this.#store(settings);
      return;
    }
    const { asking, question, no, save } = this.#parts;
    this.#unconfirmed = settings;
    question.textContent = lost.join(" ");
    asking.hidden = false;
    save.hidden = true;
    this.#showMessage("");
    no.focus();
  }

  /** @param {object | null} settings */
  async #store(settings) {
    if (!settings) return;
    this.#endQuestion();
    try {
      await this.#api.call(this.#path, { method: "PATCH", body: settings });
      this.#parts.form.closest("dialog")?.close();
      toast("Retention settings saved.");
    } catch (error) {
      this.#showMessage(error instanceof Error ? error.message : String(error), true);
      this.#parts.save.focus();
    }
  }

  #leaveQuestion() {
    this.#endQuestion();
    this.#parts.save.focus();
  }

  #endQuestion() {
    this.#unconfirmed = null;
    this.#parts.asking.hidden = true;
    this.#parts.save.hidden = false;
  }

  /**
   * @param {string} text
   * @param {boolean} [isError]
   */
  #showMessage(text, isError = false) {
    const { message } = this.#parts;
    message.textContent = text;
    message.hidden = text === "";
    message.classList.toggle("is-error", isError);
  }
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
