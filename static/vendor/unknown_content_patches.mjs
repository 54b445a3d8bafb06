/**
 * Patches of the editor's binding: what a page does not know it shows as it can, and never deletes.
 */

/** @type {import("./patches.mjs").Patch[]} */
export const UNKNOWN_CONTENT = [
  {
    why: `What the page cannot show must not be deleted for everyone. The binding deleted each node
        and text that the schema refused, and wrote its stale text back when a change could not be
        shown. Now it stops: it shows what it can, writes nothing more, and reports the reason.`,
    from: "  onFirstRender = () => {},\n  mapping\n} = {}) => {",
    to: "  onFirstRender = () => {},\n  mapping,\n  onStop = () => {}\n} = {}) => {",
  },
  {
    why: "The same: who is told.",
    from: "  const binding = new ProsemirrorBinding(yXmlFragment, mapping);\n  const plugin",
    to: "  const binding = new ProsemirrorBinding(yXmlFragment, mapping);\n  binding.onStop = onStop;\n  const plugin",
  },
  {
    why: "The same: a stopped binding takes no keys.",
    from: "return syncState.snapshot == null && syncState.prevSnapshot == null",
    to: "return !binding.stopped && syncState.snapshot == null && syncState.prevSnapshot == null",
  },
  {
    why: "The same: a stopped binding writes nothing.",
    from: "              binding.mux(() => {\n                /** @type {Y.Doc} */ (pluginState.doc).transact((tr) => {",
    to: "              if (!binding.stopped) binding.mux(() => {\n                /** @type {Y.Doc} */ (pluginState.doc).transact((tr) => {",
  },
  {
    why: "The same: writing by any other way.",
    from: "  _prosemirrorChanged (doc) {\n",
    to: "  _prosemirrorChanged (doc) {\n    if (this.stopped) return\n",
  },
  {
    why: "The same: how a binding stops, for its content or for an error.",
    from: "  _isLocalCursorInView () {",
    to: `  stop (reason, error) {
    const isNew = this.stopped !== reason && this.stopped !== 'error';
    if (!isNew) return
    this.stopped = reason;
    this.onStop(reason, error);
  }

  showing (show) {
    this.mux(() => {
      try {
        show();
      } catch (error) {
        this.stop('error', error);
      }
    });
  }

  content (create) {
    const { schema } = this.prosemirrorView.state;
    const { contentMatch } = schema.topNodeType;
    return this.type.toArray().map((type) => {
      if (!(type instanceof Y.XmlElement)) return unknownContent(this)
      const node = create(type, schema, this);
      return node === null || contentMatch.matchType(node.type) ? node : unknownContent(this)
    }).filter((node) => node !== null)
  }

  _isLocalCursorInView () {`,
  },
  {
    why: "The same, where the text is shown at first.",
    from: `    this.mapping.clear();
    this.mux(() => {
      // If this is a forced rerender`,
    to: `    this.mapping.clear();
    this.showing(() => {
      // If this is a forced rerender`,
  },
  {
    why: "The same: the blocks that are shown at first.",
    from: `      const sel = this.beforeTransactionSelection !== null ? null : this.prosemirrorView.state.selection;
      const fragmentContent = this.type.toArray().map((t) =>
        createNodeFromYElement(
          /** @type {Y.XmlElement} */ (t),
          this.prosemirrorView.state.schema,
          this
        )
      ).filter((n) => n !== null);`,
    to: `      const sel = this.beforeTransactionSelection !== null ? null : this.prosemirrorView.state.selection;
      const fragmentContent = this.content(createNodeFromYElement);`,
  },
  {
    why: "The same, where a change is shown.",
    from: `    this.mux(() => {
      /**
       * @param {any} _
       * @param {Y.AbstractType<any>} type
       */`,
    to: `    this.showing(() => {
      /**
       * @param {any} _
       * @param {Y.AbstractType<any>} type
       */`,
  },
  {
    why: "The same: the blocks of a change.",
    from: `const fragmentContent = this.type.toArray().map((t) =>
        createNodeIfNotExists(
          /** @type {Y.XmlElement | Y.XmlHook} */ (t),
          this.prosemirrorView.state.schema,
          this
        )
      ).filter((n) => n !== null);`,
    to: "const fragmentContent = this.content(createNodeIfNotExists);",
  },
  {
    why: "The same: a child of a node is a node or a text, anything else is unknown.",
    from: `      if (n !== null) {
        children.push(n);
      }
    } else {`,
    to: `      if (n !== null) {
        children.push(n);
      }
    } else if (!(type instanceof Y.XmlText)) {
      unknownContent(meta);
    } else {`,
  },
  {
    why: `The same: a node that the schema refuses. Honest edits at one time can leave a node without
        a child that it must have: such a node is shown with what is missing, which is written when
        a person changes the node.`,
    from: `    // an error occured while creating the node. This is probably a result of a concurrent action.
    /** @type {Y.Doc} */ (el.doc).transact((transaction) => {
      /** @type {Y.Item} */ (el._item).delete(transaction);
    }, ySyncPluginKey);
    meta.mapping.delete(el);
    return null`,
    to: `    const node = completedNode(el, schema, children, meta);
    if (node === null) meta.mapping.delete(el);
    else meta.mapping.set(el, node);
    return node`,
  },
  {
    why: `The same: an attribute that is no plain value. The schema has none, and an element that is
        made of one may throw.`,
    from: "const attrs = el.getAttributes(snapshot);",
    to: "const attrs = plainAttributes(el.getAttributes(snapshot), schema.nodes[el.nodeName], meta);",
  },
  {
    why: "The same: an element that has the name of a text.",
    from: "const node = schema.node(el.nodeName, attrs, children);",
    to: `if (schema.nodes[el.nodeName]?.isText) throw new RangeError('an element has the name of a text')
    const node = schema.node(el.nodeName, attrs, children);`,
  },
  {
    why: "The same: a text that the schema refuses.",
    from: `      nodes.push(schema.text(delta.insert, attributesToMarks(delta.attributes, schema)));
    }
  } catch (e) {
    // an error occured while creating the node. This is probably a result of a concurrent action.
    /** @type {Y.Doc} */ (text.doc).transact((transaction) => {
      /** @type {Y.Item} */ (text._item).delete(transaction);
    }, ySyncPluginKey);
    return null
  }`,
    to: `      if (typeof delta.insert !== 'string') unknownContent(_meta);
      else nodes.push(schema.text(delta.insert, knownMarks(delta.attributes, schema, _meta)));
    }
  } catch (e) {
    return unknownContent(_meta)
  }`,
  },
  {
    why: "An attribute that the page does not know stays when a person changes its node.",
    from: `    // remove all keys that are no longer in pAttrs
    for (const key in yDomAttrs) {
      if (pAttrs[key] === undefined) {
        yDomFragment.removeAttribute(key);
      }
    }`,
    to: "",
  },
  {
    why: "Functions that the patches above call.",
    from: "const createTextNodesFromYText = (",
    to: `const unknownContent = (meta) => {
  meta.stop?.('content');
  return null
};
const plainAttributes = (attributes, type, meta) => {
  const plain = {};
  for (const key in attributes) {
    const value = attributes[key];
    if (typeof value !== 'object' || value === null) plain[key] = value;
    else if (type !== undefined && key in type.attrs) unknownContent(meta);
  }
  return plain
};
const completedNode = (el, schema, children, meta) => {
  const type = schema.nodes[el.nodeName];
  if (type === undefined || type.isText) return unknownContent(meta)
  const completed = (content) => {
    try {
      const node = type.createAndFill(plainAttributes(el.getAttributes(), type, meta), content);
      return node !== null && type.validContent(node.content) ? node : null
    } catch (e) {
      return null
    }
  };
  const whole = completed(children);
  if (whole !== null) return whole
  unknownContent(meta);
  const { inlineContent } = type;
  return completed(children.filter((child) => child.isInline === inlineContent).map((child) => child.mark(type.allowedMarks(child.marks))))
};
const knownMarks = (attributes, schema, meta) => {
  const marks = [];
  for (const name in attributes) {
    try {
      const type = yattr2markname(name);
      marks.push(schema.mark(type, plainAttributes(attributes[name], schema.marks[type], meta)));
    } catch (e) {
      unknownContent(meta);
    }
  }
  return marks
};
const createTextNodesFromYText = (`,
  },
];
