/**
 * Uploads of pictures and files, beside typing: a placeholder stands where the file will be, with its
 * progress, and takes part in no edit until the server has the file. Loaded with the first file.
 */
import { Decoration, DecorationSet, Plugin, PluginKey } from "../../vendor/tiptap.js";
import { h } from "../ui/dom.js";
import { loadStyles } from "../ui/styles.js";
import { withStylesAside } from "./paste.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */
/** @typedef {import("../lib/api.js").Api} Api */
/** @typedef {{id: string, name: string, media_type: string}} Attached */

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
  #api;
  #path;
  /** @type {Upload[]} */
  #waiting = [];
  #running = new Set();

  /**
   * @param {Editor} editor
   * @param {Api} api
   * @param {string} documentId
   */
  constructor(editor, api, documentId) {
    this.#editor = editor;
    this.#api = api;
    this.#path = `documents/${documentId}/attachments/`;
    editor.registerPlugin(placeholders());
    addEventListener("beforeunload", (event) => {
      if (this.#running.size > 0) event.preventDefault();
    });
    addEventListener("online", () => {
      for (const element of document.querySelectorAll(/** @type {"button"} */ (".upload-retry"))) {
        element.click();
      }
    });
  }

  /**
   * Upload files; each appears at a position of the text.
   * @param {Iterable<File>} files
   * @param {number} at
   */
  add(files, at) {
    const place = blockEdge(this.#editor.state.doc, at);
    for (const file of files) {
      const upload = new Upload(file, {
        send: (own) => this.#enqueue(own),
        cancel: (own) => this.#remove(own),
      });
      this.#dispatch({ add: { upload, at: place } });
      this.#enqueue(upload);
    }
  }

  /**
   * Attach what was copied from other documents to this one.
   * @param {string} html of the clipboard
   * @param {string} documentId this document's
   */
  async copyFrom(html, documentId) {
    const { body } = new DOMParser().parseFromString(withStylesAside(html), "text/html");
    for (const element of body.querySelectorAll("[data-attachment][data-document]")) {
      const from = element.getAttribute("data-document");
      const id = element.getAttribute("data-attachment");
      if (!from || from === documentId) continue;
      await this.#api
        .call(this.#path, { method: "POST", body: { from, id } })
        .catch((error) => console.warn("A file was not copied:", error));
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
    try {
      const { access } = await this.#api.current();
      const attached = await upload.send(`/api/v1/${this.#path}`, access);
      if (!upload.isCancelled) this.#insert(upload, attached);
    } catch (error) {
      upload.fail(error instanceof Error ? error.message : String(error));
    }
  }

  /**
   * @param {Upload} upload
   * @param {Attached} attached
   */
  #insert(upload, { id, name, media_type: type }) {
    const { state, view } = this.#editor;
    const at = positionOf(state, upload);
    const { image, file } = state.schema.nodes;
    if (at === null || !image || !file) return;
    const node = PICTURE.test(type)
      ? image.create({ attachment: id })
      : file.create({ attachment: id, name });
    const transaction = state.tr.setMeta(key, { remove: upload });
    view.dispatch(transaction.replaceRangeWith(at, at, node));
  }

  /** @param {Upload} upload */
  #remove(upload) {
    this.#waiting = this.#waiting.filter((one) => one !== upload);
    this.#dispatch({ remove: upload });
    this.#editor.view.focus();
  }

  /** @param {{add?: {upload: Upload, at: number}, remove?: Upload}} change */
  #dispatch(change) {
    const { state, view } = this.#editor;
    view.dispatch(state.tr.setMeta(key, change).setMeta("addToHistory", false));
  }
}

/** One file on its way, and its placeholder. */
class Upload {
  #file;
  #request = new XMLHttpRequest();
  #bar = h("progress", { max: 1, value: 0, "aria-label": "Upload" });
  #state = h("span", { class: "upload-state", role: "status" });
  #retry;
  isCancelled = false;

  /**
   * @param {File} file
   * @param {{send: (upload: Upload) => void, cancel: (upload: Upload) => void}} actions
   */
  constructor(file, { send, cancel }) {
    this.#file = file;
    this.#retry = h(
      "button",
      {
        type: "button",
        class: "button quiet upload-retry",
        hidden: true,
        onclick: () => {
          this.#retry.hidden = true;
          this.#state.textContent = "Waiting…";
          send(this);
        },
      },
      "Try again",
    );
    const stop = () => {
      this.isCancelled = true;
      this.#request.abort();
      cancel(this);
    };
    this.dom = h(
      "div",
      { class: "upload", role: "group", "aria-label": file.name, contenteditable: "false" },
      h("span", { class: "upload-name" }, file.name),
      this.#bar,
      this.#state,
      this.#retry,
      h("button", { type: "button", class: "button quiet", onclick: stop }, "Cancel"),
    );
  }

  /**
   * Send the file. Throws an error with the words of the server.
   * @param {string} url
   * @param {string} access
   * @returns {Promise<Attached>}
   */
  send(url, access) {
    const body = new FormData();
    body.append("file", this.#file);
    const request = this.#request;
    this.#state.textContent = "Uploading…";
    return new Promise((resolve, reject) => {
      request.open("POST", url);
      request.setRequestHeader("Authorization", `Bearer ${access}`);
      request.setRequestHeader("Accept", "application/json");
      request.responseType = "json";
      request.upload.onprogress = ({ loaded, total }) => {
        this.#bar.value = total > 0 ? loaded / total : 0;
        if (loaded === total) this.#state.textContent = "Being checked…";
      };
      request.onload = () =>
        request.status === 201
          ? resolve(request.response)
          : reject(new Error(request.response?.detail ?? "The server refused the file."));
      request.onerror = () => reject(new Error("The server cannot be reached."));
      request.onabort = () => reject(new Error("Cancelled."));
      request.send(body);
    });
  }

  /** @param {string} reason */
  fail(reason) {
    if (this.isCancelled) return;
    this.#state.textContent = reason;
    this.#retry.hidden = false;
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
 * Return the end of the block at a position, behind the pictures and files that follow it: there another
 * one may stand.
 * @param {Editor["state"]["doc"]} doc
 * @param {number} at
 */
function blockEdge(doc, at) {
  const place = doc.resolve(Math.min(at, doc.content.size));
  if (place.depth === 0 || !place.parent.isTextblock) return place.pos;
  let edge = place.after();
  for (let node = doc.nodeAt(edge); node; node = doc.nodeAt(edge)) {
    if (node.type.name !== "image" && node.type.name !== "file") break;
    edge += node.nodeSize;
  }
  return edge;
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
