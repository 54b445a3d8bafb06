/** The card of the link at the caret: its address, and open, edit and unlink. */
import { isSafeLink } from "../lib/links.js";
import { h } from "../ui/dom.js";
import { editLink } from "./toolbar.js";

/** @typedef {import("../../vendor/tiptap.js").Editor} Editor */

/** Distance of the card from its link, and from the edges of the window, in pixels. */
const GAP = 6;

/**
 * Open the address of a link in a new tab.
 * @param {string | null | undefined} href
 */
export function openLink(href) {
  if (href && isSafeLink(href)) open(href, "_blank", "noopener,noreferrer");
}

/**
 * Listeners that open links by Ctrl, Cmd or Shift and a click, and by the middle button, in a text
 * that is edited: there, a click alone moves the caret.
 */
export const linkClicks = {
  /** @param {{editable: boolean}} view @param {MouseEvent} event */
  click: (view, event) =>
    view.editable && (event.ctrlKey || event.metaKey || event.shiftKey) && isOpened(event),
  /** @param {{editable: boolean}} view @param {MouseEvent} event */
  auxclick: (view, event) => view.editable && event.button === 1 && isOpened(event),
};

/** @param {MouseEvent} event */
function isOpened(event) {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (!link) return false;
  event.preventDefault();
  openLink(link.getAttribute("href"));
  return true;
}

/**
 * Show the card after `place` while the caret is in a link.
 * @param {HTMLElement} place
 * @param {Editor} editor
 */
export function mountLinkCard(place, editor) {
  const address = h("a", { class: "link-address", target: "_blank", rel: "noopener noreferrer" });
  const button = (/** @type {string} */ label, /** @type {() => void} */ onclick) =>
    h("button", { type: "button", class: "button quiet", onclick }, label);
  const unlink = () => {
    const { head } = editor.state.selection;
    editor.chain().focus().extendMarkRange("link").unsetLink().setTextSelection(head).run();
  };
  const card = h(
    "div",
    { class: "link-card", role: "group", "aria-label": "Link", hidden: true },
    address,
    button("Open", () => openLink(address.getAttribute("href"))),
    button("Edit", () => void editLink(editor)),
    button("Unlink", unlink),
  );
  place.after(card);
  const refresh = () => {
    const link = linkAt(editor);
    card.hidden = link === null;
    if (!link) return;
    const href = link.getAttribute("href") ?? "";
    address.href = href;
    address.textContent = href;
    putBelow(card, link);
  };
  editor.on("transaction", refresh);
  editor.on("focus", refresh);
  addEventListener("resize", refresh);
  const hideOutside = (/** @type {FocusEvent} */ { relatedTarget }) => {
    const isInside = relatedTarget instanceof Node && card.contains(relatedTarget);
    if (!isInside && relatedTarget !== editor.view.dom) card.hidden = true;
  };
  card.addEventListener("focusout", hideOutside);
  editor.view.dom.addEventListener("focusout", hideOutside);
  card.addEventListener("keydown", (event) => {
    if (event.key === "Escape") editor.view.focus();
  });
}

/**
 * Return the element of the link that the caret is in; null without one, or with a selection.
 * @param {Editor} editor
 */
export function linkAt(editor) {
  const { empty, head } = editor.state.selection;
  if (!editor.isEditable || !empty || !editor.isActive("link")) return null;
  const { node } = editor.view.domAtPos(head);
  const element = node instanceof Element ? node : node.parentElement;
  return element?.closest("a") ?? null;
}

/**
 * Put a card below the last line of a link, inside the window.
 * @param {HTMLElement} card
 * @param {Element} link
 */
function putBelow(card, link) {
  const line = [...link.getClientRects()].at(-1);
  const around = card.offsetParent?.getBoundingClientRect();
  if (!line || !around) return;
  const most = document.documentElement.clientWidth - card.offsetWidth - GAP;
  const left = Math.max(GAP, Math.min(line.left, most));
  card.style.left = `${left - around.left}px`;
  card.style.top = `${line.bottom + GAP - around.top}px`;
}
