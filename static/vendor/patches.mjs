/**
 * Patches of third-party modules, applied while they are bundled, with their reasons. The build
 * fails if the text to replace is not found exactly once, so that an update of a module leads to a
 * review of its patches.
 */
import { readFileSync } from "node:fs";
import { CURSORS } from "./cursor_patches.mjs";
import { UNKNOWN_CONTENT } from "./unknown_content_patches.mjs";

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
  "prosemirror-tables/dist/index.js": [
    {
      why: `Each page repaired every table that an edit of others had left with holes, so that two pages
        repaired each other's repairs without end (prosemirror-tables#249). A page repairs a table only
        where its own person has changed the table's cells.`,
      from: "		appendTransaction(_, oldState, state) {\n			return normalizeSelection(state, fixTables(state, oldState), allowTableNodeSelection);",
      to: `		appendTransaction(transactions, oldState, state) {
			const isOwn = transactions.every((tr) => tr.getMeta("y-sync$") === undefined);
			const fixed = isOwn && transactions.some(changesCells) ? fixTables(state, oldState) : undefined;
			return normalizeSelection(state, fixed, allowTableNodeSelection);`,
    },
    {
      why: "The same: whether the cells of a table are others than before.",
      from: "function tableEditing({ allowTableNodeSelection = false } = {}) {",
      to: `function changesCells(tr) {
	const hasCells = (doc, from, to) => {
		let found = false;
		doc.nodesBetween(from, to, (node, pos) => {
			if (node.type.spec.tableRole && pos >= from && pos < to) found = true;
			return !found;
		});
		return found;
	};
	return tr.mapping.maps.some((map, at) => {
		let found = false;
		map.forEach((from, to, newFrom, newTo) => {
			found ||= hasCells(tr.docs[at], from, to) || hasCells(tr.docs[at + 1] ?? tr.doc, newFrom, newTo);
		});
		return found;
	});
}
function tableEditing({ allowTableNodeSelection = false } = {}) {`,
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
      why: "Cells that are selected stayed so only until another person's next key.",
      from: "    if (relSel.type === 'all') {",
      to: `    if (relSel.type === 'cell') {
      const [anchor, head] = [relSel.anchor, relSel.head].map((end) =>
        relativePositionToAbsolutePosition(binding.doc, binding.type, end, binding.mapping));
      if (anchor !== null && head !== null) {
        tr.setSelection(Selection.fromJSON(tr.doc, { type: 'cell', anchor, head }));
      }
    } else if (relSel.type === 'all') {`,
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
const endsOf = (selection, { type, mapping }) => {
  const anchor = selection.$anchorCell?.pos ?? selection.anchor;
  const head = selection.$headCell?.pos ?? selection.head;
  const start = absolutePositionToRelativePosition(anchor, type, mapping);
  return {
    anchor: start,
    head: head === anchor ? start : absolutePositionToRelativePosition(head, type, mapping)
  }
};
const getRelativeSelection = (`,
    },
    ...UNKNOWN_CONTENT,
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
      why: `The binding took the shortest difference of two texts, which is another one than the
        person's edit where letters are equal: letters of others were deleted and written again, and a
        word that was moved took what it passed with it. The page tells the places
        (static/js/editor/text_edits.js); the shortest difference remains where it cannot.`,
      from: `  const { insert, remove, index } = simpleDiff(
    str,
    content.map((c) => c.insert).join('')
  );
  ytext.delete(index, remove);
  ytext.insert(index, insert);
`,
      to: `  const text = content.map((c) => c.insert).join('');
  for (const { insert, remove, index } of meta.textEdits?.(str, text) ?? [simpleDiff(str, text)]) {
    ytext.delete(index, remove);
    ytext.insert(index, insert);
  }
`,
    },
    {
      why: "The same: where the binding gets them from.",
      from: "  binding.onStop = onStop;\n",
      to: "  binding.onStop = onStop;\n  binding.textEdits = textEdits;\n",
    },
    {
      why: "The same: the option.",
      from: "  onStop = () => {}\n} = {}) => {",
      to: "  onStop = () => {},\n  textEdits = () => null\n} = {}) => {",
    },
    ...CURSORS,
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
