/** Static markup from the page's `<template>` elements, and the parts of it that scripts use. */
import { byId } from "./dom.js";

/**
 * Return a copy of a template's one element.
 * @param {string} id
 */
export function fromTemplate(id) {
  const { content } = byId(id, HTMLTemplateElement);
  const element = document.importNode(content, true).firstElementChild;
  if (!(element instanceof HTMLElement)) throw new Error(`the template #${id} is empty`);
  return element;
}

/**
 * Return the parts of an element by their `data-part`, each of its type.
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
