/** The HTML elements by which a diff shows nodes and marks: one for each entry of the schema. Pure. */

/** By type of node; a heading has the element of its level. @type {Record<string, keyof HTMLElementTagNameMap>} */
export const DIFF_NODES = {
  paragraph: "p",
  heading: "h1",
  bulletList: "ul",
  orderedList: "ol",
  taskList: "ul",
  listItem: "li",
  taskItem: "li",
  blockquote: "blockquote",
  codeBlock: "pre",
  hardBreak: "br",
  horizontalRule: "hr",
  mention: "span",
  callout: "blockquote",
  details: "section",
  detailsSummary: "p",
  detailsContent: "div",
  table: "table",
  tableRow: "tr",
  tableCell: "td",
  tableHeader: "th",
  image: "figure",
  file: "p",
};

/** By type of mark. @type {Record<string, keyof HTMLElementTagNameMap>} */
export const DIFF_MARKS = {
  bold: "strong",
  italic: "em",
  strike: "s",
  code: "code",
  underline: "u",
  link: "a",
  highlight: "mark",
  subscript: "sub",
  superscript: "sup",
};
