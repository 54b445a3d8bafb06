/** The title field: saved after a pause in typing, and kept over a reload until it is saved. */
import { ApiError } from "../lib/api.js";
import { debounced } from "../ui/dom.js";

const SAVE_PAUSE_MS = 600;
const RETRY_DELAY_MS = 3_000;

/**
 * The title field of one document. Dispatches `change` when `dirty` or the saved title changes,
 * `refused` with the error of a title that the server does not take, and `outdated` with a title
 * that an earlier page has not saved, when the document has another one by now.
 */
export class TitleField extends EventTarget {
  #input;
  #save;
  #key;
  /** The title as the server has it. */
  #saved;
  #saving = false;
  #scheduleSave = debounced(SAVE_PAUSE_MS, () => void this.flush());

  /**
   * @param {object} options
   * @param {HTMLTextAreaElement} options.input
   * @param {string} options.title as the server has it
   * @param {string} options.storageKey key of an unsaved title in the local storage
   * @param {(title: string) => Promise<string>} options.save returns the title as the server has stored it
   * @param {() => void} options.onEnter
   */
  constructor({ input, title, storageKey, save, onEnter }) {
    super();
    this.#input = input;
    this.#save = save;
    this.#key = storageKey;
    this.#saved = title;
    const kept = this.#kept();
    const isOutdated = kept !== null && kept.base !== null && kept.base !== title;
    this.#show(isOutdated ? title : (kept?.title ?? title));
    if (isOutdated) queueMicrotask(() => this.#onOutdated(kept.title));
    else if (this.dirty) void this.flush();
    input.addEventListener("input", () => this.#onInput());
    input.addEventListener("blur", () => void this.flush());
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      onEnter();
    });
  }

  /** Whether the field has a title that is not saved. */
  get dirty() {
    return this.#input.value.trim() !== this.#saved;
  }

  /**
   * Show a title that another person has saved, unless one is being typed here.
   * @param {string} title
   */
  accept(title) {
    if (this.dirty || this.#saving || document.activeElement === this.#input) return;
    this.#saved = title;
    this.#show(title);
  }

  /** Save the title now if it is not saved. */
  async flush() {
    if (!this.dirty || this.#saving || this.#input.readOnly) return;
    const wanted = this.#input.value.trim();
    this.#saving = true;
    try {
      this.#saved = await this.#save(wanted);
      if (this.#input.value.trim() === wanted && wanted !== this.#saved) this.#show(this.#saved);
    } catch (error) {
      this.#onFailure(error);
    } finally {
      this.#saving = false;
    }
    if (!this.dirty) localStorage.removeItem(this.#key);
    else if (this.#input.value.trim() !== wanted) this.#scheduleSave();
    this.dispatchEvent(new Event("change"));
  }

  #onInput() {
    this.#input.value = this.#input.value.replace(/\s*\n\s*/g, " ");
    if (this.dirty) this.#keep();
    else localStorage.removeItem(this.#key);
    document.title = `${this.#input.value || "Untitled"} · Scriptorium`;
    this.#scheduleSave();
    this.dispatchEvent(new Event("change"));
  }

  /** Allow or forbid changes; a title that waited for the right is saved now. @param {boolean} isReadOnly */
  setReadOnly(isReadOnly) {
    const isAllowedNow = this.#input.readOnly && !isReadOnly;
    this.#input.readOnly = isReadOnly;
    if (isAllowedNow) void this.flush();
  }

  /** Save this title, as if it were typed. @param {string} title */
  replace(title) {
    this.#show(title);
    this.#onInput();
    void this.flush();
  }

  /** Keep the title on this device, with the saved one that it was made of. */
  #keep() {
    const kept = { title: this.#input.value, base: this.#saved };
    localStorage.setItem(this.#key, JSON.stringify(kept));
  }

  /**
   * Return the title that an earlier page has kept; older pages kept no base.
   * @returns {{title: string, base: string | null} | null}
   */
  #kept() {
    const text = localStorage.getItem(this.#key);
    if (text === null) return null;
    try {
      const { title, base } = JSON.parse(text);
      if (typeof title === "string" && typeof base === "string") return { title, base };
    } catch {
      // A title as it is.
    }
    return { title: text, base: null };
  }

  /** @param {string} title */
  #onOutdated(title) {
    localStorage.removeItem(this.#key);
    if (title.trim() === this.#saved) return;
    this.dispatchEvent(new CustomEvent("outdated", { detail: title }));
  }

  /** @param {unknown} error */
  #onFailure(error) {
    const temporary = !(error instanceof ApiError) || error.status === 0 || error.status >= 500;
    if (temporary) {
      setTimeout(() => void this.flush(), RETRY_DELAY_MS);
    } else {
      this.#show(this.#saved);
      this.dispatchEvent(new CustomEvent("refused", { detail: error }));
    }
  }

  /** @param {string} title */
  #show(title) {
    this.#input.value = title;
    document.title = `${title || "Untitled"} · Scriptorium`;
  }
}
