/** Pictures and files in the text: nodes that name an attachment of the document by its id. */
import { Node } from "../../vendor/tiptap.js";
import { h } from "../ui/dom.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */
/** @typedef {Editor["state"]["doc"]} PMNode */
/** @typedef {{attachment: string | null, alt: string | null, width: number | null, caption: string | null}} PictureAttributes */

/** The id of an attachment: the SHA-256 of its bytes in hex. */
const FILE_ID = /^[0-9a-f]{64}$/;
/** Widest column of text, in CSS pixels, for which a picture is asked. */
const COLUMN_PX = 760;
/** How often, and after which pauses (ms), a picture that is not there yet is asked for again. */
const RETRY_MS = [1_500, 5_000, 15_000];

/** The document of this page, by its address. */
function documentId() {
  return /^\/documents\/([^/]+)\//.exec(globalThis.location?.pathname ?? "")?.[1] ?? "";
}

/**
 * Return the address of an attachment of this document; empty for none.
 * @param {unknown} id
 * @param {number} [width] enough for this many pixels
 */
export function attachmentUrl(id, width) {
  if (typeof id !== "string" || !FILE_ID.test(id)) return "";
  const query = width ? `?width=${Math.ceil(width)}` : "";
  return `/api/v1/documents/${documentId()}/attachments/${id}/${query}`;
}

/**
 * Return the id of the attachment at an address; null for any other address.
 * @param {string | null} address
 */
export function attachmentIn(address) {
  return /(?:^|\/)attachments\/([0-9a-f]{64})\/?(?:[?#]|$)/.exec(address ?? "")?.[1] ?? null;
}

/**
 * Return an attribute that is read from `data-…` and written there.
 * @param {string} name
 * @param {(element: HTMLElement) => unknown} [read]
 */
function attribute(name, read = (element) => element.getAttribute(`data-${name}`)) {
  return {
    default: null,
    parseHTML: read,
    renderHTML: (/** @type {Record<string, unknown>} */ attributes) =>
      attributes[name] === null ? {} : { [`data-${name}`]: attributes[name] },
  };
}

/** @param {HTMLElement} element */
const widthOf = (element) => {
  const width = Number(element.dataset.width ?? element.getAttribute("width"));
  return Number.isInteger(width) && width >= 1 && width <= 10_000 ? width : null;
};

/** @param {HTMLElement} element */
const pictureIn = (element) =>
  element.dataset.attachment ?? attachmentIn(element.getAttribute("src"));

/** A picture with its caption, in a figure. */
export const Picture = Node.create({
  name: "image",
  group: "block",
  atom: true,
  draggable: true,
  addAttributes: () => ({
    attachment: attribute("attachment", pictureIn),
    alt: attribute("alt", (element) => element.dataset.alt ?? element.getAttribute("alt")),
    width: attribute("width", widthOf),
    caption: attribute("caption"),
  }),
  parseHTML: () => [
    { tag: "figure[data-attachment]" },
    {
      tag: "img[src]",
      getAttrs: (element) => (attachmentIn(element.getAttribute("src")) ? null : false),
    },
  ],
  renderHTML: ({ node, HTMLAttributes }) => [
    "figure",
    { ...HTMLAttributes, "data-document": documentId() },
    ["img", { src: attachmentUrl(node.attrs.attachment), alt: node.attrs.alt ?? "" }],
    ["figcaption", node.attrs.caption ?? ""],
  ],
  renderText: ({ node }) => node.attrs.caption ?? node.attrs.alt ?? "",
  addNodeView: () => (props) => new PictureView(props),
});

/** A file as a block with a link to it. */
export const AttachedFile = Node.create({
  name: "file",
  group: "block",
  atom: true,
  draggable: true,
  addAttributes: () => ({ attachment: attribute("attachment"), name: attribute("name") }),
  parseHTML: () => [{ tag: "p[data-attachment]", priority: 60 }],
  renderHTML: ({ node, HTMLAttributes }) => [
    "p",
    { ...HTMLAttributes, class: "attached-file", "data-document": documentId() },
    [
      "a",
      { href: attachmentUrl(node.attrs.attachment), target: "_blank", rel: "noopener" },
      node.attrs.name ?? "File",
    ],
  ],
  renderText: ({ node }) => node.attrs.name ?? "",
});

/** A picture in the editor: its tools are loaded when it is selected first. */
class PictureView {
  /** @param {{node: PMNode, editor: Editor, getPos: () => number | undefined}} props */
  constructor({ node, editor, getPos }) {
    this.node = node;
    this.editor = editor;
    this.getPos = getPos;
    this.image = h("img", { loading: "lazy", decoding: "async", draggable: false });
    this.caption = h("figcaption");
    this.dom = h("figure", { class: "picture" }, this.image, this.caption);
    /** @type {import("./picture_tools.js").PictureTools | null} */
    this.tools = null;
    this.failures = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.waiting = undefined;
    this.image.addEventListener("error", () => this.#onError());
    this.image.addEventListener("load", () => this.dom.classList.remove("is-missing"));
    this.dom.addEventListener("dblclick", () => void this.open());
    this.image.addEventListener("click", () => {
      if (!this.editor.isEditable) void this.open();
    });
    this.#show();
  }

  /** @param {PMNode} node */
  update(node) {
    if (node.type !== this.node.type) return false;
    this.node = node;
    this.#show();
    this.tools?.refresh();
    return true;
  }

  selectNode() {
    this.dom.classList.add("ProseMirror-selectednode");
    if (!this.editor.isEditable) return;
    void import("./picture_tools.js").then(({ PictureTools }) => {
      const isSelected = this.dom.classList.contains("ProseMirror-selectednode");
      if (isSelected) this.tools ??= new PictureTools(this);
    });
  }

  deselectNode() {
    this.dom.classList.remove("ProseMirror-selectednode");
    this.tools?.remove();
    this.tools = null;
  }

  /** Show the picture in the whole window. */
  async open() {
    const { openLightbox } = await import("./picture_tools.js");
    openLightbox(attachmentUrl(this.node.attrs.attachment), this.node.attrs.alt ?? "");
  }

  /** @param {Event} event */
  stopEvent(event) {
    return this.tools?.dom.contains(/** @type {globalThis.Node} */ (event.target)) ?? false;
  }

  ignoreMutation() {
    return true;
  }

  destroy() {
    clearTimeout(this.waiting);
    this.tools?.remove();
  }

  #show() {
    const { attachment, alt, width, caption } = /** @type {PictureAttributes} */ (this.node.attrs);
    const wanted = Math.min(width ?? COLUMN_PX, COLUMN_PX) * (globalThis.devicePixelRatio ?? 1);
    const url = attachmentUrl(attachment, wanted);
    if (this.image.getAttribute("src") !== url) {
      this.failures = 0;
      if (url) this.image.src = url;
      else this.#showMissing();
    }
    this.image.alt = alt ?? "";
    if (width) this.image.width = width;
    else this.image.removeAttribute("width");
    this.caption.textContent = caption ?? "";
    this.caption.hidden = !caption;
  }

  /** A picture of another document is attached to this one a moment after it was pasted. */
  #onError() {
    this.#showMissing();
    const pause = RETRY_MS[this.failures++];
    if (pause === undefined) return;
    this.waiting = setTimeout(() => {
      this.image.src = attachmentUrl(this.node.attrs.attachment);
    }, pause);
  }

  #showMissing() {
    this.dom.classList.add("is-missing");
    this.dom.dataset.missing = "This picture is not available.";
  }
}
