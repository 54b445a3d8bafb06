/** Short messages at the foot of the page, with at most one action. */
import { byId, h } from "./dom.js";

const TOAST_MS = 8_000;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/**
 * Show a message, which replaces the last one.
 * @param {string} text
 * @param {{label: string, run: () => void}} [action]
 */
export function toast(text, action) {
  const place = byId("toast", HTMLElement);
  const children = [h("span", {}, text)];
  if (action) {
    const run = () => {
      hide();
      action.run();
    };
    children.push(
      h("button", { type: "button", class: "link-button", onclick: run }, action.label),
    );
  }
  place.replaceChildren(h("div", { class: "toast" }, ...children));
  clearTimeout(timer);
  timer = setTimeout(hide, TOAST_MS);
  // The message stays while the pointer or the focus is on it.
  place.onpointerenter = place.onfocus = () => clearTimeout(timer);
}

function hide() {
  clearTimeout(timer);
  byId("toast", HTMLElement).replaceChildren();
}

/**
 * Show an error.
 * @param {unknown} error
 */
export function toastError(error) {
  toast(error instanceof Error ? error.message : String(error));
}
