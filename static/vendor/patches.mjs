/**
 * Patches of third-party modules, applied while they are bundled, with their reasons. The build
 * fails if the text to replace is not found exactly once, so that an update of a module leads to a
 * review of its patches.
 */
import { readFileSync } from "node:fs";

/**
 * @typedef {object} Patch
 * @property {string} why
 * @property {string} from
 * @property {string} to
 */

/** Patches by the end of the file's path. @type {Record<string, Patch[]>} */
const PATCHES = {
  "yjs/dist/yjs.mjs": [
    {
      why: `What an undo brings back got a right neighbour that stood left of its left one, or was the
        same item. Where such an item lands depends on how the document is cut into structs, so two
        pages, and one page before and after a reload, showed different texts (yjs#794). It belongs
        directly behind its left neighbour.`,
      from: `      right = right.right;
    }
  } else {
    right = null;
    if (item.right && !ignoreRemoteMapChanges) {`,
      to: `      right = right.right;
    }
    right = left === null ? parentType._start : left.right;
  } else {
    right = null;
    if (item.right && !ignoreRemoteMapChanges) {`,
    },
  ],
  "@tiptap/y-tiptap/dist/y-tiptap.js": [
    {
      why: `Every remote change rebuilt all nodes of the document, and the page drew them again: a word
        that was being composed fell apart, and the view jumped. The nodes of what has changed, and
        those around it, are removed above; those that the change does not name are still valid.`,
      from: `      // Rebuild the full Y↔PM mapping so relative cursor positions resolve against
      // current node sizes after structural changes (e.g. drag-and-drop block moves).
      this.mapping.clear();
`,
      to: "",
    },
    {
      why: `The whole document was replaced by itself, so that everything that maps positions or
        inspects changes processed all of it. Now only the range from the first to the last block
        that differs is replaced.`,
      from: `      let tr = this._tr.replace(
        0,
        this.prosemirrorView.state.doc.content.size,
        new PModel.Slice(PModel.Fragment.from(fragmentContent), 0, 0)
      );`,
      to: `      let tr = replaceDifferingChildren(this._tr, fragmentContent);`,
    },
    {
      why: `Autolink inspects a change of one block. It must not write what another person's page
        writes already, and must never write for a reader. While a page opens, it would build its
        tables of all domains without need.`,
      from: "return this.prosemirrorView.state.tr.setMeta('addToHistory', false)",
      to: `return this.prosemirrorView.state.tr.setMeta('addToHistory', false).setMeta('preventAutolink', true)`,
    },
    {
      why: `Finding a position walks over all blocks before it, several times for every key. The two
        ends of a caret are one position.`,
      from: `    anchor: absolutePositionToRelativePosition(
      state.selection.anchor,
      pmbinding.type,
      pmbinding.mapping
    ),
    head: absolutePositionToRelativePosition(
      state.selection.head,
      pmbinding.type,
      pmbinding.mapping
    ),
    absAnchor`,
      to: `    ...endsOf(state.selection, pmbinding),
    absAnchor`,
    },
    {
      why: "The same, where the own caret is sent to others.",
      from: "const head = absolutePositionToRelativePosition(\n            selection.head,",
      to: `const head = selection.head === selection.anchor ? anchor : absolutePositionToRelativePosition(
            selection.head,`,
    },
    {
      why: "Functions that the patches above call.",
      from: "const getRelativeSelection = (",
      to: `const replaceDifferingChildren = (tr, children) => {
  const old = tr.doc.content.content;
  const least = math.min(old.length, children.length);
  let left = 0;
  let from = 0;
  while (left < least && old[left] === children[left]) from += old[left++].nodeSize;
  let right = 0;
  let to = tr.doc.content.size;
  while (left + right < least && old[old.length - right - 1] === children[children.length - right - 1]) {
    to -= old[old.length - ++right].nodeSize;
  }
  const between = PModel.Fragment.from(children.slice(left, children.length - right));
  return tr.replace(from, to, new PModel.Slice(between, 0, 0))
};
const endsOf = ({ anchor, head }, { type, mapping }) => {
  const start = absolutePositionToRelativePosition(anchor, type, mapping);
  return {
    anchor: start,
    head: head === anchor ? start : absolutePositionToRelativePosition(head, type, mapping)
  }
};
const getRelativeSelection = (`,
    },
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
    {
      why: `A selection that cannot be restored, in content that the binding does not know, must not
        keep a change from being shown.`,
      from: "      restoreRelativeSelection(tr, this.beforeTransactionSelection, this, oldDoc);",
      to: `      try {
        restoreRelativeSelection(tr, this.beforeTransactionSelection, this, oldDoc);
      } catch (e) {
        console.debug('The selection could not be restored:', e);
      }`,
    },
    {
      why: `The selection from before an edit was restored too late, by the next change of another
        person: after an undo the caret stood before what had come back, and jumped later.`,
      from: `        binding.beforeTransactionSelection = stackItem.meta.get(binding) || binding.beforeTransactionSelection;`,
      to: `        const selection = stackItem.meta.get(binding);
        if (selection) restoreSelection(view, selection, binding);`,
    },
    {
      why: "The same: restoring it at once.",
      from: "const yUndoPlugin = (",
      to: `const restoreSelection = (view, selection, binding) => {
  const tr = view.state.tr.setMeta('addToHistory', false);
  try {
    restoreRelativeSelection(tr, selection, binding);
    view.dispatch(tr.scrollIntoView());
  } catch (e) {
    console.debug('The selection could not be restored:', e);
  }
};
const yUndoPlugin = (`,
    },
    {
      why: "The same: a place that has no relative position is the end of the text.",
      from: "const absolutePositionToRelativePosition = (pos, type, mapping) => {",
      to: `const absolutePositionToRelativePosition = (pos, type, mapping) => {
  try {
    return relativePositionAt(pos, type, mapping)
  } catch (e) {
    return Y.createRelativePositionFromTypeIndex(type, type._length, -1)
  }
};
const relativePositionAt = (pos, type, mapping) => {`,
    },
    {
      why: `A cursor is another person's data: the cursor of one who may only read must not stop the
        transaction that shows an edit. One that cannot be shown is left out.`,
      from: `  awareness.getStates().forEach((aw, clientId) => {
    if (!awarenessFilter(y.clientID, clientId, aw)) {
      return
    }
`,
      to: `  const showCursor = (aw, clientId) => {
    if (!awarenessFilter(y.clientID, clientId, aw)) {
      return
    }
`,
    },
    {
      why: "The same: the cursor's own element.",
      from: "Decoration.widget(head, () => createCursor(user, clientId), {",
      to: "Decoration.widget(head, () => cursorOrNothing(createCursor, user, clientId), {",
    },
    {
      why: "The same: no place before the text.",
      from: "anchor = math.min(anchor, maxsize);\n        head = math.min(head, maxsize);",
      to: "anchor = math.max(math.min(anchor, maxsize), 0);\n        head = math.max(math.min(head, maxsize), 0);",
    },
    {
      why: "The same: the end of what shows one cursor.",
      from: `      }
    }
  });
  return DecorationSet.create(state.doc, decorations)
};`,
      to: `      }
    }
  };
  awareness.getStates().forEach((aw, clientId) => {
    const { length } = decorations;
    try {
      showCursor(aw, clientId);
    } catch (e) {
      decorations.length = length;
      console.debug('A cursor could not be shown:', e);
    }
  });
  return DecorationSet.create(state.doc, decorations)
};
const cursorOrNothing = (createCursor, user, clientId) => {
  try {
    return createCursor(user, clientId)
  } catch (e) {
    return document.createElement('span')
  }
};`,
    },
  ],
};

/** The plugin of esbuild that applies the patches. @type {import("esbuild").Plugin} */
export const patches = {
  name: "patches",
  setup(build) {
    build.onLoad({ filter: /\.m?js$/ }, ({ path }) => {
      const name = Object.keys(PATCHES).find((end) => path.replaceAll("\\", "/").endsWith(end));
      if (name === undefined) return undefined;
      return { contents: patched(readFileSync(path, "utf8"), PATCHES[name] ?? []), loader: "js" };
    });
  },
};

/**
 * Return the text of a module with its patches applied.
 * @param {string} text
 * @param {Patch[]} changes
 */
function patched(text, changes) {
  for (const { from, to } of changes) {
    const parts = text.split(from);
    if (parts.length !== 2) throw new Error(`found ${parts.length - 1} times, not once: ${from}`);
    text = parts.join(to);
  }
  return text;
}
