/** Static markup from the page's `<template>` elements, and its parts that scripts use. */
import { byId, icon } from "./dom.js";

/**
 * Return a copy of a template's content, with the icons that it names by `data-icon`.
 * @param {string} id
 */
export function fromTemplate(id) {
  const content = document.importNode(byId(id, HTMLTemplateElement).content, true);
  for (const element of content.querySelectorAll("[data-icon]")) {
    element.append(icon(element.getAttribute("data-icon") ?? ""));
  }
  return content;
}

/**
 * Return the parts of some markup by their `data-part`, each of its type.
 * @template {Record<string, new () => HTMLElement>} Types
 * @param {ParentNode} root
 * @param {Types} types
 * @returns {{[Name in keyof Types]: InstanceType<Types[Name]>}}
 */
export function partsOf(root, types) {
  const entries = Object.entries(types).map(([name, type]) => {
    const element = root.querySelector(`[data-part="${name}"]`);
    if (!(element instanceof type)) throw new Error(`the template has no ${type.name} ${name}`);
    return [name, element];
  });
  return Object.fromEntries(entries);
}
