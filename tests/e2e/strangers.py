"""Injects frames, awareness states and foreign content into an open page."""

import base64
import uuid
from collections.abc import Callable
from typing import Any

import pycrdt
from playwright.sync_api import Page

from tests.e2e.people import Person

#: Records the page's sockets, so that a test can inject a frame, and removes the page's own timer
#: that reads the document again.
INIT_SCRIPT = """(() => {
  const Native = WebSocket;
  window.sockets = [];
  window.WebSocket = class extends Native {
    constructor(...args) {
      super(...args);
      window.sockets.push(this);
    }
  };
  const start = window.setInterval;
  window.setInterval = (run, ms, ...rest) => (ms === 20_000 ? 0 : start(run, ms, ...rest));
})()"""
_RECEIVE = """bytes => {
  const data = new Uint8Array(bytes).buffer;
  window.sockets.at(-1).onmessage(new MessageEvent("message", { data }));
}"""
_PUT_STATE = """([client, json]) => {
  const { extensions } = document.querySelector(".prose").editor.extensionManager;
  const caret = extensions.find(({ name }) => name === "collaborationCaret");
  const { awareness } = caret.options.provider;
  const isNew = !awareness.meta.has(client);
  awareness.states.set(client, JSON.parse(json));
  awareness.meta.set(client, { clock: 1, lastUpdated: Date.now() });
  const change = { added: isNew ? [client] : [], updated: isNew ? [] : [client], removed: [] };
  awareness.emit("change", [change, "test"]);
  awareness.emit("update", [change, "test"]);
}"""
_MERGE = """async form => {
  const { href } = document.querySelector('link[href$="/vendor/yjs.js"]');
  const { Y } = await import(href);
  const { extensions } = document.querySelector(".prose").editor.extensionManager;
  const doc = extensions.find(({ name }) => name === "collaboration").options.document;
  const other = new Y.Doc();
  Y.applyUpdate(other, Y.encodeStateAsUpdate(doc));
  const root = other.getXmlFragment("default");
  const insert = (parent, content) => other.transact(transaction => {
    let left = parent._start;
    while (left?.right) left = left.right;
    const id = Y.createID(other.clientID, Y.getState(other.store, other.clientID));
    new Y.Item(id, left, left?.lastId ?? null, null, null, parent, null, content)
      .integrate(transaction, 0);
  });
  const forms = {
    "array in the root": () => insert(root, new Y.ContentType(new Y.Array())),
    "map in the root": () => insert(root, new Y.ContentType(new Y.Map())),
    "number in the root": () => insert(root, new Y.ContentAny([5])),
    "text in the root": () => root.push([new Y.XmlText("evil")]),
    "map in a paragraph": () => insert(root.get(0), new Y.ContentType(new Y.Map())),
  };
  forms[form]();
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(other), "another person");
}"""
#: The content of a document, by type and name, as the page's Yjs document has it now.
_CONTENT = """() => {
  const { extensions } = document.querySelector(".prose").editor.extensionManager;
  const doc = extensions.find(({ name }) => name === "collaboration").options.document;
  const itemsOf = type => {
    const found = [];
    for (let item = type._start; item !== null; item = item.right) {
      if (item.deleted) continue;
      const { content } = item;
      const name = content.str ?? content.key ?? content.type?.nodeName ?? null;
      found.push([content.constructor.name, name]);
      if (content.type) found.push(itemsOf(content.type));
    }
    return found;
  };
  return JSON.stringify(itemsOf(doc.getXmlFragment("default")));
}"""


def prepare(person: Person) -> None:
    """Make the person's page ready for the functions below; before it is opened."""
    person.page.add_init_script(INIT_SCRIPT)


def receive(page: Page, frame: bytes) -> None:
    """Inject a frame as if the server had sent it."""
    page.evaluate(_RECEIVE, list(frame))


def put_state(page: Page, client: int, state_json: str) -> None:
    """Put a state into the page's awareness, without a frame."""
    page.evaluate(_PUT_STATE, [client, state_json])


def merge(page: Page, form: str) -> None:
    """Merge content of a form that no server of today accepts, as an old log may have it."""
    page.evaluate(_MERGE, form)


def content_of(page: Page) -> str:
    """Return all that is not deleted in the page's Yjs document, whatever the screen shows."""
    return str(page.evaluate(_CONTENT))


def edit_by_rest(person: Person, document_id: str, edit: Callable[[Any], object]) -> None:
    """Change a document's root ``default`` by an update of the person's, without a page."""
    state = person.context.request.get(
        f"{person.base_url}/api/v1/documents/{document_id}/state/",
        headers={"Authorization": f"Bearer {person.token}"},
    )
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(state.body())
    root = doc.get("default", type=pycrdt.XmlFragment)
    before = doc.get_state()
    edit(root)
    update = base64.b64encode(doc.get_update(before)).decode()
    person.api(
        "POST", f"documents/{document_id}/operations/", unique_id=str(uuid.uuid4()), update=update
    )
