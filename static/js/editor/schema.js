/** The editor's schema: an extension for each entry of the table, and the boxes of unknown content. */
import {
  Blockquote,
  Bold,
  BulletList,
  Code,
  Document,
  HardBreak,
  Heading,
  HorizontalRule,
  Italic,
  Link,
  ListItem,
  OrderedList,
  Paragraph,
  Strike,
  TaskList,
  Text,
} from "../../vendor/tiptap.js";
import { isSafeLink } from "../lib/links.js";
import { Alignment } from "./alignment.js";
import { AttachedFile, Picture } from "./attached.js";
import { Callout } from "./callout.js";
import { CodeBlock } from "./code_block.js";
import { detailsExtensions } from "./details.js";
import { Highlight, Subscript, Superscript, Underline } from "./marks.js";
import { Mention } from "./mention.js";
import { MARKS, NODES, validatorOf } from "./schema_table.js";
import { tableExtensions } from "./table_schema.js";
import { Task } from "./task_item.js";
import { UNKNOWN } from "./unknown_content.js";

/**
 * Return the nodes and marks that a document may have.
 * @param {object} [options]
 * @param {boolean} [options.autolink]
 * @param {() => void} [options.onTable] called when a table is shown
 * @param {() => void} [options.onDetails] called when a part to unfold is shown
 */
export function schemaExtensions({ autolink = true, onTable, onDetails } = {}) {
  const known = [
    Document,
    Paragraph,
    Text,
    Heading.configure({ levels: [1, 2, 3, 4, 5, 6] }),
    Bold,
    Italic,
    Underline,
    Strike,
    Highlight,
    Subscript,
    Superscript,
    // A format that the page does not know stays on text that becomes code.
    Code.extend({ excludes: Object.keys(MARKS).join(" ") }),
    BulletList,
    OrderedList,
    ListItem,
    TaskList,
    Task,
    Blockquote,
    CodeBlock,
    HardBreak,
    HorizontalRule,
    Callout,
    ...detailsExtensions(onDetails),
    Mention,
    ...tableExtensions(onTable),
    Picture,
    AttachedFile,
    Link.extend({ inclusive: false }).configure({
      openOnClick: false,
      autolink,
      defaultProtocol: "https",
      isAllowedUri: (url) => isSafeLink(url),
      HTMLAttributes: { rel: "noopener noreferrer nofollow", target: "_blank" },
    }),
  ];
  return [...known.map(typed), Alignment, ...UNKNOWN];
}

/**
 * Return an extension whose attributes have the types of the table.
 * @template {{name: string, extend: (fields: any) => any}} Extension
 * @param {Extension} extension
 * @returns {Extension}
 */
function typed(extension) {
  const types = (NODES[extension.name] ?? MARKS[extension.name])?.attributes ?? {};
  if (Object.keys(types).length === 0) return extension;
  return extension.extend({
    /** @this {{parent?: () => Record<string, object>}} */
    addAttributes() {
      const own = this.parent?.() ?? {};
      const checked = Object.entries(own).map(([name, attribute]) => {
        const type = types[name];
        return [name, type ? { ...attribute, validate: validatorOf(name, type) } : attribute];
      });
      return Object.fromEntries(checked);
    },
  });
}
