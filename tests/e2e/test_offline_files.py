"""Pictures and files without a connection: shown at once, kept on the device, uploaded once."""

from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.attachments import samples
from tests.e2e.people import Person
from tests.e2e.test_pictures import IS_SHOWN, give, nodes, pictures
from tests.support.eventually import eventually

#: Without it a page gets no connection and calls nothing; its files are served.
TOKEN = "**/auth/token/session/"
#: The scopes of the files that this device has.
KEPT = """() => new Promise(resolve => {
  const request = indexedDB.open('scriptorium-files', 1);
  request.onupgradeneeded = () =>
    request.result.createObjectStore('files', { keyPath: ['scope', 'id'] });
  request.onsuccess = () => {
    const all = request.result.transaction('files').objectStore('files').getAll();
    all.onsuccess = () => {
      request.result.close();
      resolve(all.result.map(({ scope }) => scope));
    };
  };
})"""
#: The marks of documents whose files a page has yet to look for.
MARKS = "() => Object.keys(localStorage).filter(key => key.startsWith('scriptorium-files:'))"
#: Whether the page has what it needs for files, which it loads when it is idle.
IS_LOADED = """() => performance.getEntriesByType('resource')
  .filter(({ name }) => /\\/(uploads|upload|upload_places|pending_files)\\.js$/.test(name))
  .length === 4"""
#: The colour in the middle of a preview.
PREVIEW = """canvas => {
  const { width, height } = canvas;
  return [...canvas.getContext('2d').getImageData(width / 2, height / 2, 1, 1).data];
}"""
#: The removal of files from the device fails, as if the page had ended before.
KEEP_ALL = """() => {
  const remove = IDBObjectStore.prototype.delete;
  IDBObjectStore.prototype.delete = function (key) {
    return this.name === 'files' ? this.count() : remove.call(this, key);
  };
}"""


def upload_of(person: Person, name: str = "shot.png") -> Locator:
    """Return the placeholder of a file."""
    return person.page.get_by_role("group", name=name)


def kept(person: Person) -> list[str]:
    """Return the scopes of the files that the device has."""
    scopes: list[str] = person.page.evaluate(KEPT)
    return scopes


def insert_offline(person: Person, document_id: str, data: bytes) -> None:
    """Write two lines and insert a picture between them, without a connection."""
    person.expects_network_noise = True
    person.open(document_id)
    person.write("above\nbelow")
    expect(person.chip).to_have_text("Saved")
    person.page.wait_for_function(IS_LOADED)
    person.goes_offline()
    person.page.keyboard.press("ArrowUp")
    give(person, data)
    expect(upload_of(person)).to_contain_text("Kept on this device")


def stands_between(person: Person, document_id: str) -> None:
    """Wait until the document has one picture, at its place."""
    eventually(lambda: len(pictures(person, document_id)) == 1)
    types = [node["type"] for node in nodes(person, document_id)]
    assert types == ["paragraph", "image", "paragraph"]
    eventually(partial(person.page.evaluate, IS_SHOWN))


def files_of(person: Person, document_id: str) -> list[dict[str, Any]]:
    """Return the files of a document, as stored."""
    found: list[dict[str, Any]] = person.api("GET", f"documents/{document_id}/attachments/")[
        "results"
    ]
    return found


def test_picture_is_shown_offline_and_uploaded_when_the_network_is_back(
    shared: str, ada: Person, grace: Person
) -> None:
    """By itself; the preview has the picture's colours, and typing goes on."""
    insert_offline(ada, shared, samples.png(400, 300))
    preview = upload_of(ada).locator("canvas")
    expect(preview).to_be_visible()
    assert preview.evaluate(PREVIEW)[2:] == [40, 255]
    ada.page.keyboard.type("!")
    assert len(kept(ada)) == 1
    ada.context.set_offline(False)
    expect(upload_of(ada)).to_have_count(0)
    stands_between(ada, shared)
    eventually(lambda: kept(ada) == [])
    grace.open(shared)
    eventually(partial(grace.page.evaluate, IS_SHOWN))
    expect(grace.text).to_contain_text("above!")


def test_picture_survives_a_reload_and_is_uploaded_once(shared: str, ada: Person) -> None:
    """At its place; another tab of the person does not upload it too."""
    insert_offline(ada, shared, samples.png(400, 300))
    ada.page.goto("about:blank")
    ada.context.set_offline(False)
    ada.context.route(TOKEN, lambda route: route.abort())
    ada.page.goto(f"/documents/{shared}/")
    expect(upload_of(ada)).to_contain_text("Kept on this device")
    expect(upload_of(ada).locator("canvas")).to_be_visible()
    other = ada.context.new_page()
    other.goto(f"/documents/{shared}/")
    expect(other.locator(".prose")).to_contain_text("below")
    ada.context.unroute(TOKEN)
    expect(ada.chip).to_have_text("Saved")
    stands_between(ada, shared)
    expect(other.locator(".picture")).to_have_count(1)
    other.reload()
    expect(other.locator(".picture")).to_have_count(1)
    eventually(lambda: kept(ada) == [])
    assert len(files_of(ada, shared)) == 1


def test_page_that_ends_after_the_insertion_inserts_nothing_twice(shared: str, ada: Person) -> None:
    """The device still has the file; the document shows it already."""
    ada.open(shared)
    ada.text.click()
    ada.page.evaluate(KEEP_ALL)
    give(ada, samples.png())
    eventually(lambda: len(pictures(ada, shared)) == 1)
    expect(ada.chip).to_have_text("Saved")
    assert len(kept(ada)) == 1
    ada.open(shared)
    eventually(lambda: kept(ada) == [])
    expect(ada.page.locator(".picture")).to_have_count(1)
    assert len(pictures(ada, shared)) == 1


def test_file_is_cancelled_offline(shared: str, ada: Person) -> None:
    """Nothing of it stays on the device, and nothing comes back."""
    insert_offline(ada, shared, samples.png())
    upload_of(ada).get_by_role("button", name="Cancel").click()
    expect(upload_of(ada)).to_have_count(0)
    eventually(lambda: kept(ada) == [])
    ada.context.set_offline(False)
    expect(ada.chip).to_have_text("Saved")
    ada.open(shared)
    expect(ada.text).to_contain_text("below")
    assert files_of(ada, shared) == []
    assert pictures(ada, shared) == []


def test_file_that_is_kept_is_refused_later_with_the_reason(shared: str, ada: Person) -> None:
    """It stays until it is cancelled."""
    insert_offline(ada, shared, samples.bomb())
    ada.context.set_offline(False)
    expect(upload_of(ada)).to_contain_text("pixels")
    ada.page.reload()
    expect(upload_of(ada)).to_contain_text("pixels")
    upload_of(ada).get_by_role("button", name="Cancel").click()
    eventually(lambda: kept(ada) == [])
    assert pictures(ada, shared) == []


@pytest.mark.parametrize("kind", ["another person", "another document"])
def test_file_is_of_its_person_and_document_alone(
    shared: str, ada: Person, grace: Person, kind: str
) -> None:
    """Who logs in at this device later, and other documents, get nothing of it."""
    insert_offline(ada, shared, samples.png())
    [scope] = kept(ada)
    assert shared in scope
    ada.page.goto("about:blank")
    ada.context.set_offline(False)
    other = shared
    if kind == "another document":
        other = ada.create("Other")
    else:
        ada.context.clear_cookies()
        ada.context.add_cookies(grace.context.cookies())  # type: ignore[arg-type]
    ada.page.goto(f"/documents/{other}/")
    expect(ada.chip).to_have_text("Saved")
    ada.text.click()
    give(ada, samples.png(), name="own.png")
    expect(ada.page.locator(".picture")).to_have_count(1)
    eventually(lambda: kept(ada) == [scope])
    ada.page.reload()
    eventually(lambda: ada.page.evaluate(MARKS) == [f"scriptorium-files:{scope}"])
    expect(upload_of(ada)).to_have_count(0)
    expect(ada.page.locator(".picture")).to_have_count(1)
    assert kept(ada) == [scope]
