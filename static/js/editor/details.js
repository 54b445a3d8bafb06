/**
 * A part to unfold, by the names of Tiptap's extension. Whether it is open is each reader's own: no
 * attribute, a class. What its keys do is loaded with the first one (`details_keys.js`).
 */
import { Node } from "../../vendor/tiptap.js";
import { h } from "../ui/dom.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */

const OPEN = "is-open";

/**
 * Return the extensions of parts to unfold.
 * @param {() => void} [onDetails] called when one is shown
 */
export function detailsExtensions(onDetails = () => {}) {
  return [Details.configure({ onDetails }), Summary, Content];
}

const Details = Node.create({
  name: "details",
  group: "block",
  content: "detailsSummary detailsContent",
  defining: true,
  isolating: true,
  addOptions: () => ({ onDetails: () => {} }),
  parseHTML: () => [{ tag: "details" }],
  renderHTML: () => ["details", { open: "" }, 0],
  addNodeView() {
    return () => {
      this.options.onDetails();
      return new DetailsView();
    };
  },
});

const Summary = Node.create({
  name: "detailsSummary",
  content: "inline*",
  defining: true,
  selectable: false,
  parseHTML: () => [{ tag: "summary" }],
  renderHTML: () => ["summary", 0],
});

const Content = Node.create({
  name: "detailsContent",
  content: "block+",
  defining: true,
  selectable: false,
  parseHTML: () => [{ tag: 'div[data-type="detailsContent"]' }],
  renderHTML: () => ["div", { "data-type": "detailsContent" }, 0],
});

/** A button beside the summary and the content. */
class DetailsView {
  contentDOM = h("div", { class: "details-body" });
  #button = h("button", {
    type: "button",
    class: "details-toggle",
    contenteditable: "false",
    "aria-expanded": "false",
    "aria-label": "Unfold",
    onclick: () => setOpen(this.dom, !this.dom.classList.contains(OPEN)),
  });
  dom = h("div", { class: "details" }, this.#button, this.contentDOM);

  /** @param {{type: string, target: globalThis.Node}} mutation */
  ignoreMutation({ type, target }) {
    return type !== "selection" && !this.contentDOM.contains(target);
  }

  /** @param {Event} event */
  stopEvent({ target }) {
    return target === this.#button;
  }
}

/**
 * Show or hide the content of a part to unfold.
 * @param {Element} element
 * @param {boolean} isOpen
 */
export function setOpen(element, isOpen) {
  element.classList.toggle(OPEN, isOpen);
  const button = element.querySelector(":scope > .details-toggle");
  button?.setAttribute("aria-expanded", String(isOpen));
}

/**
 * Unfold the parts that a position is in.
 * @param {Editor} editor
 * @param {number} position
 */
export function unfoldAt({ state, view }, position) {
  const $at = state.doc.resolve(position);
  for (let depth = $at.depth; depth > 0; depth -= 1) {
    if ($at.node(depth).type.name !== "detailsContent") continue;
    const element = view.nodeDOM($at.before(depth - 1));
    if (element instanceof Element) setOpen(element, true);
  }
}
