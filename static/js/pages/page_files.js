/** The files that are given to the editor's page: uploads are loaded with the first one, or when idle. */
import { whenIdle } from "../lib/idle.js";
import { h } from "../ui/dom.js";
import { toast } from "../ui/toast.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */

/** Adds files to the text of a document. */
export class PageFiles {
  #target;
  /** @type {import("../editor/uploads.js").Uploads | null} */
  #uploads = null;

  /** @param {import("../editor/uploads.js").UploadTarget} target */
  constructor(target) {
    this.#target = target;
  }

  /**
   * Upload files, and the pictures in pasted HTML.
   * Their place moves with its block while uploads are loaded.
   * @param {Editor} editor
   * @param {import("../editor/editor.js").Given} given
   */
  async add(editor, given) {
    const blocks = this.#target.doc.getXmlFragment("default").toArray();
    const seen = { state: editor.state, blocks };
    try {
      (await this.#load(editor)).addGiven(given, seen);
    } catch {
      toast("The file was not added. Try again.");
    }
  }

  /**
   * Go on with files that wait on this device. What is loaded takes files without a connection too.
   * @param {Editor} editor
   */
  restore(editor) {
    whenIdle(async () => {
      const { mayHaveFiles } = await import("../editor/uploads.js");
      if (mayHaveFiles(this.#target.scope)) await (await this.#load(editor)).restore();
    });
  }

  /** @param {Editor} editor */
  async #load(editor) {
    const { Uploads } = await import("../editor/uploads.js");
    this.#uploads ??= new Uploads(editor, this.#target);
    return this.#uploads;
  }

  /**
   * Let the person choose files.
   * @param {Editor} editor
   */
  pick(editor) {
    const input = h("input", { type: "file", multiple: true });
    input.addEventListener("change", () => {
      void this.add(editor, { files: [...(input.files ?? [])], html: "", at: null });
    });
    input.click();
  }
}
