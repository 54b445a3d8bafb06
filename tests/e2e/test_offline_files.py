"""Pictures and files without a connection: shown at once, kept on the device, uploaded once."""

from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Locator, Route, expect

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
#: Another page has inserted and removed a file just before this one gets its lock.
ENDED_ELSEWHERE = """() => {
  const request = navigator.locks.request.bind(navigator.locks);
  navigator.locks.request = (name, options, run) => request(name, options, async lock => {
    if (!name.startsWith('scriptorium-file:')) return run(lock);
    await new Promise(resolve => {
      indexedDB.open('scriptorium-files', 1).onsuccess = ({ target: { result } }) => {
        const removal = result.transaction('files', 'readwrite');
        removal.objectStore('files').clear();
        removal.oncomplete = resolve;
      };
    });
    const held = run(lock);
    await held;
    window.isReleased = true;
  });
}"""
#: A page looks for files while another one stores its first: whether the mark is there at the end.
LOOK_AND_STORE = """async () => {
  const { name } = performance.getEntriesByType('resource')
    .find(({ name }) => name.endsWith('/pending_files.js'));
  const { PendingFiles, mayHaveFiles } = await import(name);
  const [looking, storing] = [new PendingFiles('one'), new PendingFiles('one')];
  await Promise.all([looking.load(), storing.load()]);
  const file = new File(['a'], 'a.txt');
  await Promise.all([looking.load(), storing.put({ id: 'a', file, anchor: null })]);
  return mayHaveFiles('one');
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


@pytest.mark.parametrize("state", ["waiting", "in flight"])
def test_picture_stays_when_others_change_the_blocks_around_it(
    shared: str, ada: Person, grace: Person, state: str
) -> None:
    """The binding replaces both in one step, and with them what stands between."""
    insert_offline(ada, shared, samples.png(400, 300))
    grace.open(shared)
    for line in ("above", "below"):
        grace.text.get_by_text(line).click()
        grace.page.keyboard.press("End")
        grace.page.keyboard.type(" of Grace")
    expect(grace.chip).to_have_text("Saved")
    held: list[Route] = []

    def answer(route: Route) -> None:
        if state == "waiting":
            route.abort()
        else:
            held.append(route)

    ada.page.route("**/attachments/", answer)
    ada.context.set_offline(False)
    expect(ada.text).to_contain_text("above of Grace")
    expect(ada.text).to_contain_text("below of Grace")
    expect(upload_of(ada)).to_have_count(1)
    if state == "waiting":
        expect(upload_of(ada)).to_contain_text("Kept on this device")
        ada.page.unroute("**/attachments/")
        upload_of(ada).get_by_role("button", name="Try again").click()
    else:
        eventually(lambda: bool(ada.page.title()) and len(held) == 1)
        held[0].continue_()
    stands_between(ada, shared)
    expect(upload_of(ada)).to_have_count(0)
    eventually(lambda: kept(ada) == [])


def test_file_that_another_page_has_inserted_meanwhile_is_not_uploaded(
    shared: str, ada: Person
) -> None:
    """It was listed before that page was done with it."""
    insert_offline(ada, shared, samples.png())
    ada.page.goto("about:blank")
    ada.context.set_offline(False)
    ada.page.add_init_script(f"({ENDED_ELSEWHERE})()")
    ada.page.goto(f"/documents/{shared}/")
    ada.page.wait_for_function("() => window.isReleased")
    expect(ada.chip).to_have_text("Saved")
    expect(upload_of(ada)).to_have_count(0)
    assert files_of(ada, shared) == []
    assert pictures(ada, shared) == []


def test_file_that_is_stored_while_another_page_looks_is_found_later(
    shared: str, ada: Person
) -> None:
    """The other page has found none, and removes its mark before the file is stored."""
    ada.open(shared)
    ada.page.wait_for_function(IS_LOADED)
    assert ada.page.evaluate(LOOK_AND_STORE) is True


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
