/**
 * Patches of the editor's binding: what a page does not know it shows as it can, and never deletes.
 */

import { BOX_FUNCTIONS } from "./box_functions.mjs";

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
      if (!(type instanceof Y.AbstractType)) return unknownContent(this)
      const node = type instanceof Y.XmlElement ? create(type, schema, this) : null;
      return node !== null && contentMatch.matchType(node.type) ? node : boxOf(type, schema, false, this)
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
    why: `A node that the schema lacks is shown as a box (static/js/editor/unknown_content.js): its
        content need not be read.`,
    from: "  const children = [];\n  /**\n   * @param {Y.XmlElement | Y.XmlText} type\n   */",
    to: `  const nodeType = knownType(schema, el.nodeName);
  if (nodeType === null) return null
  const parts = [];
  let children = [];
  /**
   * @param {Y.XmlElement | Y.XmlText} type
   */`,
  },
  {
    why: "The same: a child of a node is a node or a text, another shared type is a box.",
    from: `      if (n !== null) {
        children.push(n);
      }
    } else {`,
    to: `      const child = n ?? boxOf(type, schema, nodeType.inlineContent, meta);
      if (child !== null) parts.push([child, type]);
    } else if (!(type instanceof Y.XmlText)) {
      const child = type instanceof Y.AbstractType ? boxOf(type, schema, nodeType.inlineContent, meta) : unknownContent(meta);
      if (child !== null) parts.push([child, type]);
    } else {`,
  },
  {
    why: "The same: each node knows the shared type that it shows.",
    from: `          if (textchild !== null) {
            children.push(textchild);
          }`,
    to: "          if (textchild !== null) parts.push([textchild, type]);",
  },
  {
    why: `The same: a node that the schema refuses. Honest edits at one time can leave a node without
        a child that it must have: such a node is shown with what is missing, which is written when
        a person changes the node. A child at a wrong place is a box.`,
    from: `    // an error occured while creating the node. This is probably a result of a concurrent action.
    /** @type {Y.Doc} */ (el.doc).transact((transaction) => {
      /** @type {Y.Item} */ (el._item).delete(transaction);
    }, ySyncPluginKey);
    meta.mapping.delete(el);
    return null`,
    to: `    const node = completedNode(el, nodeType, parts, meta);
    if (node === null) meta.mapping.delete(el);
    else {
      boxed.delete(el);
      meta.mapping.set(el, node);
    }
    return node`,
  },
  {
    why: "The same: an attribute that the schema lacks, or with a value of another type.",
    from: "const attrs = el.getAttributes(snapshot);",
    to: "const attrs = shownAttributes(el.getAttributes(snapshot), nodeType);\n    children = parts.map(([child]) => child);",
  },
  {
    why: "The same: a node that is too large to be shown.",
    from: "const node = schema.node(el.nodeName, attrs, children);\n",
    to: `const node = withOthers(nodeType.createChecked(attrs, children), el);
    if (nodeType.spec.isTooLarge?.(node)) {
      meta.mapping.delete(el);
      return null
    }
    boxed.delete(el);
`,
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
      else nodes.push(schema.text(delta.insert, shownMarks(delta.attributes, schema, _meta)));
    }
  } catch (e) {
    return unknownContent(_meta)
  }`,
  },
  {
    why: "What is written of a box is what it stands for; of a node also the attributes not shown.",
    from: "  const type = new Y.XmlElement(node.type.name);\n",
    to: `  if (isBox(node)) return unboxed(node, meta)
  const type = new Y.XmlElement(node.type.name);
  const others = otherAttributes.get(node.attrs);
  for (const key in others) type.setAttribute(key, others[key]);
`,
  },
  {
    why: "The cells of a table have attributes that most do not need: a default is not written.",
    from: "    if (val !== null && key !== 'ychange') {\n      type.setAttribute(key, val);",
    to: `    const isDefault = node.type.spec.tableRole && val === node.type.attrs[key].default;
    if (val !== null && key !== 'ychange' && !isDefault) {
      type.setAttribute(key, val);`,
  },
  {
    why: "The same: what is not written has the default.",
    from: "equalAttrs(ytype.getAttributes(), pnode.attrs) &&",
    to: "hasAttributes(ytype, pnode) &&",
  },
  {
    why: "The same: a box equals the shared type that it stands for, and no other.",
    from: `const equalYTypePNode = (ytype, pnode) => {
`,
    to: `const equalYTypePNode = (ytype, pnode) => {
  if (isBox(pnode) || boxed.has(ytype)) return isBoxOf(pnode, ytype)
`,
  },
  {
    why: "The same, where nodes are compared by their names.",
    from: "  !(pNode instanceof Array) && yElement.nodeName === pNode.type.name;",
    to: "  !(pNode instanceof Array) && !boxed.has(yElement) && yElement.nodeName === pNode.type.name;",
  },
  {
    why: "The same: a box stays beside changed nodes.",
    from: `      const rightP = pChildren[pChildCnt - right - 1];
      if (leftY instanceof Y.XmlText && leftP instanceof Array) {`,
    to: `      const rightP = pChildren[pChildCnt - right - 1];
      if (isBoxOf(leftP, leftY)) {
        meta.mapping.set(leftY, leftP);
        left += 1;
      } else if (isBoxOf(rightP, rightY)) {
        meta.mapping.set(rightY, rightP);
        right += 1;
      } else if (leftY instanceof Y.XmlText && leftP instanceof Array) {`,
  },
  {
    why: "The same: what boxes stand for is noted before it is deleted, because it may come back.",
    from: "          meta.mapping.delete(yDomFragment.get(left));\n",
    to: "          noteBoxes([yDomFragment.get(left)], meta);\n          meta.mapping.delete(yDomFragment.get(left));\n",
  },
  {
    why: "The same.",
    from: "      yDomFragment.slice(left, left + yDelLen).forEach(type => meta.mapping.delete(type));",
    to: `      noteBoxes(yDomFragment.slice(left, left + yDelLen), meta);
      yDomFragment.slice(left, left + yDelLen).forEach(type => meta.mapping.delete(type));`,
  },
  {
    why: "The same.",
    from: "    yDomFragment.slice(index, index + length).forEach(type => meta.mapping.delete(type));",
    to: `    noteBoxes(yDomFragment.slice(index, index + length), meta);
    yDomFragment.slice(index, index + length).forEach(type => meta.mapping.delete(type));`,
  },
  {
    why: "A mark that is not shown is written as it was.",
    from: "      const isOverlapping = map.setIfUndefined(",
    to: `      if (mark.type.spec.isUnknown) {
        pattrs[mark.attrs.name] = mark.attrs.value;
        return
      }
      const others = otherAttributes.get(mark);
      if (others) {
        pattrs[mark.type.name] = { ...others, ...mark.attrs };
        return
      }
      const isOverlapping = map.setIfUndefined(`,
  },
  {
    why: "The same: it equals what is written.",
    from: `        const pmark = pmarks.find(/** @param {any} mark */ mark => mark.type.name === markname);
`,
    to: `        const kept = pmarks.find(mark => mark.type.spec.isUnknown && mark.attrs.name === yattrname);
        if (kept) return equalValues(attr, kept.attrs.value)
        const pmark = pmarks.find(/** @param {any} mark */ mark => mark.type.name === markname);
        const others = pmark && otherAttributes.get(pmark);
        if (others) return equalAttrs(attr, { ...others, ...pmark.attrs })
`,
  },
  {
    why: `An attribute is written where the person changed it. One that the page does not know, or
        whose value it does not show, stays when a person changes its node.`,
    from: `    for (const key in pAttrs) {
      if (pAttrs[key] !== null) {
        if (yDomAttrs[key] !== pAttrs[key] && key !== 'ychange') {
          yDomFragment.setAttribute(key, pAttrs[key]);
        }
      } else {
        yDomFragment.removeAttribute(key);
      }
    }
    // remove all keys that are no longer in pAttrs
    for (const key in yDomAttrs) {
      if (pAttrs[key] === undefined) {
        yDomFragment.removeAttribute(key);
      }
    }`,
    to: `    const shown = shownAttributes(yDomAttrs, pNode.type);
    for (const key in pAttrs) {
      const value = pAttrs[key];
      const before = shown[key] ?? pNode.type.attrs[key].default;
      if (equalValues(before, value) || key === 'ychange') continue
      if (value !== null) yDomFragment.setAttribute(key, value);
      else yDomFragment.removeAttribute(key);
    }
    const others = otherAttributes.get(pAttrs);
    for (const key in others) {
      if (!equalValues(yDomAttrs[key], others[key])) yDomFragment.setAttribute(key, others[key]);
    }`,
  },
  {
    why: "A box has one place, whatever it stands for.",
    from: "    if (n instanceof Y.XmlText) {\n      if (n._length >= pos) {",
    to: "    if (n instanceof Y.XmlText && !boxed.has(n)) {\n      if (n._length >= pos) {",
  },
  {
    why: "The same.",
    from: "        if (t instanceof Y.XmlText) {\n          pos += t._length;",
    to: "        if (t instanceof Y.XmlText && !boxed.has(t)) {\n          pos += t._length;",
  },
  {
    why: "The same.",
    from: "          if (contentType instanceof Y.XmlText) {\n            pos += contentType._length;",
    to: "          if (contentType instanceof Y.XmlText && !boxed.has(contentType)) {\n            pos += contentType._length;",
  },
  BOX_FUNCTIONS,
];
