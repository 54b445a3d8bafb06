/**
 * Uploads of pictures and files, beside typing: a placeholder stands where the file will be, with its
 * progress, and takes part in no edit until the server has the file. Until then the file is stored on
 * the device. Loaded with the first file.
 */
import { Decoration, DecorationSet, Plugin, PluginKey } from "../../vendor/tiptap.js";
import { loadStyles } from "../ui/styles.js";
import { withStylesAside } from "./paste.js";
import { holdFile, mayHaveFiles, PendingFiles } from "./pending_files.js";
import { Upload } from "./upload.js";
import { anchorOf, blockEdge, placeOf, timesShown } from "./upload_places.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */
/** @typedef {import("../lib/api.js").Api} Api */
/** @typedef {import("../../vendor/yjs.js").Y.Doc} YDoc */
/** @typedef {{id: string, name: string, media_type: string}} Attached */
/** @typedef {import("./pending_files.js").PendingFile} PendingFile */
/**
 * The document of a page, as uploads need it.
 * @typedef {object} UploadTarget
 * @property {Api} api
 * @property {string} documentId
 * @property {string} scope of what is stored on the device
 * @property {YDoc} doc
 * @property {import("../sync/provider.js").Provider} provider
 */

export { mayHaveFiles };

void loadStyles("dialog-styles");

/** Uploads at once; the others wait, so that files keep their order. */
const AT_ONCE = 1;
/** Largest picture in a pasted address, in characters of base64. */
const MAX_DATA_CHARS = 36_000_000;
/** Types that are shown as pictures. */
const PICTURE = /^image\/(png|jpeg|gif|webp)$/;

const key = new PluginKey("uploads");

/** The uploads of one page. */
export class Uploads {
  #editor;
  #target;
  #path;
  #stored;
  /** @type {Upload[]} */
  #waiting = [];
  #running = new Set();

  /**
   * @param {Editor} editor
   * @param {UploadTarget} target
   */
  constructor(editor, target) {
    this.#editor = editor;
    this.#target = target;
    this.#path = `documents/${target.documentId}/attachments/`;
    this.#stored = new PendingFiles(target.scope);
    editor.registerPlugin(placeholders());
    addEventListener("beforeunload", (event) => {
      if (shownUploads(editor).some((upload) => !upload.isStored)) event.preventDefault();
    });
    const retry = () => {
      for (const upload of shownUploads(editor)) if (upload.isUnsent) upload.retry();
    };
    addEventListener("online", retry);
    target.provider.addEventListener("state", () => {
      if (target.provider.state.synced) retry();
    });
  }

  /**
   * Upload files, and the pictures in pasted HTML.
   * @param {import("./editor.js").Given} given
   */
  addGiven({ files, html, at }) {
    void this.copyFrom(html);
    this.add([...files, ...dataPictures(html)], at ?? this.#editor.state.selection.to);
  }

  /**
   * Upload files; each appears at a position of the text.
   * @param {Iterable<File>} files
   * @param {number} at
   */
  add(files, at) {
    const { doc } = this.#editor.state;
    const place = blockEdge(doc, at);
    const anchor = anchorOf(this.#target.doc, doc, place);
    for (const file of files) {
      void this.#start({ id: crypto.randomUUID(), file, anchor }, place, { isNew: true });
    }
  }

  /** Go on with the files that earlier pages have left on this device, once the text is here. */
  async restore() {
    await this.#until(({ loaded }) => loaded);
    for (const pending of await this.#stored.load()) {
      const place = placeOf(this.#target.doc, this.#editor.state.doc, pending.anchor);
      await this.#start(pending, blockEdge(this.#editor.state.doc, place), { isNew: false });
    }
  }

  /**
   * Attach what was copied from other documents to this one.
   * @param {string} html of the clipboard
   */
  async copyFrom(html) {
    const { api, documentId } = this.#target;
    const { body } = new DOMParser().parseFromString(withStylesAside(html), "text/html");
    for (const element of body.querySelectorAll("[data-attachment][data-document]")) {
      const from = element.getAttribute("data-document");
      const id = element.getAttribute("data-attachment");
      if (!from || from === documentId) continue;
      await api
        .call(this.#path, { method: "POST", body: { from, id } })
        .catch((error) => console.warn("A file was not copied:", error));
    }
  }

  /**
   * Show a file, store it on the device, and upload it in its turn.
   * @param {PendingFile} pending
   * @param {number} place
   * @param {{isNew: boolean}} options
   */
  async #start(pending, place, { isNew }) {
    const upload = new Upload(pending, {
      send: (own) => this.#enqueue(own),
      cancel: (own) => this.#cancel(own),
    });
    if (isNew) this.#dispatch({ add: { upload, at: place } });
    const release = await holdFile(pending.id);
    if (release === null) return;
    upload.release = release;
    if (!isNew) this.#dispatch({ add: { upload, at: place } });
    try {
      if (isNew) await this.#stored.put(pending);
      upload.isStored = true;
    } catch (error) {
      console.warn("A file could not be stored on this device:", error);
    }
    if (upload.isCancelled) await this.#forget(upload);
    else this.#enqueue(upload);
  }

  /** @param {Upload} upload */
  #enqueue(upload) {
    this.#waiting.push(upload);
    this.#next();
  }

  #next() {
    while (this.#running.size < AT_ONCE) {
      const upload = this.#waiting.shift();
      if (!upload) return;
      this.#running.add(upload);
      void this.#run(upload).finally(() => {
        this.#running.delete(upload);
        this.#next();
      });
    }
  }

  /** @param {Upload} upload */
  async #run(upload) {
    if (upload.isCancelled) return;
    const { pending } = upload;
    try {
      if (!pending.attached) {
        const { access } = await this.#target.api.current();
        pending.attached = await upload.send(`/api/v1/${this.#path}`, access);
      }
    } catch (error) {
      upload.fail(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (upload.isCancelled) return;
    await this.#insert(upload, pending.attached);
    await this.#forget(upload);
  }

  /**
   * Insert an uploaded file, unless an earlier page has done so.
   * @param {Upload} upload
   * @param {Attached} attached
   */
  async #insert(upload, attached) {
    const { pending } = upload;
    const shown = timesShown(this.#editor.state.doc, attached.id);
    const isInserted = pending.shown !== undefined && shown > pending.shown;
    if (!isInserted && upload.isStored) {
      pending.shown = shown;
      await this.#stored.put(pending).catch(() => undefined);
    }
    const { state, view } = this.#editor;
    const at = positionOf(state, upload);
    const { image, file } = state.schema.nodes;
    if (at === null || isInserted || !image || !file) {
      this.#dispatch({ remove: upload });
      return;
    }
    const node = PICTURE.test(attached.media_type)
      ? image.create({ attachment: attached.id })
      : file.create({ attachment: attached.id, name: attached.name });
    const transaction = state.tr.setMeta(key, { remove: upload });
    view.dispatch(transaction.replaceRangeWith(at, at, node));
    this.#target.provider.flush();
    await this.#until(({ unsaved, stored }) => stored || unsaved === 0);
  }

  /**
   * Wait for a state of the connection.
   * @param {(state: import("../sync/provider_state.js").ProviderState) => boolean} isReached
   */
  #until(isReached) {
    const { provider } = this.#target;
    return new Promise((resolve) => {
      const check = () => {
        if (!isReached(provider.state)) return;
        provider.removeEventListener("state", check);
        resolve(undefined);
      };
      provider.addEventListener("state", check);
      check();
    });
  }

  /** @param {Upload} upload */
  #cancel(upload) {
    this.#waiting = this.#waiting.filter((one) => one !== upload);
    this.#dispatch({ remove: upload });
    this.#editor.view.focus();
    if (upload.isStored) void this.#forget(upload);
  }

  /**
   * Remove a file from the device.
   * @param {Upload} upload
   */
  async #forget(upload) {
    try {
      if (upload.isStored) await this.#stored.remove(upload.pending.id);
    } catch (error) {
      console.warn("A file could not be removed from this device:", error);
    }
    upload.release();
  }

  /** @param {{add?: {upload: Upload, at: number}, remove?: Upload}} change */
  #dispatch(change) {
    const { state, view } = this.#editor;
    view.dispatch(state.tr.setMeta(key, change).setMeta("addToHistory", false));
  }
}

/** Return the plugin that shows the placeholders; they move with the text around them. */
function placeholders() {
  return new Plugin({
    key,
    state: {
      init: () => DecorationSet.empty,
      apply(transaction, shown) {
        const moved = shown.map(transaction.mapping, transaction.doc);
        const { add, remove } = transaction.getMeta(key) ?? {};
        if (remove)
          return moved.remove(moved.find(undefined, undefined, (spec) => spec.upload === remove));
        if (!add) return moved;
        // Behind what is inserted at its place, so that several files keep their order.
        const widget = Decoration.widget(add.at, add.upload.dom, { upload: add.upload, side: 1 });
        return moved.add(transaction.doc, [widget]);
      },
    },
    props: { decorations: (state) => key.getState(state) },
  });
}

/**
 * Return where an upload's placeholder stands; null if its place is gone.
 * @param {Editor["state"]} state
 * @param {Upload} upload
 */
function positionOf(state, upload) {
  const [found] = key
    .getState(state)
    .find(undefined, undefined, (/** @type {any} */ spec) => spec.upload === upload);
  return found?.from ?? null;
}

/**
 * Return the uploads whose placeholders are shown.
 * @param {Editor} editor
 * @returns {Upload[]}
 */
function shownUploads({ state }) {
  return key
    .getState(state)
    .find()
    .map((/** @type {any} */ { spec }) => spec.upload);
}

/**
 * Return the pictures of HTML whose address is the data itself, as files: nothing of the data gets into
 * the document.
 * @param {string} html
 * @returns {File[]}
 */
export function dataPictures(html) {
  const { body } = new DOMParser().parseFromString(withStylesAside(html), "text/html");
  const files = [];
  for (const image of body.querySelectorAll("img")) {
    if (image.closest("[role=checkbox]")) continue; // a task's box, from Google Docs
    const source = image.getAttribute("src") ?? "";
    const [, type, data] =
      /^data:(image\/[a-z+.-]+);base64,(.+)$/s.exec(source.slice(0, MAX_DATA_CHARS)) ?? [];
    if (!type || !data) continue;
    try {
      const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
      const ending = type.slice("image/".length).replace("jpeg", "jpg");
      files.push(new File([bytes], `Picture.${ending}`, { type }));
    } catch {
      // What is no base64 is no picture.
    }
  }
  return files;
}
