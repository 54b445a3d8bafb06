/** A mention of a person or a document in a line; that of a document is a link to it. */
import { Node } from "../../vendor/tiptap.js";
import { NODES, isOfType } from "./schema_table.js";

/** @typedef {{kind: string, id: string | null, label: string | null}} MentionAttributes */

const KIND = NODES.mention?.attributes.kind ?? "";
const DOCUMENT_ID = /^[0-9a-f-]{36}$/;

/**
 * Return what a mention is in a text. Pure.
 * @param {Record<string, any>} attributes
 */
export function mentionText({ label }) {
  return `@${label ?? ""}`;
}

/**
 * Write the mentions of the selected blocks as text, which is all that a code block can have.
 * @param {{tr: import("../../vendor/tiptap.js").Editor["state"]["tr"]}} command
 */
export function mentionsToText({ tr }) {
  const { $from, $to } = tr.selection;
  tr.doc.nodesBetween($from.start(), $to.end(), ({ type, attrs, nodeSize }, pos) => {
    if (type.name !== "mention") return;
    const at = tr.mapping.map(pos);
    tr.insertText(mentionText(attrs), at, at + nodeSize);
  });
  return true;
}

/** @param {string} name */
const attribute = (name) => ({
  default: null,
  parseHTML: (/** @type {HTMLElement} */ { dataset }) => dataset[name] ?? null,
  renderHTML: (/** @type {Record<string, any>} */ { [name]: value }) =>
    value === null ? {} : { [`data-${name}`]: value },
});

export const Mention = Node.create({
  name: "mention",
  group: "inline",
  inline: true,
  atom: true,
  addAttributes: () => ({
    kind: {
      default: "person",
      parseHTML: ({ dataset: { mention } }) => (isOfType(KIND, mention) ? mention : "person"),
      renderHTML: ({ kind }) => ({ "data-mention": kind }),
    },
    id: attribute("id"),
    label: attribute("label"),
  }),
  parseHTML: () => [{ tag: "[data-mention]", priority: 60 }],
  renderHTML: ({ node: { attrs }, HTMLAttributes }) => {
    const isLink = attrs.kind === "document" && DOCUMENT_ID.test(attrs.id ?? "");
    const link = { href: `/documents/${attrs.id}/`, target: "_blank", rel: "noopener" };
    const own = { ...HTMLAttributes, ...(isLink ? link : {}), class: "mention" };
    return [isLink ? "a" : "span", own, mentionText(attrs)];
  },
  renderText: ({ node }) => mentionText(node.attrs),
});
