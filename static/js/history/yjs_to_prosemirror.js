/**
 * Converts a Yjs document to ProseMirror nodes, read only.
 *
 * Blocks that have not changed since the last conversion are the same nodes again, which makes the
 * comparison cheap. Nodes and marks that the schema does not know are boxes, as in the editor.
 */
import { Y } from "../../vendor/yjs.js";
import { FIELD } from "../editor/editor.js";
import { shownAttributes } from "../editor/unknown_content.js";

/** @typedef {import("../../vendor/tiptap.js").Editor["schema"]} Schema */
/** @typedef {Schema["topNodeType"]} NodeType */
/** @typedef {NonNullable<ReturnType<NodeType["createAndFill"]>>} PMNode */

/** The suffix of a mark's name where the same text has several marks of one type. */
const MARK_HASH = /--[a-zA-Z0-9+/=]{8}$/;

/** Makes the nodes for one editor. */
export class NodeBuilder {
  #schema;
  /** The nodes of blocks of observed documents. @type {WeakMap<object, PMNode | null>} */
  #blocks = new WeakMap();
  /** @type {WeakSet<Y.Doc>} */
  #observed = new WeakSet();

  /** @param {Schema} schema */
  constructor(schema) {
    this.#schema = schema;
  }

  /**
   * Return the content of a document. Its blocks are cached, and it is observed for that, unless it
   * is `isLive`: a document that outlives this object.
   * @param {Y.Doc} doc
   * @param {{isLive?: boolean}} [options]
   * @returns {PMNode}
   */
  root(doc, { isLive = false } = {}) {
    const fragment = doc.getXmlFragment(FIELD);
    if (!isLive) this.#observe(doc, fragment);
    const { topNodeType: topType } = this.#schema;
    const blocks = fragment.toArray().flatMap((type) => {
      if (!(type instanceof Y.XmlElement)) return [];
      const node = isLive ? this.#node(type) : this.#block(type);
      const isBlock = node !== null && topType.contentMatch.matchType(node.type);
      return (isBlock ? node : this.#box(type, false)) ?? [];
    });
    const type = topType;
    // An empty document has an empty paragraph, as in the editor.
    return (blocks.length > 0 ? null : type.createAndFill()) ?? type.create(null, blocks);
  }

  /**
   * @param {Y.Doc} doc
   * @param {Y.XmlFragment} fragment
   */
  #observe(doc, fragment) {
    if (this.#observed.has(doc)) return;
    this.#observed.add(doc);
    fragment.observeDeep((events) => this.#forget(fragment, events));
  }

  /** @param {Y.XmlElement} element of an observed document */
  #block(element) {
    let node = this.#blocks.get(element);
    if (node === undefined) {
      node = this.#node(element);
      this.#blocks.set(element, node);
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
      this.#blocks.delete(type);
    }
  }

  /**
   * @param {Y.XmlElement} element
   * @returns {PMNode | null}
   */
  #node(element) {
    const { nodes } = this.#schema;
    const type = Object.hasOwn(nodes, element.nodeName) ? nodes[element.nodeName] : undefined;
    if (type === undefined || type.isText || type.spec.isUnknown) return null;
    const children = element.toArray().flatMap((child) => {
      if (child instanceof Y.XmlText) return this.#texts(child);
      if (!(child instanceof Y.XmlElement)) return [];
      return this.#node(child) ?? this.#box(child, type.inlineContent) ?? [];
    });
    try {
      // As in the editor: a node that lacks a child it must have is shown with an empty one.
      return type.createAndFill(shownAttributes(type, element.getAttributes()), children);
    } catch {
      return null;
    }
  }

  /**
   * Return the box that stands for an element; null if the schema has none.
   * @param {Y.XmlElement} element
   * @param {boolean} isInline
   */
  #box(element, isInline) {
    const type = this.#schema.nodes[isInline ? "unknown-inline" : "unknown-block"];
    return type?.create({ name: element.nodeName }) ?? null;
  }

  /**
   * @param {Y.XmlText} text
   * @returns {PMNode[]}
   */
  #texts(text) {
    /** @type {{insert: unknown, attributes?: object}[]} */
    const parts = text.toDelta();
    return parts.flatMap(({ insert, attributes }) =>
      typeof insert === "string" ? this.#schema.text(insert, this.#marks(attributes ?? {})) : [],
    );
  }

  /** @param {Record<string, any>} attributes */
  #marks(attributes) {
    return Object.entries(attributes).flatMap(([name, value]) => {
      const { marks } = this.#schema;
      const known = name.replace(MARK_HASH, "");
      const type = Object.hasOwn(marks, known) ? marks[known] : undefined;
      if (type === undefined || type.spec.isUnknown) {
        return marks.unknown?.create({ name, value }) ?? [];
      }
      return type.create(shownAttributes(type, Object(value)));
    });
  }
}
