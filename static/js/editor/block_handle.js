/**
 * The handle beside a block: a click opens its menu, dragging moves it. What others write into the block
 * while it is dragged goes with it: it is moved as it stands when it is dropped. Loaded when the pointer
 * is first over the text, or a key moves a block.
 */
import { h } from "../ui/dom.js";
import { loadStyles } from "../ui/styles.js";
import { toast } from "../ui/toast.js";
import { openBlockMenu, positionOf } from "./block_menu.js";
import { elementAt, moveBy, moveElement, pathAtCaret } from "./block_moves.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */

/** A pointer that moves less than this has clicked, in pixels. */
const DRAG_MIN_PX = 4;
/** The window scrolls while a block is dragged so near to its edges, by so much in a frame, in pixels. */
const EDGE_PX = 90;
const SCROLL_PX = 12;

export class BlockHandle {
  #editor;
  #noteKnown;
  #announce;
  #handle = h("button", {
    type: "button",
    class: "block-handle",
    "aria-label": "Block",
    "aria-haspopup": "menu",
    "data-tooltip": "Click for more, drag to move",
    hidden: true,
  });
  #line = h("div", { class: "drop-line", hidden: true });
  /** The place of the block that the handle is beside, in the document. */
  #index = -1;
  /** @type {{startY: number, y: number, isMoving: boolean, element: import("../../vendor/yjs.js").Y.XmlElement, to: number} | null} */
  #drag = null;
  #isDropped = false;

  /**
   * @param {Editor} editor
   * @param {{noteKnown: import("./block_moves.js").NoteKnown, announce: (text: string) => void}} page
   */
  constructor(editor, { noteKnown, announce }) {
    this.#editor = editor;
    this.#noteKnown = noteKnown;
    this.#announce = announce;
    void loadStyles("tools-styles");
    const { dom } = editor.view;
    const sheet = dom.closest(".sheet") ?? document.body;
    sheet.append(this.#handle, this.#line);
    sheet.addEventListener("pointermove", (event) => {
      if (event instanceof PointerEvent && event.pointerType !== "touch")
        this.#showAt(event.clientY);
    });
    editor.on("selectionUpdate", () => this.#showAtCaret());
    editor.on("update", () => this.#place());
    const handle = this.#handle;
    handle.addEventListener("pointerdown", (event) => this.#onDown(event));
    handle.addEventListener("pointermove", (event) => this.#onMove(event));
    handle.addEventListener("pointerup", () => this.#onUp());
    handle.addEventListener("pointercancel", () => this.#end());
    handle.addEventListener("lostpointercapture", () => this.#end());
    handle.addEventListener("click", () => {
      if (!this.#isDropped) this.openMenu();
      this.#isDropped = false;
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.#drag) return;
      // The click of its release is no click on the handle.
      this.#isDropped = this.#drag.isMoving;
      this.#end();
    });
    this.#showAtCaret();
  }

  /**
   * Move the block at the caret by one place.
   * @param {1 | -1} by
   */
  move(by) {
    const path = this.#editor.isEditable ? pathAtCaret(this.#editor) : null;
    if (path === null || !moveBy(this.#editor, path, by, this.#noteKnown)) return;
    this.#editor.commands.scrollIntoView();
    this.#announce(by > 0 ? "Moved down." : "Moved up.");
  }

  /** Open the menu of the block at the caret. */
  openMenuAtCaret() {
    this.#showAtCaret();
    this.openMenu();
  }

  /** Open the menu of the block that the handle is beside. */
  openMenu() {
    const index = this.#index;
    if (!this.#editor.isEditable || index < 0) return;
    openBlockMenu(this.#editor, index, this.#handle, (by) => {
      if (moveBy(this.#editor, [index], by, this.#noteKnown)) this.#showAtCaret();
    });
  }

  /** @param {number} y */
  #showAt(y) {
    if (this.#drag !== null) return;
    const index = this.#indexAt(y);
    if (index !== null) this.#show(index);
  }

  #showAtCaret() {
    if (this.#drag === null) this.#show(this.#editor.state.selection.$from.index(0));
  }

  /** @param {number} index */
  #show(index) {
    this.#index = index;
    this.#place();
  }

  /** Return the place of the block at a height of the window. @param {number} y */
  #indexAt(y) {
    const { view, state } = this.#editor;
    const { left, top, bottom } = view.dom.getBoundingClientRect();
    if (y < top || y > bottom) return null;
    const found = view.posAtCoords({ left: left + 24, top: y });
    if (found === null) return null;
    const place = state.doc.resolve(found.inside >= 0 ? found.inside : found.pos);
    return Math.min(place.index(0), state.doc.childCount - 1);
  }

  /** @param {number} index */
  #boxOf(index) {
    const { doc } = this.#editor.state;
    if (index < 0 || index >= doc.childCount) return null;
    const element = this.#editor.view.nodeDOM(positionOf(doc, index));
    return element instanceof HTMLElement ? element.getBoundingClientRect() : null;
  }

  /** Put the handle beside the first line of its block. */
  #place() {
    const box = this.#editor.isEditable ? this.#boxOf(this.#index) : null;
    this.#handle.hidden = box === null;
    if (box === null) return;
    const around = this.#handle.offsetParent?.getBoundingClientRect();
    const line = Math.min(box.height, 32);
    const middle = (line - this.#handle.offsetHeight) / 2;
    this.#handle.style.top = `${box.top - (around?.top ?? 0) + middle}px`;
  }

  /** @param {PointerEvent} event */
  #onDown(event) {
    this.#isDropped = false;
    const element = event.button === 0 ? elementAt(this.#editor, [this.#index]) : null;
    if (element === null) return;
    // The text keeps its focus and its selection.
    event.preventDefault();
    this.#handle.setPointerCapture(event.pointerId);
    const { clientY: y } = event;
    this.#drag = { startY: y, y, isMoving: false, element, to: this.#index };
  }

  /** @param {PointerEvent} event */
  #onMove({ clientY }) {
    if (this.#drag === null) return;
    this.#drag.y = clientY;
    if (!this.#drag.isMoving && Math.abs(clientY - this.#drag.startY) >= DRAG_MIN_PX) {
      this.#drag.isMoving = true;
      document.body.classList.add("is-dragging-block");
      this.#scroll();
    }
    if (this.#drag.isMoving) this.#aim();
  }

  /** Scroll while the pointer is near an edge of the window. */
  #scroll() {
    if (this.#drag === null) return;
    const { y } = this.#drag;
    const by = y < EDGE_PX ? -SCROLL_PX : y > innerHeight - EDGE_PX ? SCROLL_PX : 0;
    if (by !== 0) {
      scrollBy(0, by);
      this.#aim();
    }
    requestAnimationFrame(() => this.#scroll());
  }

  /** Show where the block would stand. */
  #aim() {
    if (this.#drag === null) return;
    const { view, state } = this.#editor;
    const { top, bottom } = view.dom.getBoundingClientRect();
    const y = Math.min(Math.max(this.#drag.y, top + 1), bottom - 1);
    const index = this.#indexAt(y) ?? state.doc.childCount - 1;
    const box = this.#boxOf(index);
    const around = this.#line.parentElement?.getBoundingClientRect();
    if (box === null || around === undefined) return;
    const isBehind = y > (box.top + box.bottom) / 2;
    this.#drag.to = isBehind ? index + 1 : index;
    this.#line.hidden = false;
    this.#line.style.top = `${(isBehind ? box.bottom : box.top) - around.top}px`;
  }

  #onUp() {
    const drag = this.#drag;
    if (drag?.isMoving) this.#aim();
    this.#end();
    if (drag?.isMoving) this.#isDropped = true;
    // The click that follows belongs to the drag; where none follows, the next one is a click.
    setTimeout(() => (this.#isDropped = false));
    if (drag?.isMoving) this.#drop(drag.element, drag.to);
  }

  /** @param {import("../../vendor/yjs.js").Y.XmlElement} element @param {number} to */
  #drop(element, to) {
    const { doc } = this.#editor.state;
    if (!this.#editor.isEditable) return;
    if (element._item?.deleted) {
      toast("Somebody else deleted or moved this block meanwhile.");
      return;
    }
    const before = to < doc.childCount ? elementAt(this.#editor, [to]) : null;
    const isSame = before === element || elementAt(this.#editor, [Math.max(to - 1, 0)]) === element;
    if (isSame || (before === null && to < doc.childCount)) return;
    if (moveElement(this.#editor, element, before, this.#noteKnown)) this.#announce("Moved.");
    this.#show(to > this.#index ? to - 1 : to);
  }

  #end() {
    this.#drag = null;
    this.#line.hidden = true;
    document.body.classList.remove("is-dragging-block");
  }
}
