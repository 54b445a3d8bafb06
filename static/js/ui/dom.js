/** Small helpers to build and find elements. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element. Functions are listeners by their `on…` name, booleans switch an attribute.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number | boolean | ((event: any) => void)>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (typeof value === "boolean") element.toggleAttribute(name, value);
    else element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}

/**
 * Return an icon of the sprite, hidden from screen readers, for a button with a name.
 * @param {string} name
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  // The address of the sprite, as the server gave it.
  use.setAttribute("href", `${document.documentElement.dataset.icons ?? ""}#${name}`);
  svg.append(use);
  return svg;
}

/**
 * Return an element of the page; throws if the template does not have it.
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function byId(id, type) {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`the page has no ${type.name} #${id}`);
  return element;
}

/**
 * Read the data that the server put into the page.
 * @returns {any}
 */
export function pageData() {
  return JSON.parse(byId("page-data", HTMLScriptElement).textContent ?? "{}");
}

/**
 * Scroll a box so that an element in it is seen. What is around the box stays where it is, unlike by
 * `scrollIntoView`.
 * @param {Element | null | undefined} element
 * @param {Element | null | undefined} box
 */
export function reveal(element, box) {
  if (!element || !box) return;
  const [inner, outer] = [element.getBoundingClientRect(), box.getBoundingClientRect()];
  if (inner.top < outer.top) box.scrollTop -= outer.top - inner.top;
  else if (inner.bottom > outer.bottom) {
    box.scrollTop += Math.min(inner.bottom - outer.bottom, inner.top - outer.top);
  }
}

/**
 * Return a function that calls `action` once after the last of several calls.
 * @param {number} delayMs
 * @param {() => void} action
 */
export function debounced(delayMs, action) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(action, delayMs);
  };
}

/**
 * Return a function that calls `action` at once, but not again within `intervalMs`: calls within it
 * are answered by one at its end.
 * @param {number} intervalMs
 * @param {() => void} action
 */
export function throttled(intervalMs, action) {
  let isDue = false;
  let isPaused = false;
  const run = () => {
    isPaused = true;
    isDue = false;
    setTimeout(() => {
      isPaused = false;
      if (isDue) run();
    }, intervalMs);
    action();
  };
  return () => {
    if (isPaused) isDue = true;
    else run();
  };
}
