/** The export dialog: the document as a file, as it is now, in each format. */
import { openDialog } from "../ui/dialog.js";
import { h } from "../ui/dom.js";

/** The formats: the word in the address, the name, the use, and whether the server takes long. */
const FORMATS = /** @type {const} */ ([
  ["docx", "Word", "for Word, Google Docs, Pages", true],
  ["pdf", "PDF", "pages to print and to send", true],
  ["odt", "OpenDocument", "for LibreOffice", true],
  ["md", "Markdown", "text with markup, for other editors", false],
  ["html", "HTML", "a page for browsers and word processors", false],
  ["txt", "Plain text", "text only", false],
  ["epub", "EPUB", "a book for readers", true],
  ["rtf", "RTF", "for older word processors", true],
  ["rst", "reStructuredText", "for Sphinx and Python's tools", true],
  ["json", "ProseMirror JSON", "the structure, for programs", false],
  ["yjs", "Yjs update", "the full state, for Yjs programs", false],
]);

/**
 * Open the dialog. Its links are downloads, authenticated by the login session. A format that takes
 * long has a line of progress with a cancel instead.
 * @param {string} documentId
 */
export function openExport(documentId) {
  const progress = new ExportProgress();
  const rows = FORMATS.map(([kind, name, use, isLong], index) => {
    const href = `/api/v1/documents/${documentId}/export/${kind}/${kind === "html" ? "?pictures=true" : ""}`;
    const onclick = (/** @type {MouseEvent} */ event) => {
      if (!isLong || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      void progress.run(href, name, kind);
    };
    const attributes = { class: "export-link", href, download: true, autofocus: index === 0 };
    const words = [h("span", {}, name), h("span", { class: "muted" }, use)];
    return h("li", {}, h("a", { ...attributes, onclick }, ...words));
  });
  const list = h("ul", { class: "export-list", "aria-label": "Formats" }, ...rows);
  const dialog = openDialog("Export", list, progress.line);
  dialog.addEventListener("close", () => progress.cancel());
  return dialog;
}

/** One export at a time, with a line that tells how it goes. */
class ExportProgress {
  /** The line, empty while there is nothing to tell. */
  line = h("div", { class: "export-progress", role: "status" });
  /** @type {AbortController | null} */
  #running = null;

  /**
   * Get a file and save it. A second call ends the first one.
   * @param {string} href
   * @param {string} name the format's name
   * @param {string} kind
   */
  async run(href, name, kind) {
    this.cancel();
    const running = new AbortController();
    this.#running = running;
    this.#show(`Making ${name}…`, { label: "Cancel", run: () => this.cancel() });
    try {
      const response = await fetch(href, { signal: running.signal });
      if (!response.ok) throw new Error(await detailOf(response));
      const file = await response.blob();
      save(file, fileNameOf(response) ?? `document.${kind}`);
      this.line.replaceChildren();
    } catch (error) {
      if (running.signal.aborted) return;
      const detail = error instanceof Error ? error.message : String(error);
      this.#show(detail, { label: "Try again", run: () => void this.run(href, name, kind) });
    } finally {
      if (this.#running === running) this.#running = null;
    }
  }

  /** End the export that runs; the server stops with it. */
  cancel() {
    this.#running?.abort();
    this.#running = null;
    this.line.replaceChildren();
  }

  /**
   * @param {string} text
   * @param {{label: string, run: () => void}} action
   */
  #show(text, { label, run }) {
    const bar = this.#running && !this.#running.signal.aborted ? [h("progress", {})] : [];
    const button = h("button", { type: "button", class: "link-button", onclick: run }, label);
    this.line.replaceChildren(h("span", {}, text), ...bar, button);
  }
}

/** @param {Response} response */
async function detailOf(response) {
  const body = await response.json().catch(() => null);
  return body?.detail ?? `The server answered ${response.status}. Try again in a moment.`;
}

/**
 * Return the name that the server gives the file.
 * @param {Response} response
 */
export function fileNameOf(response) {
  const header = response.headers.get("Content-Disposition") ?? "";
  const encoded = /filename\*=utf-8''([^;]+)/i.exec(header)?.[1];
  return encoded ? decodeURIComponent(encoded) : /filename="([^"]*)"/.exec(header)?.[1];
}

/**
 * Save a file as a download.
 * @param {Blob} file
 * @param {string} name
 */
function save(file, name) {
  const href = URL.createObjectURL(file);
  h("a", { href, download: name }).click();
  URL.revokeObjectURL(href);
}
