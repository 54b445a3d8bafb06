/** Callouts: notes of four kinds, each a quote with the name of its kind. */
import { InputRule, Node } from "../../vendor/tiptap.js";
import { NODES, isOfType } from "./schema_table.js";

const TYPE = NODES.callout?.attributes.kind ?? "";
/** Kinds as GitHub's Markdown names them. */
const GITHUB = /** @type {Record<string, string>} */ ({
  note: "info",
  important: "info",
  tip: "tip",
  warning: "warning",
  caution: "danger",
});

export const Callout = Node.create({
  name: "callout",
  group: "block",
  content: "block+",
  defining: true,
  addAttributes: () => ({
    kind: {
      default: "info",
      parseHTML: (/** @type {HTMLElement} */ { dataset: { callout } }) =>
        isOfType(TYPE, callout) ? callout : "info",
      renderHTML: (/** @type {{kind: string}} */ { kind }) => ({ "data-callout": kind }),
    },
  }),
  parseHTML: () => [{ tag: "blockquote[data-callout]", priority: 60 }],
  renderHTML: ({ HTMLAttributes }) => ["blockquote", { ...HTMLAttributes, role: "note" }, 0],
  // `[!NOTE]` and a space at the start of a quote.
  addInputRules() {
    const find = /^\[!(note|important|tip|warning|caution)\]\s$/i;
    const handler = (/** @type {any} */ { state, range, match }) => {
      const { tr, doc } = state;
      const $from = doc.resolve(range.from);
      const depth = $from.depth - 1;
      if ($from.node(depth).type.name !== "blockquote" || $from.index(depth) > 0) return null;
      const kind = GITHUB[match[1].toLowerCase()];
      tr.delete(range.from, range.to).setNodeMarkup($from.before(depth), this.type, { kind });
    };
    return [new InputRule({ find, handler })];
  },
});
