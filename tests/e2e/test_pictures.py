"""Pictures and files in the page: pasted, dropped, picked; seen by others; words and width."""

import base64
import hashlib
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Route, expect

from tests.attachments import samples
from tests.e2e.people import Person, choosing_files
from tests.support.eventually import eventually

#: Pastes, or drops into the text, a file, or HTML; a value of base64.
GIVE = """([way, type, name, data]) => {
  const given = new DataTransfer();
  if (type.startsWith('image/') || type === 'application/pdf') {
    const bytes = Uint8Array.from(atob(data), letter => letter.charCodeAt(0));
    given.items.add(new File([bytes], name, { type }));
  } else given.setData(type, data);
  const text = document.querySelector('#content .prose');
  const { left, top } = text.firstElementChild.getBoundingClientRect();
  const options = { bubbles: true, cancelable: true };
  const place = { clientX: left + 2, clientY: top + 2 };
  text.dispatchEvent(way === 'paste'
    ? new ClipboardEvent('paste', { ...options, clipboardData: given })
    : new DragEvent('drop', { ...options, ...place, dataTransfer: given }));
}"""
#: Whether a picture of the text is decoded.
IS_SHOWN = """() => {
  const image = document.querySelector('.picture img');
  return image !== null && image.complete && image.naturalWidth > 0;
}"""


def give(person: Person, data: bytes, way: str = "paste", name: str = "shot.png") -> None:
    """Paste or drop a picture."""
    encoded = base64.b64encode(data).decode()
    person.page.evaluate(GIVE, [way, "image/png", name, encoded])


def nodes(person: Person, document_id: str) -> list[dict[str, Any]]:
    """Return the blocks of a document, as stored."""
    exported = person.api("GET", f"documents/{document_id}/export/json/")
    content: list[dict[str, Any]] = exported["content"]
    return content


def pictures(person: Person, document_id: str) -> list[dict[str, Any]]:
    """Return the attributes of the pictures of a document, as stored."""
    return [node["attrs"] for node in nodes(person, document_id) if node["type"] == "image"]


def test_file_that_cannot_be_taken_is_told(shared: str, ada: Person) -> None:
    """What uploads need was not loaded; the next try loads it."""
    ada.expects_network_noise = True
    ada.page.route("**/editor/uploads.js", lambda route: route.abort())
    ada.open(shared)
    ada.text.click()
    give(ada, samples.png())
    expect(ada.page.get_by_text("The file was not added.")).to_be_visible()
    ada.page.unroute("**/editor/uploads.js")
    give(ada, samples.png())
    expect(ada.page.locator(".picture")).to_have_count(1)
    eventually(lambda: len(pictures(ada, shared)) == 1)


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_picture_is_uploaded_and_seen_by_others(
    shared: str, ada: Person, grace: Person, way: str
) -> None:
    """Its bytes are in no operation; the text before it stays."""
    for person in (ada, grace):
        person.open(shared)
    ada.text.click()
    ada.page.keyboard.type("before")
    give(ada, samples.png(300, 200), way)
    for person in (ada, grace):
        expect(person.page.locator(".picture img")).to_be_visible()
        eventually(partial(person.page.evaluate, IS_SHOWN))
    [stored] = eventually(lambda: pictures(ada, shared))
    assert re.fullmatch(r"[0-9a-f]{64}", stored["attachment"])
    assert len(ada.api("GET", f"documents/{shared}/attachments/")["results"]) == 1
    expect(grace.text).to_contain_text("before")


def test_typing_goes_on_beside_a_slow_upload(shared: str, ada: Person) -> None:
    """The placeholder moves with the text, and is in nobody's document."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    ada.page.route("**/attachments/", hold)
    ada.open(shared)
    ada.text.click()
    ada.page.keyboard.type("first")
    give(ada, samples.png())
    expect(ada.page.get_by_role("group", name="shot.png")).to_be_visible()
    ada.page.keyboard.type(" and more")
    # Routes are called while the page is asked for something.
    eventually(lambda: bool(ada.page.title()) and len(held) == 1)
    assert pictures(ada, shared) == []
    held[0].continue_()
    expect(ada.page.locator(".picture img")).to_be_visible()
    expect(ada.page.get_by_role("group", name="shot.png")).to_have_count(0)
    expect(ada.text.locator("p").first).to_have_text("first and more")


def test_upload_that_fails_is_tried_again_and_cancelled(shared: str, ada: Person) -> None:
    """With the server's words."""
    ada.expects_network_noise = True
    answers: list[Callable[[Route], None]] = [
        lambda route: route.fulfill(status=503, json={"code": "x", "detail": "Files are away."}),
        lambda route: route.fulfill(status=503, json={"code": "x", "detail": "Still away."}),
        lambda route: route.continue_(),
    ]

    def answer(route: Route) -> None:
        answers.pop(0)(route)

    ada.page.route("**/attachments/", answer)
    ada.open(shared)
    ada.text.click()
    give(ada, samples.png())
    upload = ada.page.get_by_role("group", name="shot.png")
    expect(upload).to_contain_text("Files are away.")
    upload.get_by_role("button", name="Try again").click()
    expect(upload).to_contain_text("Still away.")
    upload.get_by_role("button", name="Try again").click()
    expect(ada.page.locator(".picture")).to_have_count(1)
    ada.page.unroute("**/attachments/")
    ada.page.route("**/attachments/", lambda route: None)
    give(ada, samples.png(), name="other.png")
    other = ada.page.get_by_role("group", name="other.png")
    other.get_by_role("button", name="Cancel").click()
    expect(other).to_have_count(0)
    expect(ada.page.locator(".picture")).to_have_count(1)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (samples.bomb(), "pixels"),
        (samples.HTML, "is not what it claims to be"),
        (samples.png()[:60], "cannot be read"),
    ],
    ids=["too many pixels", "no picture", "half a picture"],
)
def test_file_that_is_refused_says_why(shared: str, ada: Person, data: bytes, reason: str) -> None:
    """At its place; nothing is stored."""
    ada.expects_network_noise = True
    ada.open(shared)
    ada.text.click()
    give(ada, data)
    upload = ada.page.get_by_role("group", name="shot.png")
    expect(upload).to_contain_text(reason)
    assert pictures(ada, shared) == []
    assert ada.api("GET", f"documents/{shared}/attachments/")["results"] == []


def test_id_of_a_file_of_another_document_shows_a_word_in_its_place(
    shared: str, ada: Person, grace: Person
) -> None:
    """Grace writes the id of a picture of Ada's that she may not see; nobody sees it there."""
    secret = ada.create("Secret")
    ada.open(secret)
    ada.text.click()
    give(ada, samples.png())
    [stored] = eventually(lambda: pictures(ada, secret))
    for person in (ada, grace):
        person.expects_network_noise = True
        person.open(shared)
    grace.text.click()
    figure = f'<figure data-attachment="{stored["attachment"]}"><img></figure>'
    grace.page.evaluate(GIVE, ["paste", "text/html", "", figure])
    for person in (ada, grace):
        missing = person.page.locator(".picture.is-missing")
        expect(missing).to_have_attribute("data-missing", "This picture is not available.")
    assert ada.api("GET", f"documents/{shared}/attachments/")["results"] == []


def test_pasted_data_becomes_an_attachment(shared: str, ada: Person) -> None:
    """Nothing of the base64 gets into the document."""
    ada.open(shared)
    ada.text.click()
    data = base64.b64encode(samples.png()).decode()
    html = f'<p>words <img src="data:image/png;base64,{data}"> more</p>'
    ada.page.evaluate(GIVE, ["paste", "text/html", "", html])
    expect(ada.page.locator(".picture")).to_have_count(1)
    eventually(lambda: pictures(ada, shared))
    assert "base64" not in str(nodes(ada, shared))
    expect(ada.text).to_contain_text("words")


def test_words_and_width_of_a_picture(shared: str, ada: Person, grace: Person) -> None:
    """By buttons and by keys; others see them."""
    for person in (ada, grace):
        person.open(shared)
    ada.text.click()
    give(ada, samples.png(600, 300))
    ada.page.locator(".picture img").click()
    tools = ada.page.get_by_role("toolbar", name="Picture")
    tools.get_by_role("button", name="Describe it").click()
    ada.page.get_by_role("dialog").get_by_role("textbox").fill("A red field")
    ada.page.get_by_role("button", name="Save").click()
    expect(grace.page.get_by_role("img", name="A red field")).to_be_visible()
    tools.get_by_role("button", name="Caption").click()
    ada.page.get_by_role("dialog").get_by_role("textbox").fill("Figure 1")
    ada.page.get_by_role("button", name="Save").click()
    expect(grace.page.locator(".picture figcaption")).to_have_text("Figure 1")
    tools.get_by_role("button", name="Narrower").click()
    [stored] = eventually(lambda: [one for one in pictures(ada, shared) if "width" in one])
    ada.page.keyboard.press("Alt+Shift+ArrowLeft")
    eventually(lambda: pictures(ada, shared)[0].get("width") == stored["width"] - 40)
    expect(grace.page.locator(".picture img")).to_have_attribute("width", str(stored["width"] - 40))
    tools.get_by_role("button", name="Show in the whole window").click()
    expect(ada.page.locator("dialog.lightbox img")).to_be_visible()
    ada.page.keyboard.press("Escape")
    expect(ada.page.locator("dialog.lightbox")).to_have_count(0)


def test_file_is_picked_and_opened(shared: str, ada: Person) -> None:
    """By the toolbar; it is a link in the text."""
    ada.open(shared)
    ada.text.click()
    with choosing_files(ada.page) as chooser:
        ada.page.get_by_role("button", name="Picture or file").click()
    chooser.value.set_files(
        {"name": "Plan.pdf", "mimeType": "application/pdf", "buffer": samples.PDF}
    )
    link = ada.page.locator(".attached-file a")
    expect(link).to_have_text("Plan.pdf")
    answer = ada.context.request.get(f"{ada.base_url}{link.get_attribute('href')}")
    assert (answer.status, answer.body()) == (200, samples.PDF)


def picture_file(data: bytes) -> FilePayload:
    """Return a picture as a file chooser takes it."""
    return {"name": "a.png", "mimeType": "image/png", "buffer": data}


def test_pictures_keep_the_order_in_which_they_were_given(shared: str, ada: Person) -> None:
    """Several at once, and one after the other at one caret."""
    ada.open(shared)
    ada.text.click()
    data = [samples.png() for _ in range(4)]
    with choosing_files(ada.page) as chooser:
        ada.page.keyboard.press("Control+Alt+u")
    chooser.value.set_files([picture_file(one) for one in data[:2]])
    expect(ada.page.locator(".picture")).to_have_count(2)
    for count, one in enumerate(data[2:], start=3):
        give(ada, one)
        expect(ada.page.locator(".picture")).to_have_count(count)
    expected = [hashlib.sha256(one).hexdigest() for one in data]
    eventually(lambda: len(pictures(ada, shared)) == len(data))
    assert [one["attachment"] for one in pictures(ada, shared)] == expected


def test_picture_that_is_copied_to_another_document_is_attached_there(
    shared: str, ada: Person
) -> None:
    """By its id, without another upload."""
    ada.open(shared)
    ada.text.click()
    give(ada, samples.png())
    [stored] = eventually(lambda: pictures(ada, shared))
    other = ada.create("Other")
    ada.expects_network_noise = True  # the picture may be asked for before it is attached
    ada.open(other)
    ada.text.click()
    html = (
        f'<figure data-attachment="{stored["attachment"]}" data-document="{shared}">'
        "<img><figcaption></figcaption></figure>"
    )
    ada.page.evaluate(GIVE, ["paste", "text/html", "", html])
    eventually(lambda: pictures(ada, other) == [{"attachment": stored["attachment"]}])
    eventually(lambda: ada.page.evaluate(IS_SHOWN))
