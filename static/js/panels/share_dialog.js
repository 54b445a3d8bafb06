/** The share dialog: lists, adds, changes and removes permissions. */
import { colourClass, initials } from "../ui/colours.js";
import { openDialog } from "../ui/dialog.js";
import { debounced, h, icon } from "../ui/dom.js";
import { fromTemplate, partsOf } from "../ui/template.js";

/** @typedef {import("../lib/api.js").Api} Api */
/** @typedef {import("../lib/api.js").Person} Person */

/**
 * @typedef {object} Permission
 * @property {number} id
 * @property {Person | null} user
 * @property {string | null} group
 * @property {string} role
 */

const ROLES = ["viewer", "commenter", "editor", "owner"];
const SEARCH_PAUSE_MS = 200;

/**
 * Return the option that an arrow key leads to; with none selected (-1), the first or the last.
 * @param {number} active
 * @param {string} key `ArrowDown` or `ArrowUp`
 * @param {number} count
 */
export function nextOption(active, key, count) {
  if (key === "ArrowDown") return (active + 1) % count;
  return active > 0 ? active - 1 : count - 1;
}

/**
 * Open the dialog.
 * @param {Api} api
 * @param {{documentId: string, selfId: string, manageOwner: boolean}} context
 */
export function openShare(api, context) {
  return new ShareDialog(api, context).open();
}

/** One opening of the dialog. */
class ShareDialog {
  #api;
  #context;
  #path;
  #settingsPath;
  #root = fromTemplate("share-template");
  #parts = partsOf(this.#root, {
    form: HTMLFormElement,
    search: HTMLInputElement,
    suggestions: HTMLElement,
    role: HTMLSelectElement,
    message: HTMLElement,
    list: HTMLElement,
    historyAccessRow: HTMLElement,
    historyAccess: HTMLInputElement,
  });
  /** @type {Person[]} */
  #found = [];
  #active = -1;

  /**
   * @param {Api} api
   * @param {{documentId: string, selfId: string, manageOwner: boolean}} context
   */
  constructor(api, context) {
    this.#api = api;
    this.#context = context;
    this.#path = `documents/${context.documentId}/permissions/`;
    this.#settingsPath = `documents/${context.documentId}/history-settings/`;
    this.#parts.role.append(...this.#roleOptions("editor"));
  }

  open() {
    const search = debounced(SEARCH_PAUSE_MS, () => void this.#suggest());
    this.#parts.search.addEventListener("input", search);
    this.#parts.search.addEventListener("keydown", (event) => this.#onKey(event));
    this.#parts.search.addEventListener("blur", () => this.#show([]));
    this.#parts.form.addEventListener("submit", (event) => this.#onSubmit(event));
    this.#parts.historyAccess.addEventListener("change", () => void this.#changeHistoryAccess());
    const dialog = openDialog("Share", this.#root);
    void this.#reload();
    if (this.#context.manageOwner) void this.#showHistoryAccess();
    return dialog;
  }

  /** Show whether viewers may see the history, which owners decide. */
  async #showHistoryAccess() {
    try {
      const { viewers_may_look: mayViewersSee } = await this.#api.call(this.#settingsPath);
      this.#parts.historyAccess.checked = mayViewersSee;
      this.#parts.historyAccessRow.hidden = false;
    } catch (error) {
      this.#showMessage(error instanceof Error ? error.message : String(error), true);
    }
  }

  async #changeHistoryAccess() {
    const mayViewersSee = this.#parts.historyAccess.checked;
    this.#showMessage("");
    try {
      const body = { viewers_may_look: mayViewersSee };
      await this.#api.call(this.#settingsPath, { method: "PATCH", body });
      this.#showMessage(
        mayViewersSee
          ? "Viewers can now see the history."
          : "Viewers can now see the present document only.",
      );
    } catch (error) {
      this.#parts.historyAccess.checked = !mayViewersSee;
      this.#showMessage(error instanceof Error ? error.message : String(error), true);
    }
  }

  /**
   * Make a change, then show the new list, or the error.
   * @param {() => Promise<unknown>} change
   * @param {string} done
   */
  async #change(change, done) {
    this.#showMessage("");
    try {
      await change();
      this.#showMessage(done);
    } catch (error) {
      this.#showMessage(error instanceof Error ? error.message : String(error), true);
    }
    await this.#reload();
  }

  async #reload() {
    try {
      const answer = await this.#api.call(this.#path);
      /** @type {Permission[]} */
      const permissions = answer.results ?? answer;
      this.#parts.list.replaceChildren(...permissions.map((permission) => this.#row(permission)));
    } catch (error) {
      this.#showMessage(error instanceof Error ? error.message : String(error), true);
    }
  }

  /**
   * @param {string} text
   * @param {boolean} [isError]
   */
  #showMessage(text, isError = false) {
    this.#parts.message.textContent = text;
    this.#parts.message.classList.toggle("is-error", isError);
  }

  /** @param {Permission} permission */
  #row({ id, user, group, role }) {
    const name = user ? user.name || user.username : (group ?? "");
    const isSelf = user !== null && String(user.id) === this.#context.selfId;
    const label = `Role of ${name}`;
    const select = h("select", { class: "field role", "aria-label": label });
    select.append(...this.#roleOptions(role));
    const mayChange = role !== "owner" || this.#context.manageOwner;
    select.disabled = !mayChange;
    const path = `${this.#path}${id}/`;
    select.addEventListener("change", () => {
      const body = { role: select.value };
      void this.#change(
        () => this.#api.call(path, { method: "PATCH", body }),
        `The role of ${name} is now ${select.value}.`,
      );
    });
    const remove = h(
      "button",
      {
        type: "button",
        class: "icon-button",
        "aria-label": `Remove ${name}`,
        title: `Remove ${name}`,
        disabled: !mayChange,
        onclick: () =>
          void this.#change(
            () => this.#api.call(path, { method: "DELETE" }),
            `${name} no longer has access.`,
          ),
      },
      icon("x"),
    );
    const key = user ? String(user.id) : `group ${group}`;
    return h(
      "li",
      { class: "share-row" },
      h("span", { class: `avatar ${colourClass(key)}`, "aria-hidden": "true" }, initials(name)),
      h(
        "span",
        { class: "share-name" },
        h("span", {}, isSelf ? `${name} (you)` : name),
        h("span", { class: "muted" }, user ? `@${user.username}` : "Group"),
      ),
      select,
      remove,
    );
  }

  /** @param {string} role the selected one */
  #roleOptions(role) {
    return ROLES.map((name) => {
      const disabled = name === "owner" && !this.#context.manageOwner;
      const text = name.charAt(0).toUpperCase() + name.slice(1);
      return h("option", { value: name, selected: name === role, disabled }, text);
    });
  }

  // --- finding people --------------------------------------------------------------------------

  async #suggest() {
    const search = this.#parts.search.value.trim();
    if (search.length < 2) {
      this.#show([]);
      return;
    }
    try {
      const answer = await this.#api.call(`users/?search=${encodeURIComponent(search)}`);
      if (this.#parts.search.value.trim() === search) this.#show(answer.results ?? answer);
    } catch (error) {
      this.#showMessage(error instanceof Error ? error.message : String(error), true);
    }
  }

  /** @param {Person[]} people */
  #show(people) {
    this.#found = people.slice(0, 6);
    this.#active = -1;
    const options = this.#found.map((person, index) =>
      h(
        "li",
        {
          id: `share-suggestion-${index}`,
          role: "option",
          "aria-selected": "false",
          // At pointerdown, before the field loses the focus and closes the list.
          onpointerdown: (/** @type {Event} */ event) => {
            event.preventDefault();
            this.#choose(person);
          },
        },
        h("span", {}, person.name),
        h("span", { class: "muted" }, `@${person.username}`),
      ),
    );
    this.#parts.suggestions.replaceChildren(...options);
    this.#parts.suggestions.hidden = options.length === 0;
    this.#parts.search.setAttribute("aria-expanded", String(options.length > 0));
    this.#parts.search.removeAttribute("aria-activedescendant");
  }

  /** @param {Person} person */
  #choose(person) {
    this.#parts.search.value = person.username;
    this.#show([]);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (this.#found.length === 0) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      this.#activate(nextOption(this.#active, event.key, this.#found.length));
    } else if (event.key === "Enter" && this.#active >= 0) {
      event.preventDefault();
      const person = this.#found[this.#active];
      if (person) this.#choose(person);
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      this.#show([]);
    }
  }

  /** @param {number} index */
  #activate(index) {
    this.#active = index;
    [...this.#parts.suggestions.children].forEach((option, at) =>
      option.setAttribute("aria-selected", String(at === index)),
    );
    this.#parts.search.setAttribute("aria-activedescendant", `share-suggestion-${index}`);
  }

  /** @param {Event} event */
  #onSubmit(event) {
    event.preventDefault();
    const user = this.#parts.search.value.trim();
    if (!user) {
      this.#parts.search.focus();
      return;
    }
    const role = this.#parts.role.value;
    void this.#change(async () => {
      await this.#api.call(this.#path, { method: "POST", body: { user, role } });
      this.#parts.search.value = "";
      this.#show([]);
    }, `The role of ${user} is now ${role}.`);
  }
}
