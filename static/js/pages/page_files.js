/** The files that are given to the editor's page: uploads are loaded with the first one, or when idle. */
import { whenIdle } from "../lib/idle.js";
import { h } from "../ui/dom.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */

/** Adds files to the text of a document. */
export class PageFiles {
  #target;
  /** @type {import("../editor/uploads.js").Uploads | null} */
  #uploads = null;
  #isRestored = false;

  /** @param {import("../editor/uploads.js").UploadTarget} target */
  constructor(target) {
    this.#target = target;
  }

  /**
   * Upload files, and the pictures in pasted HTML.
   * @param {Editor} editor
   * @param {import("../editor/editor.js").Given} given
   */
  async add(editor, { files, html, at }) {
    const { Uploads, dataPictures } = await loadUploads();
    this.#uploads ??= new Uploads(editor, this.#target);
    void this.#uploads.copyFrom(html);
    this.#uploads.add([...files, ...dataPictures(html)], at ?? editor.state.selection.to);
  }

  /**
   * Go on with what earlier pages have left on this device, once the text is here.
   * @param {Editor} editor
   */
  restore(editor) {
    const { provider, scope } = this.#target;
    // A file may be inserted without a connection.
    whenIdle(loadUploads);
    if (localStorage.getItem(`scriptorium-files:${scope}`) === null) return;
    const start = async () => {
      if (!provider.state.loaded || this.#isRestored) return;
      this.#isRestored = true;
      const { Uploads } = await loadUploads();
      this.#uploads ??= new Uploads(editor, this.#target);
      await this.#uploads.restore();
    };
    provider.addEventListener("state", () => void start());
    void start();
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

const loadUploads = () => import("../editor/uploads.js");
