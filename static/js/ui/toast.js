/** Short messages at the foot of the page, with at most one action. */
import { byId, h, icon } from "./dom.js";

const TOAST_MS = 8_000;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
/** Whether the message stays until it is closed. */
let isStaying = false;

/**
 * Show a message, which replaces the last one. Return what hides it if it is still shown.
 * @param {string} text
 * @param {{label: string, run: () => void}} [action]
 * @param {{stays?: boolean, onClose?: () => void}} [options] whether it stays until it is closed, and
 *   what happens when the person closes it
 */
export function toast(text, action, { stays = false, onClose = () => {} } = {}) {
  const place = byId("toast", HTMLElement);
  const children = [h("span", {}, text)];
  if (action) {
    const run = () => {
      hideToast();
      action.run();
    };
    children.push(
      h("button", { type: "button", class: "link-button", onclick: run }, action.label),
    );
  }
  const close = { type: "button", class: "icon-button", "aria-label": "Close this message" };
  const onclick = () => {
    hideToast();
    onClose();
  };
  children.push(h("button", { ...close, onclick }, icon("x")));
  raise(place);
  const message = h("div", { class: "toast" }, ...children);
  place.replaceChildren(message);
  // The message stays while the pointer or the focus is on it.
  for (const event of ["pointerenter", "focusin"]) place.addEventListener(event, stopTimer);
  for (const event of ["pointerleave", "focusout"]) place.addEventListener(event, startTimer);
  isStaying = stays;
  startTimer();
  return () => {
    if (message.isConnected) hideToast();
  };
}

/** Hide the message, for example because its subject is no longer on the screen. */
export function hideToast() {
  stopTimer();
  byId("toast", HTMLElement).replaceChildren();
}

/**
 * Show an error.
 * @param {unknown} error
 */
export function toastError(error) {
  toast(error instanceof Error ? error.message : String(error));
}

function stopTimer() {
  clearTimeout(timer);
}

function startTimer() {
  stopTimer();
  if (isStaying) return;
  timer = setTimeout(hideToast, TOAST_MS);
}

/**
 * Put the place of messages above an open dialog.
 * @param {HTMLElement} place
 */
function raise(place) {
  if (!place.popover) return;
  if (place.matches(":popover-open")) place.hidePopover();
  place.showPopover();
}
