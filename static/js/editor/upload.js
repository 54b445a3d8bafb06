/** One file on its way to the server, and its placeholder. */
import { h } from "../ui/dom.js";

/** @typedef {import("./uploads.js").Attached} Attached */

/** Widest and highest preview, in CSS pixels. */
const PREVIEW_PX = 320;

/** The server could not be reached: the file is sent when it can be. */
class UnreachableError extends Error {}

/** A file that is being sent, waits, was refused, or is inserted. */
export class Upload {
  #request = new XMLHttpRequest();
  #bar = h("progress", { max: 1, value: 0, "aria-label": "Upload" });
  #state = h("span", { class: "upload-state", role: "status" });
  #retry;
  isCancelled = false;
  /** Whether it is stored on the device, and stays there when the page ends. */
  isStored = false;
  /** Whether it waits for a connection. */
  isUnsent = false;
  /** Let other pages of this person upload it. */
  release = () => {};

  /**
   * @param {import("./pending_files.js").PendingFile} pending
   * @param {{send: (upload: Upload) => void, cancel: (upload: Upload) => void}} actions
   */
  constructor(pending, { send, cancel }) {
    this.pending = pending;
    const { file } = pending;
    this.retry = () => {
      this.isUnsent = false;
      this.#retry.hidden = true;
      this.#state.textContent = "Waiting…";
      send(this);
    };
    this.#retry = h(
      "button",
      {
        type: "button",
        class: "button quiet upload-retry",
        hidden: true,
        onclick: () => this.retry(),
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
    if (file.type.startsWith("image/")) void this.#preview(file);
  }

  /**
   * Show a picture before the server has it. On a canvas: its bytes have no address.
   * @param {File} file
   */
  async #preview(file) {
    const picture = await createImageBitmap(file, { resizeQuality: "medium" }).catch(() => null);
    if (picture === null) return;
    const scale = Math.min(1, PREVIEW_PX / Math.max(picture.width, picture.height));
    const canvas = h("canvas", {
      width: Math.max(1, Math.round(picture.width * scale)),
      height: Math.max(1, Math.round(picture.height * scale)),
      "aria-hidden": "true",
    });
    canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    this.dom.prepend(h("div", { class: "upload-preview" }, canvas));
  }

  /**
   * Send the file. Throws an error with the words of the server.
   * @param {string} url
   * @param {string} access
   * @returns {Promise<Attached>}
   */
  send(url, access) {
    const body = new FormData();
    body.append("file", this.pending.file);
    const request = this.#request;
    this.#bar.hidden = false;
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
      request.onerror = () => reject(new UnreachableError());
      request.onabort = () => reject(new Error("Cancelled."));
      request.send(body);
    });
  }

  /**
   * Show why it is not sent. Without a connection it waits for one.
   * @param {Error} error
   */
  fail(error) {
    if (this.isCancelled) return;
    this.isUnsent = error instanceof UnreachableError || isUnreachable(error);
    this.#state.textContent = !this.isUnsent
      ? error.message
      : this.isStored
        ? "Kept on this device until there is a connection."
        : "The server cannot be reached.";
    this.#bar.hidden = true;
    this.#retry.hidden = false;
  }
}

/**
 * Return whether an error of the interface means that there was no response.
 * @param {Error} error
 */
const isUnreachable = (error) => "status" in error && error.status === 0;
