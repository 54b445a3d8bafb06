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
  "@tiptap/y-tiptap/dist/y-tiptap.js": [
    {
      why: `Every remote change of text rebuilt all nodes of the document, in case blocks had moved.
        If only text has changed, no block has moved: the nodes that the change does not name are
        still valid, and those around it are removed above.`,
      from: "this.mapping.clear();\n      const fragmentContent",
      to: `if (!events.every(({ target }) => target instanceof Y.XmlText)) this.mapping.clear();
      const fragmentContent`,
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
  ],
};

/** The plugin of esbuild that applies the patches. @type {import("esbuild").Plugin} */
export const patches = {
  name: "patches",
  setup(build) {
    build.onLoad({ filter: /\.js$/ }, ({ path }) => {
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
