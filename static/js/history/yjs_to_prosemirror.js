/**
 * A Yjs document as nodes of the editor, read only: nothing is written back into it.
 *
 * Blocks that have not changed since the last time are the same nodes again, so that the editor
 * sees at once what is new. What the schema does not know is left out, as in the editor itself.
 */
import { Y } from "../../vendor/yjs.js";
import { FIELD } from "../editor/editor.js";

/** @typedef {import("../../vendor/tiptap.js").Editor["schema"]} Schema */
/** @typedef {Schema["topNodeType"]} NodeType */
/** @typedef {NonNullable<ReturnType<NodeType["createAndFill"]>>} PMNode */

/** What two marks of one kind on the same text have behind their name. */
const MARK_HASH = /--[a-zA-Z0-9+/=]{8}$/;

/** Makes nodes for one editor. */
export class NodeBuilder {
  #schema;
  /** Of the blocks of documents that are watched. @type {WeakMap<object, PMNode | null>} */
  #made = new WeakMap();
  /** @type {WeakSet<Y.Doc>} */
  #watched = new WeakSet();

  /** @param {Schema} schema */
  constructor(schema) {
    this.#schema = schema;
  }

  /**
   * Return the content of a document. Its blocks are kept for the next time, and it is watched for
   * that, unless it is `isLive`: a document that lives longer than this.
   * @param {Y.Doc} doc
   * @param {{isLive?: boolean}} [options]
   * @returns {PMNode}
   */
  root(doc, { isLive = false } = {}) {
    const fragment = doc.getXmlFragment(FIELD);
    if (!isLive) this.#watch(doc, fragment);
    const blocks = fragment.toArray().flatMap((type) => {
      if (!(type instanceof Y.XmlElement)) return [];
      return (isLive ? this.#node(type) : this.#block(type)) ?? [];
    });
    const type = this.#schema.topNodeType;
    // An empty document has an empty paragraph, as in the editor.
    return (blocks.length > 0 ? null : type.createAndFill()) ?? type.create(null, blocks);
  }

  /**
   * @param {Y.Doc} doc
   * @param {Y.XmlFragment} fragment
   */
  #watch(doc, fragment) {
    if (this.#watched.has(doc)) return;
    this.#watched.add(doc);
    fragment.observeDeep((events) => this.#forget(fragment, events));
  }

  /** @param {Y.XmlElement} element of a document that is watched */
  #block(element) {
    let node = this.#made.get(element);
    if (node === undefined) {
      node = this.#node(element);
      this.#made.set(element, node);
    }
    return node;
  }

  /**
   * @param {Y.XmlFragment} fragment
   * @param {Y.YEvent<any>[]} events
   */
  #forget(fragment, events) {
    for (const { target } of events) {
      let type = target;
      while (type.parent && type.parent !== fragment) type = type.parent;
      this.#made.delete(type);
    }
  }

  /**
   * @param {Y.XmlElement} element
   * @returns {PMNode | null}
   */
  #node(element) {
    const children = element.toArray().flatMap((child) => {
      if (child instanceof Y.XmlText) return this.#texts(child);
      return (child instanceof Y.XmlElement && this.#node(child)) || [];
    });
    try {
      return this.#schema.node(element.nodeName, element.getAttributes(), children);
    } catch {
      return null;
    }
  }

  /**
   * @param {Y.XmlText} text
   * @returns {PMNode[]}
   */
  #texts(text) {
    try {
      return text
        .toDelta()
        .map((/** @type {{insert: string, attributes?: object}} */ part) =>
          this.#schema.text(part.insert, this.#marks(part.attributes ?? {})),
        );
    } catch {
      return [];
    }
  }

  /** @param {Record<string, any>} attributes */
  #marks(attributes) {
    return Object.entries(attributes).map(([name, value]) =>
      this.#schema.mark(name.replace(MARK_HASH, ""), value),
    );
  }
}
