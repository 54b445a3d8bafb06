/** The export dialog: the document as a file, as it is now, in each format. */
import { openDialog } from "../ui/dialog.js";
import { h } from "../ui/dom.js";

/** The formats: the word in the address, the name, the use. */
const FORMATS = [
  ["md", "Markdown", "text with markup, for other editors"],
  ["html", "HTML", "a page for browsers and word processors"],
  ["txt", "Plain text", "text only"],
  ["json", "ProseMirror JSON", "the structure, for programs"],
  ["yjs", "Yjs update", "the full state, for Yjs programs"],
];

/**
 * Open the dialog. Its links are downloads, authenticated by the login session.
 * @param {string} documentId
 */
export function openExport(documentId) {
  const rows = FORMATS.map(([kind, name = "", use = ""], index) =>
    h(
      "li",
      {},
      h(
        "a",
        {
          class: "export-link",
          href: `/api/v1/documents/${documentId}/export/${kind}/`,
          download: true,
          autofocus: index === 0,
        },
        h("span", {}, name),
        h("span", { class: "muted" }, use),
      ),
    ),
  );
  return openDialog("Export", h("ul", { class: "export-list", "aria-label": "Formats" }, ...rows));
}
