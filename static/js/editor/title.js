/**
 * The title field: saved after a pause in typing, and kept over a reload until it is saved.
 *
 * An unsaved title is bound to the one that it was made of. If another person has given the document
 * a title meanwhile, that one stands, and the person is told.
 */
import { ApiError } from "../lib/api.js";
import { debounced } from "../ui/dom.js";

const SAVE_PAUSE_MS = 600;
const RETRY_DELAY_MS = 3_000;

/**
 * The title field of one document. Dispatches `change` when `dirty` or the saved title changes,
 * `refused` when the server does not take a title, and `overtaken`, with the unsaved one, when another
 * person's title stands in its place.
 */
export class TitleField extends EventTarget {
  #input;
  #save;
  #read;
  #key;
  /** Whether the last attempt has failed: the title may be another one since. */
  #hasFailed = false;
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
   * @param {() => Promise<string>} options.read returns the title as the server has it
   * @param {() => void} options.onEnter
   */
  constructor({ input, title, storageKey, save, read, onEnter }) {
    super();
    this.#input = input;
    this.#save = save;
    this.#read = read;
    this.#key = storageKey;
    this.#saved = title;
    const kept = keptTitle(localStorage.getItem(storageKey), title);
    this.#show(kept.title);
    // Before anything saves it; nobody listens to the event yet.
    if (kept.base !== title) this.#overtake(title, queueMicrotask);
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

  /** Show a title as if it was typed, and save it. @param {string} title */
  async rename(title) {
    this.#input.value = title;
    this.#onInput();
    await this.flush();
  }

  /** Save the title now if it is not saved. */
  async flush() {
    if (!this.dirty || this.#saving || this.#input.readOnly) return;
    const wanted = this.#input.value.trim();
    this.#saving = true;
    try {
      if (this.#hasFailed) {
        const current = await this.#read();
        this.#hasFailed = false;
        if (current !== this.#saved && current !== wanted) {
          this.#overtake(current);
          return;
        }
      }
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
    const kept = { title: this.#input.value, base: this.#saved };
    if (this.dirty) localStorage.setItem(this.#key, JSON.stringify(kept));
    else localStorage.removeItem(this.#key);
    document.title = `${this.#input.value || "Untitled"} · Scriptorium`;
    this.#scheduleSave();
    this.dispatchEvent(new Event("change"));
  }

  /** @param {unknown} error */
  #onFailure(error) {
    const temporary = !(error instanceof ApiError) || error.status === 0 || error.status >= 500;
    if (temporary) {
      this.#hasFailed = true;
      setTimeout(() => void this.flush(), RETRY_DELAY_MS);
    } else {
      this.#show(this.#saved);
      this.dispatchEvent(new CustomEvent("refused", { detail: error }));
    }
  }

  /**
   * Show another person's title in place of the unsaved one.
   * @param {string} title
   * @param {(report: () => void) => void} [soon] calls the report of it
   */
  #overtake(title, soon = (report) => report()) {
    const kept = this.#input.value.trim();
    this.#saved = title;
    this.#show(title);
    localStorage.removeItem(this.#key);
    soon(() => {
      if (kept !== title) this.dispatchEvent(new CustomEvent("overtaken", { detail: kept }));
      this.dispatchEvent(new Event("change"));
    });
  }

  /** @param {string} title */
  #show(title) {
    this.#input.value = title;
    document.title = `${title || "Untitled"} · Scriptorium`;
  }
}

/**
 * Return the unsaved title that is stored and the one that it was made of. An earlier release stored
 * the title alone. Without any it is the server's.
 * @param {string | null} stored
 * @param {string} title as the server has it
 * @returns {{title: string, base: string}}
 */
function keptTitle(stored, title) {
  if (stored === null) return { title, base: title };
  try {
    const kept = JSON.parse(stored);
    if (typeof kept?.title === "string" && typeof kept.base === "string") return kept;
  } catch {
    // The title alone.
  }
  return { title: stored, base: title };
}
