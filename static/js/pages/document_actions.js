/** The actions of a row of the list of documents, and their messages. */
import { ApiError } from "../lib/api.js";
import { groupText, leaveText, ownPermission } from "../lib/document_actions.js";
import { confirmed } from "../ui/confirm.js";
import { ask } from "../ui/dialog.js";
import { loadStyles } from "../ui/styles.js";
import { toast, toastError } from "../ui/toast.js";

/** @typedef {import("./document_row.js").DocumentItem} DocumentItem */
/** @typedef {import("../lib/document_actions.js").ActionName} ActionName */

/**
 * What the list does after an action.
 * @typedef {object} ListHooks
 * @property {(id: string, otherId?: string) => Promise<void>} reload load the list again, and focus
 *   a row, the other one if the first is not listed
 * @property {(id: string) => void} remove a row
 * @property {() => boolean} inTrash
 */

/** Runs the actions; errors are those of the calls. */
export class DocumentActions {
  #api;
  #selfId;
  #hooks;

  /**
   * @param {import("../lib/api.js").Api} api
   * @param {string} selfId
   * @param {ListHooks} hooks
   */
  constructor(api, selfId, hooks) {
    this.#api = api;
    this.#selfId = selfId;
    this.#hooks = hooks;
  }

  /**
   * @param {ActionName} name
   * @param {DocumentItem} item
   */
  async run(name, item) {
    /** @type {Partial<Record<ActionName, () => Promise<void>>>} */
    const runs = {
      rename: () => this.#rename(item),
      duplicate: () => this.#duplicate(item),
      share: () => this.#share(item),
      leave: () => this.#leave(item),
      trash: () => this.#trash(item),
    };
    await runs[name]?.();
  }

  /** @param {DocumentItem} item */
  async restore(item) {
    await this.#api.call(`documents/${item.id}/restore/`, { method: "POST" });
    if (this.#hooks.inTrash()) {
      this.#hooks.remove(item.id);
      toast(`“${item.title}” is restored.`);
    } else await this.#hooks.reload(item.id);
  }

  /** @param {DocumentItem} item */
  async #rename(item) {
    const title = await ask({
      heading: "Rename",
      label: "Title",
      value: item.title,
      button: "Rename",
    });
    if (title === null || title === item.title) return;
    await this.#api.call(`documents/${item.id}/`, { method: "PATCH", body: { title } });
    await this.#hooks.reload(item.id);
  }

  /** @param {DocumentItem} item */
  async #duplicate(item) {
    toast(`Duplicating “${item.title}”…`);
    const made = await this.#api.call(`documents/${item.id}/duplicate/`, {
      method: "POST",
      body: {},
    });
    // A search, and the list of what others share, may lack the new document.
    await this.#hooks.reload(made.id, item.id);
    const open = { label: "Open", run: () => location.assign(`/documents/${made.id}/`) };
    toast(`“${made.title}” is made. It is shared with nobody.`, open);
  }

  /** @param {DocumentItem} item */
  async #share(item) {
    const [{ openShare }] = await Promise.all([
      import("../panels/share_dialog.js"),
      loadStyles("dialog-styles"),
    ]);
    const manageOwner = item.abilities.manage_owner === true;
    openShare(this.#api, { documentId: item.id, selfId: this.#selfId, manageOwner });
  }

  /** @param {DocumentItem} item */
  async #trash(item) {
    await this.#api.call(`documents/${item.id}/`, { method: "DELETE" });
    this.#hooks.remove(item.id);
    const undo = { label: "Undo", run: () => void this.restore(item).catch(toastError) };
    toast(`“${item.title}” is now in the trash.`, undo);
  }

  /** @param {DocumentItem} item */
  async #leave(item) {
    const permissions = await this.#permissions(item.id);
    const own = ownPermission(permissions, this.#selfId);
    if (!own) {
      const group = groupText(permissions);
      toast(`You have “${item.title}” through ${group}. Ask an owner to take it out of your list.`);
      return;
    }
    const isSure = await confirmed({
      heading: "Leave this document",
      text: leaveText(item.title, permissions),
      button: "Leave",
    });
    if (!isSure) return;
    await this.#api.call(`documents/${item.id}/permissions/${own.id}/`, { method: "DELETE" });
    const isByGroup = permissions.some(({ group }) => group !== null);
    if (isByGroup && (await this.#isStillShared(item.id))) {
      const group = groupText(permissions);
      toast(`Your own role is gone. You still have “${item.title}” through ${group}.`);
      await this.#hooks.reload(item.id);
    } else {
      this.#hooks.remove(item.id);
      toast(`You have left “${item.title}”.`);
    }
  }

  /**
   * Return all permissions of a document.
   * @param {string} documentId
   * @returns {Promise<import("../panels/share_dialog.js").Permission[]>}
   */
  async #permissions(documentId) {
    const found = [];
    let query = "";
    do {
      const page = await this.#api.call(`documents/${documentId}/permissions/${query}`);
      found.push(...page.results);
      query = page.next && new URL(page.next).search;
    } while (query);
    return found;
  }

  /** @param {string} documentId */
  async #isStillShared(documentId) {
    try {
      await this.#api.call(`documents/${documentId}/`);
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return false;
      throw error;
    }
  }
}
