/** The files that are given to the editor's page: uploads are loaded with the first one. */
import { h } from "../ui/dom.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */

/** Adds files to the text of a document. */
export class PageFiles {
  #api;
  #documentId;
  /** @type {import("../editor/uploads.js").Uploads | null} */
  #uploads = null;

  /**
   * @param {import("../lib/api.js").Api} api
   * @param {string} documentId
   */
  constructor(api, documentId) {
    this.#api = api;
    this.#documentId = documentId;
  }

  /**
   * Upload files, and the pictures in pasted HTML.
   * @param {Editor} editor
   * @param {import("../editor/editor.js").Given} given
   */
  async add(editor, { files, html, at }) {
    const { Uploads, dataPictures } = await import("../editor/uploads.js");
    this.#uploads ??= new Uploads(editor, this.#api, this.#documentId);
    void this.#uploads.copyFrom(html, this.#documentId);
    this.#uploads.add([...files, ...dataPictures(html)], at ?? editor.state.selection.to);
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
