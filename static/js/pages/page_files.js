/** The files that are given to the editor's page: uploads are loaded with the first one, or when idle. */
import { whenIdle } from "../lib/idle.js";
import { FIELD } from "../editor/editor.js";
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
    const { doc, selection } = editor.state;
    const at = given.at ?? selection.to;
    const blocks = this.#target.doc.getXmlFragment(FIELD);
    const block = blocks.get(doc.resolve(at).index(0));
    try {
      const uploads = await this.#load(editor);
      const { doc: now } = editor.state;
      const index = blocks.toArray().indexOf(block);
      // Pictures of pasted HTML stand behind what is pasted, which was not there.
      if (given.files.length === 0 || index < 0) uploads.addGiven(given);
      else if (now.eq(doc)) uploads.addGiven({ ...given, at });
      else uploads.addGiven({ ...given, at: endOf(now, index) });
    } catch (error) {
      console.warn("Files were not added:", error);
      toast("The file could not be added. Check the connection, and add it again.");
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

/**
 * Return the position behind a block.
 * @param {Editor["state"]["doc"]} doc
 * @param {number} index
 */
function endOf(doc, index) {
  let end = 0;
  for (let at = 0; at <= index && at < doc.childCount; at++) end += doc.child(at).nodeSize;
  return end;
}
