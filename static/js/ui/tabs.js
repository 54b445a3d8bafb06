/** Tabs on a narrow screen: one of several panes is shown at a time (the tabs pattern of the APG). */

/**
 * @typedef {object} Pane
 * @property {HTMLButtonElement} tab
 * @property {HTMLElement} panel
 */

/**
 * Return the place of the tab that a key leads to, null for a key that leads nowhere. Pure.
 * @param {string} key
 * @param {number} at
 * @param {number} count
 */
export function tabAfter(key, at, count) {
  if (key === "ArrowRight") return (at + 1) % count;
  if (key === "ArrowLeft") return (at + count - 1) % count;
  if (key === "Home") return 0;
  return key === "End" ? count - 1 : null;
}

/**
 * Panes beside each other; while a media query matches, tabs with one of them shown.
 *
 * `data-shown` of the root names the pane for the style sheet, which hides the others and, on a wide
 * screen, the tabs. The panes have no roles of tabs there.
 */
export class Tabs {
  #root;
  #panes;
  #query;
  #shown;
  #onShown;

  /**
   * @param {HTMLElement} root
   * @param {Record<string, Pane>} panes
   * @param {string} shown
   * @param {MediaQueryList} query
   * @param {() => void} onShown another pane is on the screen
   */
  constructor(root, panes, shown, query, onShown) {
    this.#root = root;
    this.#panes = panes;
    this.#shown = shown;
    this.#query = query;
    this.#onShown = onShown;
    for (const [name, { tab }] of Object.entries(panes)) {
      tab.addEventListener("click", () => this.show(name));
      tab.addEventListener("keydown", (event) => this.#onKey(event, name));
    }
    query.addEventListener("change", this.#refresh);
    this.#refresh();
  }

  close() {
    this.#query.removeEventListener("change", this.#refresh);
  }

  /** Whether only one of the panes is on the screen. */
  get isNarrow() {
    return this.#query.matches;
  }

  /** @param {string} name */
  show(name) {
    this.#shown = name;
    this.#refresh();
    this.#onShown();
  }

  /**
   * Show a pane on a narrow screen, with the focus on its tab: what had it may be hidden now.
   * @param {string} name
   */
  goTo(name) {
    if (!this.isNarrow) return;
    this.show(name);
    this.#panes[name]?.tab.focus();
  }

  #refresh = () => {
    this.#root.dataset.shown = this.#shown;
    for (const [name, { tab, panel }] of Object.entries(this.#panes)) {
      tab.setAttribute("aria-selected", String(name === this.#shown));
      tab.tabIndex = name === this.#shown ? 0 : -1;
      if (this.isNarrow) {
        panel.setAttribute("role", "tabpanel");
        panel.setAttribute("aria-labelledby", tab.id);
      } else {
        panel.removeAttribute("role");
        panel.removeAttribute("aria-labelledby");
      }
    }
  };

  /**
   * @param {KeyboardEvent} event
   * @param {string} name
   */
  #onKey(event, name) {
    const names = Object.keys(this.#panes);
    const to = names[tabAfter(event.key, names.indexOf(name), names.length) ?? -1];
    if (to === undefined) return;
    event.preventDefault();
    this.show(to);
    this.#panes[to]?.tab.focus();
  }
}
