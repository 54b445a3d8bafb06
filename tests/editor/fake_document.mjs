/** The part of a browser's document that dialogs and fields need, without a browser. */

export class FakeElement extends EventTarget {
  /** @type {(FakeElement | string)[]} */
  children = [];
  /** @type {FakeElement | null} */
  parent = null;
  /** @type {Map<string, string>} */
  attributes = new Map();
  value = "";
  problem = "";
  readOnly = false;
  isOpen = false;

  /** @param {string} tag */
  constructor(tag) {
    super();
    this.tag = tag;
  }

  get parentElement() {
    return this.parent;
  }

  /** @param {string} name @param {string} value */
  setAttribute(name, value) {
    this.attributes.set(name, value);
    if (name === "value") this.value = value;
  }

  /** @param {string} name @param {boolean} isOn */
  toggleAttribute(name, isOn) {
    if (isOn) this.attributes.set(name, "");
    else this.attributes.delete(name);
  }

  /** @param {...(FakeElement | string)} children */
  append(...children) {
    this.children.push(...children);
    for (const child of children) if (child instanceof FakeElement) child.parent = this;
  }

  remove() {
    if (this.parent) {
      this.parent.children = this.parent.children.filter((child) => child !== this);
    }
    this.parent = null;
  }

  /**
   * Find the first element with an attribute, or of a tag.
   * @param {string} selector `[name]` or `tag`
   * @returns {FakeElement | null}
   */
  querySelector(selector) {
    const name = /^\[(.+)\]$/.exec(selector)?.[1];
    for (const child of this.children) {
      if (!(child instanceof FakeElement)) continue;
      const isIt = name ? child.attributes.has(name) : child.tag === selector;
      const found = isIt ? child : child.querySelector(selector);
      if (found) return found;
    }
    return null;
  }

  focus() {
    fakeDocument.activeElement = this;
  }

  select() {}

  /** @param {string} problem */
  setCustomValidity(problem) {
    this.problem = problem;
  }

  reportValidity() {
    return this.problem === "";
  }

  showModal() {
    this.isOpen = true;
  }

  close() {
    this.isOpen = false;
    this.dispatchEvent(new Event("close"));
  }
}

export const fakeDocument = {
  title: "",
  /** @type {FakeElement | null} */
  activeElement: null,
  body: new FakeElement("body"),
  documentElement: { dataset: { icons: "/icons.svg" } },
  createElement: (/** @type {string} */ tag) => new FakeElement(tag),
  createElementNS: (/** @type {string} */ _space, /** @type {string} */ tag) =>
    new FakeElement(tag),
};

/** The browser's storage, in memory. */
export class FakeStorage {
  /** @type {Map<string, string>} */
  values = new Map();

  /** @param {string} key */
  getItem(key) {
    return this.values.get(key) ?? null;
  }

  /** @param {string} key @param {string} value */
  setItem(key, value) {
    this.values.set(key, value);
  }

  /** @param {string} key */
  removeItem(key) {
    this.values.delete(key);
  }
}

/** Install them for a test file; return the storage. */
export function installFakeDocument() {
  const localStorage = new FakeStorage();
  Object.assign(globalThis, { document: fakeDocument, localStorage });
  return localStorage;
}
