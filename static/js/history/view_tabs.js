/** The tabs of the history: the text, the changes of a session or since then, lost text. */
import { tabAfter } from "../ui/tabs.js";

/** One tab is selected and is the only tab stop; the arrow keys select (the tabs pattern of the APG). */
export class ViewTabs {
  #tabs;
  #onSelect;

  /**
   * @param {HTMLElement} list has a button with `data-view` for each view
   * @param {(view: string) => void} onSelect
   */
  constructor(list, onSelect) {
    this.#tabs = [...list.querySelectorAll(/** @type {"button"} */ ("[role=tab]"))];
    this.#onSelect = onSelect;
    for (const [at, tab] of this.#tabs.entries()) {
      tab.addEventListener("click", () => this.#select(tab));
      tab.addEventListener("keydown", (event) => this.#onKey(event, at));
    }
    this.#show(this.#tabs[0]);
  }

  /** @param {HTMLButtonElement} selected */
  #select(selected) {
    if (selected.getAttribute("aria-selected") === "true") return;
    this.#show(selected);
    this.#onSelect(selected.dataset.view ?? "");
  }

  /** @param {HTMLButtonElement | undefined} selected */
  #show(selected) {
    for (const tab of this.#tabs) {
      tab.setAttribute("aria-selected", String(tab === selected));
      tab.tabIndex = tab === selected ? 0 : -1;
    }
    // Several tabs have one panel.
    const panel = document.getElementById(selected?.getAttribute("aria-controls") ?? "");
    panel?.setAttribute("aria-labelledby", selected?.id ?? "");
  }

  /**
   * @param {KeyboardEvent} event
   * @param {number} at
   */
  #onKey(event, at) {
    const to = this.#tabs[tabAfter(event.key, at, this.#tabs.length) ?? -1];
    if (!to) return;
    event.preventDefault();
    this.#select(to);
    to.focus();
  }
}
