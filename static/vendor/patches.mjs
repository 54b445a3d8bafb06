/**
 * What is changed of third-party modules while they are bundled, and why. A patch whose place is
 * not there exactly once ends the build: who updates a module looks at its patches again.
 */
import { readFileSync } from "node:fs";

/**
 * @typedef {object} Patch
 * @property {string} why
 * @property {string} from
 * @property {string} to
 */

/** By the end of the file's path. @type {Record<string, Patch[]>} */
const PATCHES = {
  "@tiptap/y-tiptap/dist/y-tiptap.js": [
    {
      why: `Each letter of somebody else made all nodes of the document anew, for the sake of blocks
        that moved. Where only text has changed, no block has: all nodes that the change does not
        name are still what they were, and those around it are taken out above.`,
      from: "this.mapping.clear();\n      const fragmentContent",
      to: `if (!events.every(({ target }) => target instanceof Y.XmlText)) this.mapping.clear();
      const fragmentContent`,
    },
    {
      why: `The whole document was replaced by itself, so that all that maps positions or looks at
        what was changed went through all of it. Now only from the first to the last block that is
        another one.`,
      from: `      let tr = this._tr.replace(
        0,
        this.prosemirrorView.state.doc.content.size,
        new PModel.Slice(PModel.Fragment.from(fragmentContent), 0, 0)
      );`,
      to: `      let tr = replaceDifferingChildren(this._tr, fragmentContent);`,
    },
    {
      why: `Autolink looks at a change of one block: it must not write what another person's page
        writes already, and never for somebody who only reads. While a page opens, it would make
        its tables of all domains, for nothing.`,
      from: "return this.prosemirrorView.state.tr.setMeta('addToHistory', false)",
      to: `return this.prosemirrorView.state.tr.setMeta('addToHistory', false).setMeta('preventAutolink', true)`,
    },
    {
      why: `A position is found by a walk over all blocks before it, several times for each key. The
        two ends of a caret are one.`,
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
      why: "The same, where one's own caret is told to the others.",
      from: "const head = absolutePositionToRelativePosition(\n            selection.head,",
      to: `const head = selection.head === selection.anchor ? anchor : absolutePositionToRelativePosition(
            selection.head,`,
    },
    {
      why: "What the patches above call.",
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

/** The plugin of esbuild that applies them. @type {import("esbuild").Plugin} */
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
 * Return a module's text with its patches.
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
