/** Short messages at the foot of the page, with at most one thing to do. */
import { byId, h } from "./dom.js";

const SHOWN_MS = 8_000;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/**
 * Show a message in place of the last one.
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
  timer = setTimeout(hide, SHOWN_MS);
  // Who is about to press the button gets the time.
  place.onpointerenter = place.onfocus = () => clearTimeout(timer);
}

function hide() {
  clearTimeout(timer);
  byId("toast", HTMLElement).replaceChildren();
}

/**
 * Show what went wrong.
 * @param {unknown} error
 */
export function toastError(error) {
  toast(error instanceof Error ? error.message : String(error));
}
