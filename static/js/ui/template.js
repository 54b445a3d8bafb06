/** Static markup from the page's `<template>` elements, and the parts of it that scripts use. */
import { byId } from "./dom.js";

/**
 * Return a copy of a template's content.
 * @param {string} id
 */
export function fromTemplate(id) {
  return document.importNode(byId(id, HTMLTemplateElement).content, true);
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
