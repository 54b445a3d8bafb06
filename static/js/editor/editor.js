/** The editor: Tiptap on the shared Yjs document, with the carets of all people. */
import {
  Collaboration,
  CollaborationCaret,
  Dropcursor,
  Editor,
  Fragment,
  Gapcursor,
  ListKeymap,
  Placeholder,
  Slice,
} from "../../vendor/tiptap.js";
import { colourClass } from "../ui/colours.js";
import { h } from "../ui/dom.js";
import { copiedText } from "./copied_text.js";
import { linkClicks } from "./link_card.js";
import { loadDetails, loadTables } from "./load_when_shown.js";
import { sayKept, sayLargeTable } from "./notices.js";
import { pastedHtml, pastedLines } from "./paste.js";
import { userOf } from "./presence.js";
import { schemaExtensions } from "./schema.js";
import { readSelectionBeforeKey } from "./selection.js";
import { typedText } from "./typed_text.js";
import { guardBoxes } from "./unknown_content.js";

/** Root of the document that the editor shows. */
export const FIELD = "default";

/** Free space around the caret, in pixels: above it is the toolbar, below it the next line. */
const CARET_MARGIN = { top: 128, right: 8, bottom: 80, left: 8 };

/** @typedef {import("../lib/api.js").Person} Person */

/**
 * Files that are pasted or dropped at a position of the text, and the HTML beside them.
 * @typedef {{files: File[], html: string, at: number | null}} Given
 */

/**
 * Why the editor writes nothing more: the document has content for which a page has no form at all, or
 * a change could not be shown.
 * @typedef {"content" | "error"} StopReason
 */

/**
 * Make the editor in `element`.
 * @param {object} options
 * @param {HTMLElement} options.element
 * @param {import("../sync/provider.js").Provider} options.provider
 * @param {import("../../vendor/yjs.js").Y.Doc} options.doc
 * @param {Person} options.person the person at this page
 * @param {boolean} options.editable
 * @param {(reason: StopReason, error?: unknown) => void} options.onStop called, also while the editor
 *   is made, when it has stopped to write; the caller makes it read-only
 * @param {(given: Given) => void} options.onFiles called when files, or HTML with pictures, are pasted
 *   or dropped
 */
export function createEditor({ element, provider, doc, person, editable, onStop, onFiles }) {
  /** Loaded after the page. @type {import("./text_edits.js").LastEdits | null} */
  let edits = null;
  void import("./text_edits.js").then(
    ({ LastEdits }) => (edits = new LastEdits()),
    (error) => console.warn("Edits are found by comparing texts:", error),
  );
  const editor = new Editor({
    element,
    editable,
    injectCSS: false,
    editorProps: {
      attributes: {
        class: "prose",
        role: "textbox",
        "aria-multiline": "true",
        "aria-label": "Text of the document",
        spellcheck: "true",
      },
      clipboardTextSerializer,
      transformPastedHTML: (html) => pastedHtml(html, sayLargeTable),
      clipboardTextParser: (text, caret) => linesOf(text, caret.doc.type.schema, caret.marks()),
      handleDOMEvents: {
        ...linkClicks,
        keydown: readSelectionBeforeKey,
        cut: (view) => provider.copies.note("cut", selectedText(view.state)),
        copy: (view) => provider.copies.note("copy", selectedText(view.state)),
        paste: (_view, { clipboardData }) =>
          provider.copies.note("paste", clipboardData?.getData("text/plain")),
      },
      scrollThreshold: CARET_MARGIN,
      scrollMargin: CARET_MARGIN,
      handlePaste: (_view, { clipboardData }) => takesFiles(clipboardData, null, onFiles),
      handleDrop: (view, event) => {
        const place = view.posAtCoords({ left: event.clientX, top: event.clientY });
        return takesFiles(event.dataTransfer, place?.pos ?? null, onFiles);
      },
    },
    // Pasted Markdown stays as it is written: the rules would convert parts of it.
    enablePasteRules: ["link"],
    extensions: [
      ...schemaExtensions({
        onTable: () => queueMicrotask(() => void loadTables(editor)),
        onDetails: () => queueMicrotask(() => void loadDetails(editor)),
      }),
      guardBoxes(sayKept),
      Dropcursor.configure({ class: "drop-cursor", color: false, width: 2 }),
      Gapcursor,
      ListKeymap,
      Placeholder.configure({ placeholder: "Start writing…", showOnlyWhenEditable: true }),
      Collaboration.configure({
        document: doc,
        field: FIELD,
        // Patches of the binding (static/vendor/patches.mjs): it deletes nothing that it does not know,
        // and changes a text where the person did.
        ySyncOptions: /** @type {any} */ ({
          onStop,
          textEdits: (/** @type {string} */ before, /** @type {string} */ after) =>
            edits?.find(before, after),
        }),
      }),
      CollaborationCaret.configure({
        provider,
        user: person,
        render: renderCaret,
        selectionRender: (user) => ({ class: `selection ${colourClass(userOf({ user }).id)}` }),
      }),
    ],
  });
  editor.on("beforeTransaction", ({ transaction }) => {
    edits?.note(transaction);
    provider.copies.noteTyped(typedText(transaction));
    if (transaction.getMeta("uiEvent") === "drop") provider.copies.note("drop");
  });
  return editor;
}

/**
 * Return what is copied as plain text, as an export has it.
 * @param {Slice} slice
 * @param {Editor["view"]} view
 */
function clipboardTextSerializer(slice, { state }) {
  return copiedText(slice, state.selection.$from);
}

/**
 * Make a read-only editor that is bound to no document: its content is set.
 * @param {HTMLElement} element
 */
export function createPreview(element) {
  return new Editor({
    element,
    editable: false,
    injectCSS: false,
    editorProps: {
      attributes: { class: "prose", role: "document", "aria-label": "Text of this version" },
      clipboardTextSerializer,
    },
    extensions: schemaExtensions({ autolink: false }),
  });
}

/**
 * Return a pasted text as paragraphs, with the marks at the caret.
 * @param {string} text
 * @param {Editor["schema"]} types
 * @param {NonNullable<Parameters<Editor["schema"]["text"]>[1]>} marks
 */
function linesOf(text, types, marks) {
  const paragraphs = pastedLines(text).map((line) =>
    types.node("paragraph", null, line === "" ? [] : [types.text(line, marks)]),
  );
  return new Slice(Fragment.from(paragraphs), 1, 1);
}

/** Return the selection as the clipboard has it in plain text. @param {Editor["state"]} state */
function selectedText({ selection }) {
  return copiedText(selection.content(), selection.$from);
}

/** Pictures in HTML that are uploaded, or copied from another document, beside the paste. */
const PICTURES = /<img\b[^>]{0,2000}\bsrc\s*=\s*["']?data:image\/|\bdata-attachment=/i;
/** HTML of pictures alone, as a browser copies one: no text, however many tags. */
const ONLY_PICTURES = /^(?:\s|<(?!img\b)[^>]*>)*<img\b[^>]*>(?:\s|<[^>]*>)*$/i;

/**
 * Return whether a paste or drop is of files, which are uploaded; otherwise its text is pasted, and the
 * pictures in it are uploaded beside it.
 * @param {DataTransfer | null} data
 * @param {number | null} at
 * @param {(given: Given) => void} onFiles
 */
function takesFiles(data, at, onFiles) {
  if (!data) return false;
  const html = data.getData("text/html");
  const hasText = data.types.some((type) => type === "text/html" || type === "text/plain");
  if (data.files.length > 0 && (!hasText || ONLY_PICTURES.test(html))) {
    onFiles({ files: [...data.files], html: "", at });
    return true;
  }
  if (PICTURES.test(html)) onFiles({ files: [], html, at });
  return false;
}

/**
 * Make another person's caret. The name is the server's; the colour comes from the id.
 * @param {Record<string, any>} user
 */
function renderCaret(user) {
  const { id, name } = userOf({ user });
  return h(
    "span",
    {
      class: `caret is-fresh ${colourClass(id)}`,
      "aria-hidden": "true",
      "data-user": id,
      "data-name": name,
    },
    h("span", { class: "caret-name" }, name),
  );
}
