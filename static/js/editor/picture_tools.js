/** The tools of a selected picture: words, width, and the view in the whole window. */
import { ask } from "../ui/dialog.js";
import { h, icon } from "../ui/dom.js";
import { loadStyles } from "../ui/styles.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */
/**
 * The picture that the tools are for.
 * @typedef {object} View
 * @property {Editor["state"]["doc"]} node
 * @property {Editor} editor
 * @property {() => number | undefined} getPos
 * @property {HTMLElement} dom
 * @property {HTMLImageElement} image
 * @property {() => Promise<void>} open
 */

void loadStyles("dialog-styles");

/** Narrowest picture, and a step of its width by keyboard, in CSS pixels. */
const MIN_WIDTH = 40;
const STEP = 40;

/**
 * Return a width within its bounds.
 * @param {number} width
 * @param {number} most
 */
export function widthWithin(width, most) {
  return Math.round(Math.min(Math.max(width, MIN_WIDTH), Math.max(most, MIN_WIDTH)));
}

/** A row of buttons above the picture, and a handle at its edge. */
export class PictureTools {
  #view;
  #describe;

  /** @param {View} view */
  constructor(view) {
    this.#view = view;
    const button = (
      /** @type {string} */ label,
      /** @type {string} */ name,
      /** @type {() => void} */ onclick,
    ) =>
      h(
        "button",
        { type: "button", class: "tool", "aria-label": label, "data-tooltip": label, onclick },
        icon(name),
      );
    this.#describe = h("button", {
      type: "button",
      class: "button quiet",
      onclick: () => void this.#askAlt(),
    });
    this.dom = h(
      "div",
      {
        class: "picture-tools",
        role: "toolbar",
        "aria-label": "Picture",
        contenteditable: "false",
      },
      this.#describe,
      h(
        "button",
        { type: "button", class: "button quiet", onclick: () => void this.#askCaption() },
        "Caption",
      ),
      button("Narrower (Alt+Shift+←)", "minus", () => this.resize(-STEP)),
      button("Wider (Alt+Shift+→)", "plus", () => this.resize(STEP)),
      button("Show in the whole window", "eye", () => void view.open()),
      button("Remove the picture", "trash-2", () => this.#remove()),
    );
    this.handle = h("span", { class: "picture-handle", "aria-hidden": "true" });
    this.handle.addEventListener("pointerdown", (event) => this.#drag(event));
    this.dom.append(this.handle);
    view.dom.append(this.dom);
    this.onKey = (/** @type {KeyboardEvent} */ event) => this.#onKey(event);
    document.addEventListener("keydown", this.onKey, true);
    this.refresh();
  }

  /** Show what is asked for: a description, until there is one. */
  refresh() {
    const { alt } = this.#view.node.attrs;
    this.#describe.textContent = alt === null ? "Describe it for who cannot see it" : "Description";
  }

  remove() {
    document.removeEventListener("keydown", this.onKey, true);
    this.dom.remove();
  }

  /** @param {number} by pixels */
  resize(by) {
    this.#setWidth(this.#view.image.getBoundingClientRect().width + by);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (!event.altKey || !event.shiftKey || !this.#view.editor.isFocused) return;
    const by = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.resize(by);
  }

  /** @param {PointerEvent} event */
  #drag(event) {
    event.preventDefault();
    const { image } = this.#view;
    const [startX, startWidth] = [event.clientX, image.getBoundingClientRect().width];
    let width = startWidth;
    const move = (/** @type {PointerEvent} */ moved) => {
      width = widthWithin(startWidth + moved.clientX - startX, this.#most());
      image.width = width;
    };
    this.handle.setPointerCapture(event.pointerId);
    this.handle.addEventListener("pointermove", move);
    this.handle.addEventListener(
      "pointerup",
      () => {
        this.handle.removeEventListener("pointermove", move);
        if (width !== startWidth) this.#setWidth(width);
      },
      { once: true },
    );
  }

  #most() {
    return this.#view.dom.parentElement?.getBoundingClientRect().width ?? MIN_WIDTH;
  }

  /** @param {number} width */
  #setWidth(width) {
    this.#set({ width: widthWithin(width, this.#most()) });
  }

  async #askAlt() {
    const words = await ask({
      heading: "Description",
      label: "What the picture shows, for people who cannot see it (empty: only an ornament)",
      value: String(this.#view.node.attrs.alt ?? ""),
      button: "Save",
      maxlength: 1_000,
    });
    if (words !== null) this.#set({ alt: words.trim() });
  }

  async #askCaption() {
    const words = await ask({
      heading: "Caption",
      label: "Text below the picture",
      value: String(this.#view.node.attrs.caption ?? ""),
      button: "Save",
      maxlength: 1_000,
    });
    if (words !== null) this.#set({ caption: words.trim() || null });
  }

  /** @param {Record<string, unknown>} attributes */
  #set(attributes) {
    const { editor, getPos } = this.#view;
    const at = getPos();
    if (at === undefined || !editor.isEditable) return;
    const node = editor.state.doc.nodeAt(at);
    if (node?.type.name !== "image") return;
    editor
      .chain()
      .command(({ tr }) => {
        for (const [name, value] of Object.entries(attributes))
          tr.setNodeAttribute(at, name, value);
        return true;
      })
      .setNodeSelection(at)
      .run();
    editor.view.focus();
  }

  #remove() {
    const { editor, getPos, node } = this.#view;
    const at = getPos();
    if (at === undefined) return;
    editor
      .chain()
      .deleteRange({ from: at, to: at + node.nodeSize })
      .focus()
      .run();
  }
}

/**
 * Show a picture in the whole window, until a click or Escape.
 * @param {string} url
 * @param {string} alt
 */
export function openLightbox(url, alt) {
  const dialog = h(
    "dialog",
    { class: "lightbox", "aria-label": alt || "Picture", onclick: () => dialog.close() },
    h("img", { src: url, alt }),
    h(
      "button",
      { type: "button", class: "icon-button", "aria-label": "Close", autofocus: true },
      icon("x"),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
