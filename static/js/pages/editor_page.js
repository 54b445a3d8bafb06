/** The page of one document: composes connection, editor, title, presence and dialogs. */
import { Y } from "../../vendor/yjs.js";
import { Api, ApiError } from "../lib/api.js";
import { hideBanner, showBanner } from "../ui/banner.js";
import { byId, pageData, throttled } from "../ui/dom.js";
import { guardDrops } from "../ui/drop.js";
import { createEditor } from "../editor/editor.js";
import { seqOf } from "../history/deep_link.js";
import { comeBack } from "../sync/comeback.js";
import { mountLostTextNotice } from "../editor/lost_text_notice.js";
import { DeviceCopy } from "../sync/device_copy.js";
import { openOperationStore } from "../sync/operation_store.js";
import { Outbox } from "../sync/outbox.js";
import { loadCode } from "../editor/load_code.js";
import { loadBlockHandle } from "../editor/load_block_handle.js";
import { loadSuggestions } from "../editor/load_suggestions.js";
import { mountLinkCard } from "../editor/link_card.js";
import { mountPresence } from "../editor/presence.js";
import { goToStart } from "../editor/selection.js";
import { PageDialogs } from "./page_dialogs.js";
import { PageFiles } from "./page_files.js";
import { Provider } from "../sync/provider.js";
import { StatusChip } from "./status_chip.js";
import { bindShortcuts } from "../editor/shortcuts.js";
import { CloseReason } from "../sync/close_reason.js";
import { noticeOf, statusOf } from "../sync/status.js";
import { SCHEMA_VERSION } from "../editor/schema_table.js";
import { refreshTasks } from "../editor/task_item.js";
import { TitleField } from "../editor/title.js";
import { mayReload } from "../lib/reloads.js";
import { copyText } from "../editor/copy_text.js";
import { toast, toastError } from "../ui/toast.js";
import { whenIdle } from "../lib/idle.js";
import { mountToolbar } from "../editor/toolbar.js";

/** The title and the person's rights are read again at this interval while the page is visible. */
const REFRESH_INTERVAL_MS = 20_000;
/** Presence of others leads to at most one request within this time. */
const RENAMED_INTERVAL_MS = 2_000;
/** The message of a change that cannot be shown stands for so long before the page loads again. */
const RELOAD_PAUSE_MS = 3_000;
/**
 * The data that the server puts into the page.
 * @typedef {object} Page
 * @property {{id: string, title: string, lineage: string, seq: number, abilities: Record<string, boolean>}} document
 * @property {import("../lib/api.js").Person} user
 * @property {import("../sync/provider.js").Limits} limits
 */

/** @type {Page} */
const page = pageData();
const api = new Api(page.user.id);
// Start early: the connection needs the token. A failure is reported by the next call.
api.current().catch(() => {});
const scope = `${page.user.id}:${page.document.id}:${page.document.lineage}`;
const doc = new Y.Doc();
/** Shown once the connection has been closed for a while. */
const closeReason = new CloseReason((text) => {
  if (text) showBanner(text, [], "closed");
  else hideBanner("closed");
});
/** Why the editor has stopped. @type {import("../editor/editor.js").StopReason | null} */
let editorStop = null;
let isRenewing = false;
const announce = (/** @type {string} */ text) =>
  byId("announcer", HTMLElement).replaceChildren(text);
const chip = new StatusChip(announce);
/** @type {DeviceCopy | null} */
let deviceCopy = null;

const { provider, outbox } = await openProvider();
/** What the server does not take. @type {import("../editor/waiting_changes.js").WaitingChanges | null} */
let waiting = null;
const files = new PageFiles({ api, documentId: page.document.id, scope, doc, provider });
const editor = createEditor({
  element: byId("content", HTMLElement),
  provider,
  doc,
  person: page.user,
  editable: provider.state.writable && provider.state.loaded,
  onStop: onEditorStop,
  onFiles: (given) => void files.add(editor, given),
});
whenIdle(async () => (await import("../ui/tooltip.js")).showTooltips());
guardDrops({ files: () => toast("Drop files into the text, where they are to stand.") });
const toolbar = byId("toolbar", HTMLElement);
mountToolbar(toolbar, editor, () => files.pick(editor));
mountLinkCard(byId("content", HTMLElement), editor);
const noteKnown = (/** @type {import("../sync/copies.js").Copy[]} */ copies) =>
  provider.copies.noteKnown(copies);
const loadHandle = loadBlockHandle(editor, { noteKnown, announce });
loadCode(editor);
loadSuggestions(editor, { api, pickFiles: () => files.pick(editor) });
mountPresence(byId("people", HTMLElement), provider, page.user);
const title = mountTitle();
const dialogs = new PageDialogs(api, { page, doc, editor, provider, announce });
mountLostTextNotice(provider, doc, editor, { api, page, scope });
bindShortcuts(editor, {
  toolbar,
  onFiles: () => files.pick(editor),
  onAuthors: () => dialogs.toggleAuthors(),
  onHelp: () => dialogs.openShortcuts(),
  loadHandle,
  onFind: (withReplace) => dialogs.openFind(withReplace),
  onSave: () => {
    provider.flush();
    void title.flush();
  },
});
bindPage();
files.restore(editor);
showState();
whenIdle(async () => {
  const { mountWordCount } = await import("../editor/word_count.js");
  mountWordCount(byId("words", HTMLElement), editor);
});
focusNewTitle();
void outbox.loadParked().then(
  (parked) => (parked.length > 0 ? showWaiting(parked) : undefined),
  (error) => console.warn("Changes set aside were not read:", error),
);
document.body.dataset.ready = "true";
followHeadingLink();
addEventListener("hashchange", followHeadingLink);
const linkedSeq = seqOf(location.hash);
if (linkedSeq !== null && page.document.abilities.look_at_history) dialogs.openHistory(linkedSeq);

/** Load the document's data on this device, then connect. */
async function openProvider() {
  const store = await openOperationStore(scope);
  if (store.durable) deviceCopy = new DeviceCopy(`scriptorium:${scope}`, doc);
  const [outbox] = await Promise.all([Outbox.open(store), deviceCopy?.load()]);
  // What this device has written may conflict with what the server sends first.
  if (outbox.operations.length > 0) await import("../editor/conflict_notice.js");
  const url = new URL(`/ws/documents/${page.document.id}`, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  url.searchParams.set("lineage", page.document.lineage);
  url.searchParams.set("schema", String(SCHEMA_VERSION));
  const opened = new Provider({
    url: url.href,
    documentId: page.document.id,
    doc,
    tokens: api,
    outbox,
    writable: page.document.abilities.write === true,
    empty: page.document.seq === 0,
    limits: page.limits,
  });
  void opened.open();
  // Request the socket before the editor is made, which takes longer than the server's answer.
  await new Promise((resolve) => setTimeout(resolve));
  return { provider: opened, outbox };
}

function followHeadingLink() {
  if (!location.hash.startsWith("#heading=")) return;
  void import("../editor/heading_target.js").then(
    ({ goToHeading }) => goToHeading(editor),
    (error) => console.warn("The heading was not sought:", error),
  );
}

function mountTitle() {
  const input = byId("title", HTMLTextAreaElement);
  const field = new TitleField({
    input,
    title: page.document.title,
    storageKey: `scriptorium-title:${scope}`,
    save: async (text) => {
      const path = `documents/${page.document.id}/`;
      const saved = await api.call(path, { method: "PATCH", body: { title: text } });
      // Other pages read the title again when this field changes.
      provider.awareness.setLocalStateField("renamed", Date.now());
      return saved.title;
    },
    read: async () => (await api.call(`documents/${page.document.id}/`)).title,
    onEnter: () => {
      // Tiptap's own focus waits for a frame, in which keys would still go to the title.
      editor.view.focus();
      goToStart(editor);
    },
  });
  field.addEventListener("change", showState);
  field.addEventListener("overtaken", (event) => {
    if (!(event instanceof CustomEvent)) return;
    const kept = String(event.detail);
    const action = { label: "Use mine", run: () => void field.rename(kept) };
    toast(`Somebody has renamed the document meanwhile. “${kept}” was not saved.`, action);
  });
  field.addEventListener("refused", (event) => {
    if (event instanceof CustomEvent) toastError(event.detail);
  });
  return field;
}

/** Focus the title of a new document. */
function focusNewTitle() {
  const input = byId("title", HTMLTextAreaElement);
  if (page.document.abilities.rename && input.value === "Untitled" && editor.isEmpty) {
    input.focus();
    input.select();
  }
}

function bindPage() {
  provider.addEventListener("state", showState);
  provider.addEventListener("denied", () => void refreshDocument());
  addEventListener("online", showState);
  addEventListener("offline", showState);
  addEventListener("beforeunload", (event) => {
    if (!provider.settle()) event.preventDefault();
  });
  dialogs.bind();
  /** @type {Map<number, unknown>} */
  const renamed = new Map();
  const refreshSoon = throttled(RENAMED_INTERVAL_MS, () => void refreshDocument());
  provider.awareness.on("change", (/** @type {{updated: number[]}} */ { updated }) => {
    for (const client of updated) {
      const at = provider.awareness.getStates().get(client)?.renamed;
      if (client === doc.clientID || at === undefined || renamed.get(client) === at) continue;
      renamed.set(client, at);
      refreshSoon();
    }
  });
  const refreshIfVisible = () => {
    if (document.visibilityState === "visible" && !provider.state.stopped) void refreshDocument();
  };
  document.addEventListener("visibilitychange", refreshIfVisible);
  addEventListener("focus", refreshIfVisible);
  setInterval(refreshIfVisible, REFRESH_INTERVAL_MS);
  comeBack(provider, () => api.call(`documents/${page.document.id}/`));
}

/** Read the title and the person's rights again. */
async function refreshDocument() {
  try {
    const { title: current, abilities } = await api.call(`documents/${page.document.id}/`);
    page.document.abilities = abilities;
    title.accept(current);
    provider.setWritable(abilities.write === true);
    showRights();
  } catch (error) {
    // A missing response or a lost right is reported by the socket.
    if (!(error instanceof ApiError)) console.warn("The document could not be read:", error);
  }
}

/** Show the controls that the person has the right to use. */
function showRights() {
  const { abilities } = page.document;
  byId("share", HTMLButtonElement).hidden = abilities.share !== true;
  for (const id of ["authors", "history", "activity"]) {
    byId(id, HTMLButtonElement).hidden = abilities.look_at_history !== true;
  }
  const field = byId("title", HTMLTextAreaElement);
  const mayNow = field.readOnly && abilities.rename === true;
  field.readOnly = abilities.rename !== true;
  // An earlier page may have left a title, or the right to give one may have come back.
  if (mayNow) void title.flush();
}

/** Show the provider's state: chip, banner, and whether the text can be changed. */
function showState() {
  const { state } = provider;
  const unsaved = state.unsaved + (title.dirty ? 1 : 0);
  const writable = state.writable && editorStop === null;
  const status = statusOf({ ...state, writable, unsaved }, navigator.onLine);
  chip.show(status);
  const ended = state.stopped && state.stopped.reason !== "signed-out";
  const editable = writable && !ended;
  // Text typed before the document is loaded would be merged beside its content.
  const ready = editable && state.loaded;
  if (editor.isEditable !== ready) {
    editor.setEditable(ready);
    refreshTasks(editor);
  }
  // Its place stays when the text becomes read-only: the lines would jump up.
  toolbar.classList.toggle("is-idle", !editable);
  if (editable) toolbar.hidden = false;
  document.body.classList.toggle("is-readonly", !editable);
  document.body.dataset.stored = String(state.stored);
  showRights();
  if (state.stopped) showStop(state.stopped.reason);
  else hideBanner("stopped");
  closeReason.set(provider.state.stopped ? "" : noticeOf(provider.state));
  if (state.outdated && !state.stopped) showOutdated();
  else hideBanner("outdated");
  if (editorStop !== null && byId("banner", HTMLElement).hidden) showEditorStop(editorStop);
  if (waiting) waiting.show();
  else if (!state.writable && !state.outdated && state.unsaved > 0)
    void outbox.loadParked().then(showWaiting);
}

/**
 * Show what the server does not take, from now on.
 * @param {import("../sync/outbox.js").ParkedOperation[]} parked
 */
async function showWaiting(parked) {
  const { WaitingChanges } = await import("../editor/waiting_changes.js");
  waiting ??= new WaitingChanges({ provider, outbox, parked, discard: discardUnsaved });
  waiting.show();
}

/** Forget what the server does not have, and load its state. */
async function discardUnsaved() {
  await provider.discardUnsaved();
  await deviceCopy?.discard();
  location.reload();
}

/**
 * Make the editor read-only: what it cannot show, it must not write over. May be called while the
 * editor is being made, or shows a change.
 * @param {import("../editor/editor.js").StopReason} reason
 * @param {unknown} [error]
 */
function onEditorStop(reason, error) {
  if (error !== undefined) console.error("A change could not be shown:", error);
  editorStop = reason;
  setTimeout(() => {
    hideBanner("content");
    showState();
    if (reason === "error") setTimeout(loadAgain, RELOAD_PAUSE_MS);
  });
}

/** The document has content of a newer page: this one shows it as it can, and writes nothing. */
function showOutdated() {
  const text =
    "This document has content that this page is too old for. Reload the page to write in it. " +
    "Nothing is lost.";
  showBanner(text, [{ label: "Reload", run: () => location.reload() }], "outdated");
}

/** @param {import("../editor/editor.js").StopReason | "error again"} reason */
function showEditorStop(reason) {
  const texts = {
    content:
      "This document has content that this page cannot edit yet. Reload the page to continue.",
    error: "A change could not be shown. Nothing is lost: the page loads again.",
    "error again": "A change could not be shown. Reload the page to continue.",
  };
  showBanner(texts[reason], [{ label: "Reload", run: () => location.reload() }], "content");
}

/** Reload the page, if nothing is lost by it, and not too often; else the person decides. */
function loadAgain() {
  if (provider.settle() && mayReload(page.document.id, "error")) location.reload();
  else showEditorStop("error again");
}

/**
 * Write what follows a refused operation again, with it or without it, and load the page with that:
 * by itself some times a minute at most, else at the person's word. The document's copy on this
 * device goes first, because it has the old ids; the operations have all that the server lacks.
 */
async function renewClientIds() {
  if (isRenewing) return;
  isRenewing = true;
  try {
    await deviceCopy?.discard();
    await provider.renew();
    if (mayReload(page.document.id, "refusal")) location.reload();
  } catch (error) {
    console.error("The refused changes could not be written again:", error);
  }
}

/** @param {import("../sync/connection.js").StopReason} reason */
function showStop(reason) {
  if (reason === "renewal") void renewClientIds();
  const actions = {
    "signed-out": {
      label: "Log in",
      run: () => location.assign(`/login/?next=${encodeURIComponent(location.pathname)}`),
    },
    reload: { label: "Reload", run: () => location.reload() },
    renewal: { label: "Reload", run: () => location.reload() },
    removed: { label: "Try again", run: () => provider.resume() },
    gone: { label: "Try again", run: () => provider.resume() },
    refused: { label: "Try again", run: () => provider.resume() },
    quarantined: { label: "Try again", run: () => provider.resume() },
  };
  const copy = { label: "Copy the text", run: () => void copyText(editor) };
  const shown = [actions[reason], copy];
  // Otherwise a change that nobody can name would close the document on this device.
  if (reason === "refused" && provider.state.unsaved > 0) {
    shown.push({ label: "Discard my changes", run: () => void discardUnsaved() });
  }
  showBanner(noticeOf(provider.state), shown, "stopped");
}
