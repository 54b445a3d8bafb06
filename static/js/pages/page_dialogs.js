/** The dialogs and panels of the editor's page, and the menu that leads to them. */
import { whenIdle } from "../lib/idle.js";
import { byId } from "../ui/dom.js";
import { bindMenu } from "../ui/menu.js";
import { loadStyles } from "../ui/styles.js";
import { toastError } from "../ui/toast.js";

/**
 * @typedef {object} PageContext
 * @property {import("./editor_page.js").Page} page its abilities change
 * @property {import("../../vendor/yjs.js").Y.Doc} doc
 * @property {import("../../vendor/tiptap.js").Editor} editor
 * @property {import("../sync/provider.js").Provider} provider
 * @property {(text: string) => void} announce
 */

/** Opens dialogs; their scripts and styles are loaded when they are wanted. */
export class PageDialogs {
  #api;
  #context;
  #isOpening = false;
  /** @type {import("../editor/author_colours.js").AuthorColours | null} */
  #authors = null;
  /** @type {Promise<import("../editor/outline.js").Outline> | null} */
  #outline = null;
  /** @type {import("../editor/find_bar.js").FindBar | null} */
  #find = null;

  /**
   * @param {import("../lib/api.js").Api} api
   * @param {PageContext} context
   */
  constructor(api, context) {
    this.#api = api;
    this.#context = context;
  }

  /** Bind the buttons of the header and its menu. */
  bind() {
    const { page, provider } = this.#context;
    const documentId = page.document.id;
    bindMenu(byId("menu", HTMLElement));
    byId("authors", HTMLButtonElement).addEventListener("click", () => this.toggleAuthors());
    byId("shortcuts", HTMLButtonElement).addEventListener("click", () => this.openShortcuts());
    // The other dialogs need the server; this one opens without a connection.
    whenIdle(() => Promise.all([loadShortcuts(), loadStyles("dialog-styles")]));
    byId("outline", HTMLButtonElement).addEventListener("click", () => this.#openOutline());
    whenIdle(() => this.#loadOutline());
    byId("find", HTMLButtonElement).addEventListener("click", () => this.openFind(false));
    byId("print", HTMLButtonElement).addEventListener("click", () => print());
    this.#onClick("history", loadHistory, () => this.#showHistory());
    this.#onClick(
      "activity",
      () => import("../panels/activity_dialog.js"),
      ({ openActivity }) => {
        const onMoment = (/** @type {number} */ seq) => this.openHistory(seq);
        openActivity(this.#api, { documentId, selfId: page.user.id, onMoment });
      },
    );
    this.#onClick(
      "export",
      () => import("../panels/export_dialog.js"),
      ({ openExport }) => {
        provider.flush();
        openExport(documentId);
      },
    );
    this.#onClick(
      "share",
      () => import("../panels/share_dialog.js"),
      ({ openShare }) => {
        const manageOwner = page.document.abilities.manage_owner === true;
        openShare(this.#api, { documentId, selfId: page.user.id, manageOwner });
      },
    );
  }

  /** Show all keyboard shortcuts. */
  openShortcuts() {
    void this.#openOnce(async () => {
      const [{ openShortcuts }] = await Promise.all([loadShortcuts(), loadStyles("dialog-styles")]);
      openShortcuts();
    });
  }

  /** Find words in the text. @param {boolean} withReplace */
  openFind(withReplace) {
    void this.#openOnce(async () => {
      const { FindBar } = await import("../editor/find_bar.js");
      const { editor, provider } = this.#context;
      // New letters are no copies of the old ones, however alike.
      const beforeEdit = () => provider.copies.noteKnown([]);
      this.#find ??= new FindBar(editor, { beforeEdit });
      await this.#find.open(withReplace);
    });
  }

  #openOutline() {
    void this.#openOnce(async () => {
      const [outline] = await Promise.all([this.#loadOutline(), loadStyles("dialog-styles")]);
      outline.open();
    });
  }

  /** Make the outline, once; after an error the next call tries again. */
  #loadOutline() {
    this.#outline ??= this.#makeOutline().catch((error) => {
      this.#outline = null;
      throw error;
    });
    return this.#outline;
  }

  async #makeOutline() {
    const [{ Outline }] = await Promise.all([
      import("../editor/outline.js"),
      loadStyles("outline-styles"),
    ]);
    return new Outline(byId("outline-place", HTMLElement), this.#context.editor);
  }

  /** Colour the text by author, or end that. */
  toggleAuthors() {
    if (this.#context.page.document.abilities.look_at_history !== true) return;
    void this.#openOnce(async () => {
      this.#authors ??= await this.#makeAuthors();
      void this.#authors.toggle();
    });
  }

  async #makeAuthors() {
    const { page, doc, editor, provider, announce } = this.#context;
    const { AuthorColours } = await import("../editor/author_colours.js");
    const documentId = page.document.id;
    const { user: self } = page;
    const { copies } = provider;
    const authors = new AuthorColours(this.#api, { documentId, doc, editor, self, copies });
    authors.addEventListener("change", () => {
      byId("authors", HTMLButtonElement).setAttribute("aria-pressed", String(authors.isOn));
      if (authors.isOn) announce("The text is coloured by author.");
    });
    return authors;
  }

  /**
   * Open the history at a state.
   * @param {number} seq
   */
  openHistory(seq) {
    void this.#openOnce(() => this.#showHistory(seq));
  }

  /** @param {number} [seq] */
  async #showHistory(seq) {
    const { page, doc, editor, provider } = this.#context;
    const { id: documentId, abilities } = page.document;
    const canWrite = abilities.write === true;
    const isOwner = abilities.manage_owner === true;
    const [{ openHistory }] = await Promise.all([loadHistory(), loadStyles("dialog-styles")]);
    const title = byId("title", HTMLTextAreaElement).value;
    openHistory(this.#api, { documentId, title, canWrite, isOwner, doc, editor, provider }, seq);
  }

  /**
   * Bind a button to a dialog; its script is loaded when the button gets the pointer or the focus.
   * @template Module
   * @param {string} id
   * @param {() => Promise<Module>} load
   * @param {(module: Module) => unknown} open
   */
  #onClick(id, load, open) {
    const button = byId(id, HTMLButtonElement);
    const loadAll = async () => (await Promise.all([load(), loadStyles("dialog-styles")]))[0];
    for (const event of ["pointerenter", "focus"]) {
      // The click tries again, and reports an error.
      button.addEventListener(event, () => void loadAll().catch(() => {}), { once: true });
    }
    button.addEventListener("click", () => void this.#openOnce(async () => open(await loadAll())));
  }

  /**
   * Open a part of the page, but not a second one while its script is being loaded.
   * @param {() => Promise<unknown>} open
   */
  async #openOnce(open) {
    if (this.#isOpening) return;
    this.#isOpening = true;
    try {
      await open();
    } catch (error) {
      console.warn("A part of the page could not be opened:", error);
      toastError(
        new Error("This part of the page could not be loaded. Reload the page to try again."),
      );
    } finally {
      this.#isOpening = false;
    }
  }
}

function loadHistory() {
  return import("../history/history_dialog.js");
}

function loadShortcuts() {
  return import("../editor/shortcuts_dialog.js");
}
