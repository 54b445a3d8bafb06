/** The documents page: search, create, import, rename, trash and restore. */
import { Api } from "../lib/api.js";
import { guardDrops } from "../ui/drop.js";
import { byId, debounced, h, icon, pageData } from "../ui/dom.js";
import { bindMenu } from "../ui/menu.js";
import { documentRow } from "./document_row.js";
import { hideToast, toast, toastError } from "../ui/toast.js";
import { showTooltips } from "../ui/tooltip.js";

/** @typedef {import("./document_row.js").DocumentItem} DocumentItem */

/** @type {{user: import("../lib/api.js").Person, mayCreate: boolean}} */
const page = pageData();
const api = new Api(page.user.id);
const SEARCH_PAUSE_MS = 200;

const list = byId("documents", HTMLElement);
const message = byId("list-message", HTMLElement);
const more = byId("more", HTMLButtonElement);
const search = byId("search", HTMLInputElement);
const tabs = /** @type {NodeListOf<HTMLAnchorElement>} */ (
  document.querySelectorAll("[data-view]")
);

/** @type {import("./document_actions.js").ListHooks} */
const listHooks = {
  reload: async (id, otherId) => {
    await load();
    if (!focusRow(id) && otherId !== undefined) focusRow(otherId);
  },
  remove: removeRow,
  inTrash,
};

/** Aborts the present request when there is a newer one. */
let request = new AbortController();
/** Query of the next page. @type {string | null} */
let next = null;

search.value = new URLSearchParams(location.search).get("search") ?? "";
search.addEventListener(
  "input",
  debounced(SEARCH_PAUSE_MS, () => {
    storeSearch();
    void load();
  }),
);
more.addEventListener("click", () => void loadMore());
for (const button of document.querySelectorAll("[data-create]")) {
  button.addEventListener("click", () => void create());
}
bindImport();
guardDrops({
  files: (files) => void importDropped(files),
  over: (isOver) => document.body.classList.toggle("is-dropping", isOver && page.mayCreate),
});
addEventListener("popstate", changeView);
for (const tab of tabs) {
  tab.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    history.pushState(null, "", tab.href);
    changeView();
  });
}
document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof HTMLElement && event.target.matches("input, textarea");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "/") {
    event.preventDefault();
    search.focus();
  } else if (event.key === "n" && page.mayCreate) {
    event.preventDefault();
    void create();
  }
});
bindMenu(byId("menu", HTMLElement));
showTooltips();
await load();

function inTrash() {
  return viewOf() === "trash";
}

/** Return the list that the address names: all documents, those that others share, the trash. */
function viewOf() {
  const query = new URLSearchParams(location.search);
  if (query.has("trash")) return "trash";
  return query.has("shared") ? "shared" : "all";
}

/** Load another view; a message about the last one goes with it. */
function changeView() {
  hideToast();
  void load();
}

/** Put the search into the address, so that the back button finds the same list. */
function storeSearch() {
  const url = new URL(location.href);
  if (search.value) url.searchParams.set("search", search.value);
  else url.searchParams.delete("search");
  history.replaceState(null, "", url);
}

/** Load the first page of the list. */
async function load() {
  request.abort();
  request = new AbortController();
  const query = new URLSearchParams({ search: search.value.trim() });
  if (inTrash()) query.set("trashed", "true");
  if (viewOf() === "shared") query.set("owned", "false");
  for (const tab of tabs) {
    if (tab.dataset.view === viewOf()) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  list.setAttribute("aria-busy", "true");
  try {
    const { results, next: link } = await api.call(`documents/?${query}`, {
      signal: request.signal,
    });
    list.replaceChildren(...results.map(row));
    showNext(link);
    showEmpty(results.length === 0);
  } catch (error) {
    showFailure(error);
  }
}

async function loadMore() {
  if (next === null) return;
  more.disabled = true;
  try {
    const { results, next: link } = await api.call(`documents/${next}`);
    const rows = /** @type {HTMLLIElement[]} */ (results.map(row));
    list.append(...rows);
    showNext(link);
    rows[0]?.querySelector("a")?.focus();
  } catch (error) {
    toastError(error);
  }
  more.disabled = false;
}

/** @param {string | null} link */
function showNext(link) {
  next = link && new URL(link).search;
  more.hidden = next === null;
  list.removeAttribute("aria-busy");
}

/** @param {boolean} isEmpty */
function showEmpty(isEmpty) {
  message.hidden = !isEmpty;
  if (!isEmpty) return;
  if (search.value.trim()) {
    showMessage(
      "search",
      "Nothing found",
      `No title contains all the words of “${search.value.trim()}”.`,
    );
  } else if (inTrash()) {
    showMessage(
      "trash-2",
      "The trash is empty",
      "Documents in the trash can be restored at any time.",
    );
  } else if (viewOf() === "shared") {
    const text = "Documents that others share with you will be listed here.";
    showMessage("user-plus", "Nothing is shared with you yet", text);
  } else if (page.mayCreate) {
    const button = h("button", { type: "button", class: "button primary" }, "New document");
    button.addEventListener("click", () => void create());
    showMessage(
      "file-text",
      "No documents yet",
      "Create one to write alone or with others.",
      button,
    );
  } else {
    const text = "Documents that others share with you will be listed here.";
    showMessage("file-text", "No documents yet", text);
  }
}

/** @param {unknown} error */
function showFailure(error) {
  if (error instanceof DOMException && error.name === "AbortError") return;
  list.replaceChildren();
  showNext(null);
  message.hidden = false;
  const retry = h("button", { type: "button", class: "button" }, "Try again");
  retry.addEventListener("click", () => void load());
  const detail = error instanceof Error ? error.message : String(error);
  showMessage("cloud-off", "The list could not be loaded", detail, retry);
}

/**
 * @param {string} picture
 * @param {string} heading
 * @param {string} text
 * @param {HTMLElement[]} action
 */
function showMessage(picture, heading, text, ...action) {
  message.replaceChildren(icon(picture), h("h2", {}, heading), h("p", {}, text), ...action);
}

/** @param {DocumentItem} item */
function row(item) {
  return documentRow(item, {
    selfId: page.user.id,
    mayCreate: page.mayCreate,
    inTrash: inTrash(),
    act: (name, of) => void act((actions) => actions.run(name, of)),
    restore: (of) => void act((actions) => actions.restore(of)),
  });
}

/**
 * Run an action of a row; its script is loaded with the first one.
 * @param {(actions: import("./document_actions.js").DocumentActions) => Promise<void>} run
 */
async function act(run) {
  try {
    const { DocumentActions } = await import("./document_actions.js");
    await run(new DocumentActions(api, page.user.id, listHooks));
  } catch (error) {
    toastError(error);
  }
}

async function create() {
  try {
    const made = await api.call("documents/", { method: "POST", body: {} });
    location.assign(`/documents/${made.id}/`);
  } catch (error) {
    toastError(error);
  }
}

/** Bind the import button and its file field, which the page has with the right to create only. */
function bindImport() {
  const button = document.getElementById("import");
  const chooser = document.getElementById("import-file");
  if (!(chooser instanceof HTMLInputElement)) return;
  button?.addEventListener("click", () => chooser.click());
  chooser.addEventListener("change", () => {
    const file = chooser.files?.[0];
    if (file) void importFile(file);
    chooser.value = "";
  });
}

/** @param {File[]} files */
async function importDropped(files) {
  const [file] = files;
  if (!file) return;
  if (!page.mayCreate) toast("You cannot create documents. Nothing was imported.");
  else if (files.length > 1) toast("Drop one file at a time. Nothing was imported.");
  else await importFile(file);
}

/** @param {File} file */
async function importFile(file) {
  const body = new FormData();
  body.set("file", file);
  const running = new AbortController();
  const cancel = { label: "Cancel", run: () => running.abort() };
  const hide = toast(`Importing “${file.name}”…`, cancel, { stays: true });
  try {
    const signal = running.signal;
    const made = await api.call("documents/import/", { method: "POST", body, signal });
    location.assign(`/documents/${made.id}/`);
  } catch (error) {
    hide();
    if (running.signal.aborted) toast("The import is cancelled. Nothing was made.");
    else toastError(error);
  }
}

/**
 * Remove a row and move the focus to its neighbour.
 * @param {string} id
 */
function removeRow(id) {
  const gone = list.querySelector(`[data-id="${CSS.escape(id)}"]`);
  const neighbour = gone?.nextElementSibling ?? gone?.previousElementSibling;
  gone?.remove();
  const target = neighbour?.querySelector("a, button") ?? search;
  if (target instanceof HTMLElement) target.focus();
  showEmpty(list.children.length === 0);
}

/**
 * Focus a row; return whether it is listed.
 * @param {string} id
 */
function focusRow(id) {
  const found = list.querySelector(`[data-id="${CSS.escape(id)}"] a`);
  if (!(found instanceof HTMLElement)) return false;
  found.focus();
  return true;
}
