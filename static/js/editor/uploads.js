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
import { anchorOf, blockEdge, placeOf, placeOfSeen, timesShown } from "./upload_places.js";

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
  /** What is not inserted yet, in order. @type {Set<Upload>} */
  #uploads = new Set();
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
    // The binding has to end its own work first: a place is found by the document.
    editor.registerPlugin(placeholders(() => queueMicrotask(() => this.#showAll())));
    addEventListener("beforeunload", (event) => {
      if ([...this.#uploads].some((upload) => !upload.isStored)) event.preventDefault();
    });
    const retry = () => {
      for (const upload of this.#uploads) if (upload.isUnsent) upload.retry();
    };
    addEventListener("online", retry);
    let wasSynced = target.provider.state.synced;
    target.provider.addEventListener("state", () => {
      const { synced } = target.provider.state;
      if (synced && !wasSynced) retry();
      wasSynced = synced;
    });
  }

  /**
   * Upload files, and the pictures in pasted HTML.
   * @param {import("./editor.js").Given} given
   * @param {Parameters<typeof placeOfSeen>[2]} seen when they were given
   */
  addGiven({ files, html, at }, seen) {
    void this.copyFrom(html);
    const { doc, selection } = this.#editor.state;
    // Pictures of pasted HTML stand behind what is pasted, which was not there.
    const place = files.length > 0 ? placeOfSeen(this.#target.doc, doc, seen, at) : null;
    this.add([...files, ...dataPictures(html)], place ?? at ?? selection.to);
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
      void this.#start({ id: crypto.randomUUID(), file, anchor }, place);
    }
  }

  /** Go on with the files that earlier pages have left on this device, once the text is here. */
  async restore() {
    await this.#until(({ loaded }) => loaded);
    for (const { id } of await this.#stored.load()) await this.#resume(id);
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
   */
  async #start(pending, place) {
    const upload = this.#add(pending, place);
    const release = await holdFile(pending.id);
    if (release !== null) upload.release = release;
    try {
      await this.#stored.put(pending);
      upload.isStored = true;
    } catch (error) {
      console.warn("A file could not be stored on this device:", error);
    }
    if (upload.isCancelled) await this.#forget(upload);
    else this.#enqueue(upload);
  }

  /**
   * Go on with a stored file, unless another page has it.
   * @param {string} id
   */
  async #resume(id) {
    const release = await holdFile(id);
    if (release === null) return;
    // The page that had it may have inserted it since the files were listed.
    const pending = await this.#stored.get(id).catch((error) => {
      console.warn("A file was not read from this device:", error);
    });
    if (pending === undefined) {
      release();
      return;
    }
    const upload = this.#add(pending, this.#placeOf(pending));
    upload.release = release;
    upload.isStored = true;
    this.#enqueue(upload);
  }

  /**
   * @param {PendingFile} pending
   * @param {number} place
   */
  #add(pending, place) {
    const upload = new Upload(pending, {
      send: (own) => this.#enqueue(own),
      cancel: (own) => this.#cancel(own),
    });
    this.#uploads.add(upload);
    this.#dispatch({ add: { upload, at: place } });
    return upload;
  }

  /** Return where a file stands that no placeholder stands for. @param {PendingFile} pending */
  #placeOf({ anchor }) {
    const { doc } = this.#editor.state;
    return blockEdge(doc, placeOf(this.#target.doc, doc, anchor));
  }

  /** Show the placeholders again that went with the text around them: their files did not. */
  #showAll() {
    if (this.#uploads.size === 0 || this.#editor.isDestroyed) return;
    const shown = shownUploads(this.#editor);
    for (const upload of this.#uploads) {
      if (!shown.has(upload))
        this.#dispatch({ add: { upload, at: this.#placeOf(upload.pending) } });
    }
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
    if (await this.#insert(upload, pending.attached)) await this.#forget(upload);
    else upload.fail(new Error("The file could not be inserted."));
  }

  /**
   * Insert an uploaded file, unless an earlier page has done so. Return whether the document has it.
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
    if (upload.isCancelled) return true;
    if (isInserted) {
      this.#remove(upload);
      return true;
    }
    this.#showAll();
    const { state, view } = this.#editor;
    const at = positionOf(state, upload);
    const { image, file } = state.schema.nodes;
    if (at === null || !image || !file) return false;
    const node = PICTURE.test(attached.media_type)
      ? image.create({ attachment: attached.id })
      : file.create({ attachment: attached.id, name: attached.name });
    const before = timesShown(state.doc, attached.id);
    view.dispatch(state.tr.replaceRangeWith(at, at, node));
    if (timesShown(this.#editor.state.doc, attached.id) <= before) return false;
    this.#remove(upload);
    this.#target.provider.flush();
    await this.#until(({ unsaved, stored }) => stored || unsaved === 0);
    return true;
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
    this.#remove(upload);
    this.#editor.view.focus();
    if (upload.isStored) void this.#forget(upload);
  }

  /** Remove a placeholder. @param {Upload} upload */
  #remove(upload) {
    this.#uploads.delete(upload);
    this.#dispatch({ remove: upload });
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

/**
 * Return the plugin that shows the placeholders; they move with the text around them.
 * @param {() => void} onChange is called after each change of the text
 */
function placeholders(onChange) {
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
    // Also made again with each other plugin.
    view: () => {
      onChange();
      return {
        update: (view, before) => {
          if (view.state.doc !== before.doc) onChange();
        },
      };
    },
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
 * @returns {Set<Upload>}
 */
function shownUploads({ state }) {
  const shown = key.getState(state).find();
  return new Set(shown.map((/** @type {any} */ { spec }) => spec.upload));
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
