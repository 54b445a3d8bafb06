/** Short messages at the foot of the page, with at most one action. */
import { byId, h, icon } from "./dom.js";

const TOAST_MS = 8_000;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
/** The message that stays until it is closed, and the ones that wait for its place. @type {HTMLElement[]} */
let staying = [];
/** The message that goes by itself, beside the one that stays. @type {HTMLElement | null} */
let passing = null;

/**
 * Show a message. It replaces the last one that does not stay; one that stays waits until those before
 * it are closed. Return what hides it if it is still there.
 * @param {string} text
 * @param {{label: string, run: () => void}} [action]
 * @param {{stays?: boolean, onClose?: () => void}} [options] whether it stays until it is closed, and
 *   what happens when the person closes it
 */
export function toast(text, action, { stays = false, onClose = () => {} } = {}) {
  const children = [h("span", {}, text)];
  const hide = () => remove(message);
  if (action) {
    const run = () => {
      hide();
      action.run();
    };
    children.push(
      h("button", { type: "button", class: "link-button", onclick: run }, action.label),
    );
  }
  const close = { type: "button", class: "icon-button", "aria-label": "Close this message" };
  const onclick = () => {
    hide();
    onClose();
  };
  children.push(h("button", { ...close, onclick }, icon("x")));
  const message = h("div", { class: "toast" }, ...children);
  if (stays) staying.push(message);
  else passing = message;
  show();
  return hide;
}

/** Hide the message that does not stay, for example because its subject is no longer on the screen. */
export function hideToast() {
  remove(passing);
}

/**
 * Show an error.
 * @param {unknown} error
 */
export function toastError(error) {
  toast(error instanceof Error ? error.message : String(error));
}

/** @param {HTMLElement | null} message */
function remove(message) {
  staying = staying.filter((one) => one !== message);
  if (passing === message) passing = null;
  show();
}

/** Show the first message that stays, and the one that does not. */
function show() {
  const place = byId("toast", HTMLElement);
  const shown = [staying[0], passing];
  for (const message of [...place.children])
    if (!shown.some((one) => one === message)) message.remove();
  // What is shown already keeps its focus, and is not read out again.
  for (const message of shown) {
    if (message && message.parentElement !== place) {
      raise(place);
      place.append(message);
    }
  }
  // The message stays while the pointer or the focus is on it.
  for (const event of ["pointerenter", "focusin"]) place.addEventListener(event, stopTimer);
  for (const event of ["pointerleave", "focusout"]) place.addEventListener(event, startTimer);
  startTimer();
}

function stopTimer() {
  clearTimeout(timer);
}

function startTimer() {
  stopTimer();
  if (passing) timer = setTimeout(hideToast, TOAST_MS);
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
