/** Style sheets that a page needs later than its first picture, from its `<template>` elements. */
import { fromTemplate } from "./template.js";

/** @type {Map<string, Promise<void>>} */
const loading = new Map();

/**
 * Load the style sheet in a template, once. A sheet that fails leaves its part without its styles.
 * @param {string} id of the template
 * @returns {Promise<void>}
 */
export function loadStyles(id) {
  const found = loading.get(id) ?? load(id);
  loading.set(id, found);
  return found;
}

/** @param {string} id */
function load(id) {
  return /** @type {Promise<void>} */ (
    new Promise((resolve) => {
      const sheet = fromTemplate(id).querySelector("link");
      if (!sheet) throw new Error(`the template ${id} has no style sheet`);
      sheet.addEventListener("load", () => resolve());
      sheet.addEventListener("error", () => {
        loading.delete(id);
        sheet.remove();
        resolve();
      });
      document.head.append(sheet);
    })
  );
}
