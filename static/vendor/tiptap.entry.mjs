/** The exports that the editor uses of Tiptap and ProseMirror; `build.mjs` bundles it to `tiptap.js`. */
export { Editor, Extension, InputRule, Mark, Node, getSchema, markInputRule } from "@tiptap/core";
export { Blockquote } from "@tiptap/extension-blockquote";
export { Bold } from "@tiptap/extension-bold";
export { Code } from "@tiptap/extension-code";
export { CodeBlock } from "@tiptap/extension-code-block";
export { Collaboration } from "@tiptap/extension-collaboration";
export { CollaborationCaret } from "@tiptap/extension-collaboration-caret";
export { Document } from "@tiptap/extension-document";
export { HardBreak } from "@tiptap/extension-hard-break";
export { Heading } from "@tiptap/extension-heading";
export { HorizontalRule } from "@tiptap/extension-horizontal-rule";
export { Italic } from "@tiptap/extension-italic";
export { Link, isAllowedUri } from "@tiptap/extension-link";
export {
  BulletList,
  ListItem,
  ListKeymap,
  OrderedList,
  TaskItem,
  TaskList,
} from "@tiptap/extension-list";
export { Paragraph } from "@tiptap/extension-paragraph";
export { TableCell } from "@tiptap/extension-table/cell";
export { TableHeader } from "@tiptap/extension-table/header";
export { TableRow } from "@tiptap/extension-table/row";
export { Strike } from "@tiptap/extension-strike";
export { Text } from "@tiptap/extension-text";
// From their own modules: the whole package has an undo manager of its own.
export { Dropcursor } from "@tiptap/extensions/drop-cursor";
export { Gapcursor } from "@tiptap/extensions/gap-cursor";
export { Placeholder } from "@tiptap/extensions/placeholder";
export { yUndoPluginKey } from "@tiptap/y-tiptap";
export { Plugin, PluginKey } from "@tiptap/pm/state";
export { Decoration, DecorationSet } from "@tiptap/pm/view";
export { Fragment, Slice } from "@tiptap/pm/model";
