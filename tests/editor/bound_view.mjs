/** An editor's view bound to a Yjs document by the patched binding, without a screen. */
import assert from "node:assert/strict";
import { build } from "esbuild";
import { LastEdits } from "../../static/js/editor/text_edits.js";
import { patches } from "../../static/vendor/patches.mjs";

const ENTRY = `
  export * from "@tiptap/y-tiptap";
  export * as Y from "yjs";
  export { Fragment, Schema, Slice } from "@tiptap/pm/model";
  export { EditorState, TextSelection } from "@tiptap/pm/state";
  export { setBlockType, wrapIn, lift, joinBackward, splitBlock } from "@tiptap/pm/commands";
  export { Copies } from "../../static/js/sync/copies.js";
  export { moveBlock } from "../../static/js/sync/block_edits.js";
  export { moveConflicts } from "../../static/js/sync/move_conflicts.js";
  export * from "../../static/js/sync/conflict_edits.js";
  export * from "../../static/js/sync/found_conflicts.js";
  export { keepLost } from "../../static/js/sync/kept_text.js";
  export { lostText } from "../../static/js/sync/lost_text.js";
  export { encodeCopies } from "../../static/js/sync/wire.js";
`;
/** Our modules in the bundle use its Yjs: there must be one. @type {import("esbuild").Plugin} */
const oneYjs = {
  name: "one-yjs",
  setup(built) {
    const path = new URL("../../static/vendor/yjs.entry.mjs", import.meta.url).pathname;
    built.onResolve({ filter: /vendor\/yjs\.js$/ }, () => ({ path }));
  },
};
const bundle = await build({
  stdin: { contents: ENTRY, resolveDir: import.meta.dirname },
  bundle: true,
  write: false,
  format: "esm",
  plugins: [patches, oneYjs],
});
/** @type {any} */
const bundled = await import(
  `data:text/javascript,${encodeURIComponent(bundle.outputFiles[0]?.text ?? "")}`
);

export const {
  Copies,
  EditorState,
  Fragment,
  Schema,
  Slice,
  TextSelection,
  Y,
  conflictTexts,
  conflictsOf,
  createDecorations,
  encodeCopies,
  endConflicts,
  joinBackward,
  keepLost,
  lift,
  lostText,
  moveBlock,
  mayConflict,
  moveConflicts,
  presentConflicts,
  setBlockType,
  splitBlock,
  wrapIn,
  yXmlFragmentToProseMirrorRootNode,
  ySyncPlugin,
  ySyncPluginKey,
} = bundled;

/** The attributes of a box. */
const BOX = { of: { default: "" }, name: { default: "" } };

export const schema = new Schema({
  nodes: {
    doc: { content: "block+" },
    paragraph: { group: "block", content: "inline*" },
    heading: {
      group: "block",
      content: "inline*",
      attrs: { level: { default: 1, validate: "number" } },
    },
    code: { group: "block", content: "text*", marks: "" },
    list: { group: "block", content: "item+" },
    item: { content: "block+" },
    text: { group: "inline" },
    "unknown-block": { group: "block", atom: true, isUnknown: true, attrs: BOX },
    "unknown-inline": { group: "inline", inline: true, atom: true, isUnknown: true, attrs: BOX },
  },
  marks: {
    bold: {},
    link: { attrs: { href: { default: null, validate: "string|null" } } },
    unknown: { attrs: { name: {}, value: {} }, excludes: "", inclusive: false, isUnknown: true },
  },
});

/** The part of an editor's view that the binding uses, without a screen. */
export class View {
  doc = new Y.Doc();
  fragment = this.doc.getXmlFragment("default");
  /** The autolink flag of each transaction of others. @type {unknown[]} */
  autolinks = [];
  /** Why the binding has stopped, in order. @type {string[]} */
  stops = [];
  edits = new LastEdits();
  /** The updates that this view itself has made. @type {Uint8Array[]} */
  written = [];

  /** @param {Uint8Array} update @param {number} client */
  constructor(update, client) {
    this.doc.clientID = client;
    Y.applyUpdate(this.doc, update);
    this.doc.on(
      "update",
      (
        /** @type {Uint8Array} */ update,
        /** @type {unknown} */ _origin,
        /** @type {unknown} */ _doc,
        /** @type {{local: boolean}} */ transaction,
      ) => {
        if (transaction.local) this.written.push(update);
      },
    );
    const onStop = (/** @type {string} */ reason) => this.stops.push(reason);
    const textEdits = (/** @type {string} */ before, /** @type {string} */ after) =>
      this.edits.find(before, after);
    const plugin = ySyncPlugin(this.fragment, { onStop, textEdits });
    this.state = EditorState.create({ schema, plugins: [plugin] });
    this.plugin = plugin;
    // At once, as an editor does: it makes the mapping.
    this.shown = plugin.spec.view(this);
  }

  get binding() {
    return this.plugin.getState(this.state).binding;
  }

  hasFocus() {
    return false;
  }

  /** @param {any} transaction */
  dispatch(transaction) {
    if (transaction.getMeta(this.plugin.spec.key)?.isChangeOrigin) {
      this.autolinks.push(transaction.getMeta("preventAutolink"));
    }
    this.state = this.state.apply(transaction);
    this.edits.note(transaction);
    this.shown?.update();
  }

  /** Apply the updates of another view. @param {View} other */
  take(other) {
    Y.applyUpdate(this.doc, Y.encodeStateAsUpdate(other.doc, Y.encodeStateVector(this.doc)));
  }

  /** Check that the text and the mapping of types equal those of a new binding. */
  check() {
    const fresh = yXmlFragmentToProseMirrorRootNode(this.fragment, schema);
    assert.deepEqual(this.state.doc.toJSON(), fresh.toJSON());
    this.state.doc.check();
    const kept = [...this.fragment.toArray()].map((type) =>
      this.binding.mapping.get(type)?.toJSON(),
    );
    assert.deepEqual(kept, fresh.toJSON().content);
  }
}
