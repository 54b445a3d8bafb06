/** Copies a text to the clipboard, also in a page without a secure context. */
import { h } from "./dom.js";

/**
 * Return whether the text was copied.
 * @param {string} text
 */
export async function copyToClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const place = h("textarea", { class: "visually-hidden", readonly: true });
    place.value = text;
    document.body.append(place);
    place.select();
    const isCopied = document.execCommand("copy");
    place.remove();
    return isCopied;
  }
}
