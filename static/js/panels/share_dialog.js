/** The share dialog: lists, adds, changes and removes permissions. */
import { colourClass, initials } from "../ui/colours.js";
import { openDialog } from "../ui/dialog.js";
import { debounced, h, icon } from "../ui/dom.js";
import { fromTemplate, partsOf } from "../ui/template.js";
import { keyNamed, nextOption, subjectsOf } from "./share_subjects.js";

/** @typedef {import("../lib/api.js").Api} Api */
/** @typedef {import("../lib/api.js").Person} Person */
/** @typedef {import("./share_subjects.js").Subject} Subject */
/** @typedef {import("./share_subjects.js").SubjectKey} SubjectKey */

/**
 * @typedef {object} Permission
 * @property {number} id
 * @property {Person | null} user
 * @property {string | null} group
 * @property {string} role
 */

const ROLES = ["viewer", "commenter", "editor", "owner"];
/** What each role may do, in words. @type {Record<string, string>} */
const ROLE_TEXTS = {
  viewer: "Can read.",
  commenter: "Can read, and see the history.",
  editor: "Can read, write and rename.",
  owner: "Can also share, and move the document to the trash.",
};
const SEARCH_PAUSE_MS = 200;
/** The server finds nothing for a shorter text. */
const MIN_SEARCH_CHARS = 2;
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
    roleText: HTMLElement,
    link: HTMLButtonElement,
    message: HTMLElement,
    list: HTMLElement,
    historyAccessRow: HTMLElement,
    historyAccess: HTMLInputElement,
  });
  /** @type {Subject[]} */
  #found = [];
  /** The suggestion in the search field, until something else is typed. @type {Subject | null} */
  #chosen = null;
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
    this.#parts.search.addEventListener("input", () => {
      this.#chosen = null;
      search();
    });
    this.#parts.role.addEventListener("change", () => this.#showRoleText());
    this.#parts.link.addEventListener("click", () => void this.#copyLink());
    this.#showRoleText();
    this.#parts.search.addEventListener("keydown", (event) => this.#onKey(event));
    this.#parts.search.addEventListener("blur", () => this.#show([]));
    this.#parts.form.addEventListener("submit", (event) => this.#onSubmit(event));
    this.#parts.historyAccess.addEventListener("change", () => void this.#changeHistoryAccess());
    const dialog = openDialog("Share", this.#root);
    void this.#reload();
    if (this.#context.manageOwner) void this.#showHistoryAccess();
    return dialog;
  }

  #showRoleText() {
    this.#parts.roleText.textContent = ROLE_TEXTS[this.#parts.role.value] ?? "";
  }

  async #copyLink() {
    const link = new URL(`/documents/${this.#context.documentId}/`, location.href).href;
    try {
      await navigator.clipboard.writeText(link);
      this.#showMessage("The link is copied. It opens for those who have access.");
    } catch {
      // Without a secure context there is no clipboard.
      this.#showMessage(`The link is ${link}`);
    }
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
   * @param {() => void} [undo]
   */
  async #change(change, done, undo) {
    this.#showMessage("");
    try {
      await change();
      this.#showMessage(done);
      if (undo) {
        const label = "Undo";
        const button = { type: "button", class: "link-button", onclick: undo };
        this.#parts.message.append(" ", h("button", button, label));
      }
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
        "data-tooltip": `Remove ${name}`,
        disabled: !mayChange,
        onclick: () =>
          void this.#change(
            () => this.#api.call(path, { method: "DELETE" }),
            `${name} no longer has access.`,
            isSelf ? undefined : () => void this.#grant({ key: subject, name }, role),
          ),
      },
      icon("x"),
    );
    const key = user ? String(user.id) : `group ${group}`;
    /** @type {SubjectKey} */
    const subject = user ? { user: user.username } : { group: group ?? "" };
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

  // --- finding people and groups --------------------------------------------------------------------------

  async #suggest() {
    const search = this.#parts.search.value.trim();
    if (search.length < MIN_SEARCH_CHARS) {
      this.#show([]);
      return;
    }
    try {
      const found = await this.#search(search);
      if (this.#parts.search.value.trim() !== search || this.#chosen) return;
      this.#show(subjectsOf(...found));
    } catch (error) {
      this.#showMessage(error instanceof Error ? error.message : String(error), true);
    }
  }

  /** @param {Subject[]} subjects */
  #show(subjects) {
    this.#found = subjects;
    this.#active = -1;
    const options = subjects.map((subject, index) =>
      h(
        "li",
        {
          id: `share-suggestion-${index}`,
          role: "option",
          "aria-selected": "false",
          // At pointerdown, before the field loses the focus and closes the list.
          onpointerdown: (/** @type {Event} */ event) => {
            event.preventDefault();
            this.#choose(subject);
          },
        },
        h("span", {}, subject.name),
        h("span", { class: "muted" }, subject.detail),
      ),
    );
    this.#parts.suggestions.replaceChildren(...options);
    this.#parts.suggestions.hidden = options.length === 0;
    this.#parts.search.setAttribute("aria-expanded", String(options.length > 0));
    this.#parts.search.removeAttribute("aria-activedescendant");
  }

  /** @param {Subject} subject */
  #choose(subject) {
    this.#parts.search.value = subject.name;
    this.#chosen = subject;
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
      const subject = this.#found[this.#active];
      if (subject) this.#choose(subject);
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
    const name = this.#parts.search.value.trim();
    if (!name) {
      this.#parts.search.focus();
      return;
    }
    const subject = this.#chosen ?? { key: null, name };
    void this.#grant(subject, this.#parts.role.value, () => {
      this.#parts.search.value = "";
      this.#chosen = null;
      this.#show([]);
    });
  }

  /**
   * Give a person or a group a role; without a key, the name was typed.
   * @param {{key: SubjectKey | null, name: string}} subject
   * @param {string} role
   * @param {() => void} [onDone]
   */
  #grant({ key, name }, role, onDone) {
    return this.#change(async () => {
      const subject = key ?? (await this.#keyOf(name));
      await this.#api.call(this.#path, { method: "POST", body: { ...subject, role } });
      onDone?.();
    }, `The role of ${name} is now ${role}.`);
  }

  /** @param {string} name @returns {Promise<SubjectKey>} */
  async #keyOf(name) {
    if (name.length < MIN_SEARCH_CHARS) return { user: name };
    return keyNamed(name, ...(await this.#search(name)));
  }

  /**
   * Return the people and the groups that a search finds.
   * @param {string} text
   * @returns {Promise<[Person[], {name: string, members: number}[]]>}
   */
  async #search(text) {
    const query = `?search=${encodeURIComponent(text)}`;
    const [people, groups] = await Promise.all([
      this.#api.call(`users/${query}`),
      this.#api.call(`groups/${query}`),
    ]);
    return [people.results, groups.results];
  }
}
