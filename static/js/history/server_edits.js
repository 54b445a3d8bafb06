/** Edits that the server makes in the person's name: restore and undo (ADR 0006). */
import { yUndoPluginKey } from "../../vendor/tiptap.js";
import { toast } from "../ui/toast.js";

/** @typedef {import("../lib/api.js").Api} Api */
/** @typedef {ReturnType<typeof import("../editor/editor.js").createEditor>} Editor */

/** The call that gives an edit (GET) and makes it (POST). @typedef {{path: string, body: object}} EditCall */

/** What is said when there is nothing to do, and when it is done. @typedef {{nothing: string, done: string}} EditTexts */

/** An edit that the server has made is waited for so long. */
const MERGE_TIMEOUT_MS = 10_000;
/** Origin of such an edit: the undo manager tracks it, so that one undo reverts it. */
const RESTORE = Symbol("restore");
/** Length of an update that brings nothing. */
const EMPTY_UPDATE_BYTES = 2;

/** Previews and makes edits on one document. */
export class ServerEdits {
  #api;
  #editor;
  #provider;

  /**
   * @param {Api} api
   * @param {Editor} editor
   * @param {import("../sync/provider.js").Provider} provider
   */
  constructor(api, editor, provider) {
    this.#api = api;
    this.#editor = editor;
    this.#provider = provider;
  }

  /**
   * Return the update of an edit without making it; null when it would change nothing.
   * @param {EditCall} call
   */
  async preview({ path, body }) {
    const entries = Object.entries(body).map(([key, value]) => [key, String(value)]);
    const update = await this.#api.bytes(`${path}?${new URLSearchParams(entries)}`);
    return update.length > EMPTY_UPDATE_BYTES ? update : null;
  }

  /**
   * Have the server make an edit, which one undo here reverts.
   * @param {EditCall} call
   * @param {EditTexts} texts
   */
  async make({ path, body }, { nothing, done }) {
    const undo = yUndoPluginKey.getState(this.#editor.state)?.undoManager;
    const id = crypto.randomUUID();
    undo?.addTrackedOrigin(RESTORE);
    undo?.stopCapturing();
    this.#provider.flush();
    const followed = this.#provider.follow(id, RESTORE).then((isMerged) => {
      undo?.stopCapturing();
      return isMerged;
    });
    try {
      const edit = { ...body, unique_id: id };
      const { changed } = await this.#api.call(path, { method: "POST", body: edit });
      const isMerged = changed && (await Promise.race([followed, timeout(MERGE_TIMEOUT_MS)]));
      toast(changed ? done + (isMerged ? " You can undo this." : "") : nothing);
    } finally {
      this.#provider.unfollow(id);
    }
  }
}

/** @param {number} ms */
function timeout(ms) {
  return new Promise((/** @type {(value: false) => void} */ resolve) => {
    setTimeout(() => resolve(false), ms);
  });
}
