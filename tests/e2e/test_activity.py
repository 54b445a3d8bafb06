"""The activity dialog: the events of the document."""

import re
from typing import Any

from playwright.sync_api import Locator, expect

from tests.e2e.conftest import Arrive
from tests.e2e.people import Person
from tests.support.eventually import eventually

PHONE = {"width": 360, "height": 740}
FITS = "() => document.documentElement.scrollWidth <= window.innerWidth"


def open_dialog(person: Person) -> Locator:
    """Open the dialog by keyboard."""
    person.menu("Activity")
    dialog = person.page.get_by_role("dialog", name="Activity")
    expect(dialog).to_be_visible()
    return dialog


def test_activity_shows_events_page_by_page(ada: Person, grace: Person, shared: str) -> None:
    """The owner sees all events, with exact times; the other writer all but sharing events."""
    grace.open(shared)
    grace.write("What I think")
    expect(grace.chip).to_have_text("Saved")
    path = f"documents/{shared}/activity/"
    eventually(lambda: "edited" in str(ada.api("GET", path)), 30)
    for number in range(30):
        ada.api("PATCH", f"documents/{shared}/", title=f"Title {number}")
    ada.open(shared)
    dialog = open_dialog(ada)
    rows = dialog.get_by_role("listitem")
    expect(rows).to_have_count(30)
    renamed = rows.filter(has_text="renamed “Title 28” to “Title 29”")
    expect(renamed).to_contain_text("Ada Lovelace (you)")
    expect(renamed.locator("time")).to_have_attribute("data-tooltip", re.compile(r"\d{4}"))
    dialog.get_by_role("button", name="Load more").press("Enter")
    expect(rows.nth(30)).to_be_focused()
    expect(rows.nth(30)).to_be_in_viewport()
    expect(dialog.get_by_role("button", name="Close")).to_be_in_viewport(ratio=1)
    expect(rows.filter(has_text=re.compile("Grace Hopper (is writing|wrote): "))).to_have_count(1)
    for words in ("made Grace Hopper an editor", "Grace Hopper opened", "created the document"):
        expect(rows.filter(has_text=words)).to_have_count(1)
    expect(dialog.get_by_role("button", name="Load more")).to_be_hidden()
    ada.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    dialog = open_dialog(grace)
    dialog.get_by_role("button", name="Load more").click()
    expect(dialog.get_by_text("created the document")).to_be_visible()
    expect(dialog.get_by_text("made Grace Hopper an editor")).to_have_count(0)


def test_activity_row_opens_its_moment_in_the_history(
    ada: Person, grace: Person, shared: str
) -> None:
    """Of writing; other events have no button. The history names the document."""
    grace.open(shared)
    grace.insert("First")
    expect(grace.chip).to_have_text("Saved")
    ada.open(shared)
    ada.insert("Second")
    expect(ada.chip).to_have_text("Saved")
    path = f"documents/{shared}/activity/"
    eventually(lambda: str(ada.api("GET", path)).count("edited") == 2, 30)
    [first] = [
        event["detail"]["last_seq"]
        for event in ada.activity(shared)
        if event["kind"] == "edited" and event["actor"]["username"] == "grace"
    ]
    dialog = open_dialog(ada)
    shows = dialog.get_by_role("button", name="Show in the history")
    expect(shows).to_have_count(2)
    dialog.get_by_role("button", name="Show in the history: Grace Hopper").click()
    expect(dialog).to_have_count(0)
    history = ada.page.get_by_role("dialog", name="History Shared")
    expect(history.get_by_role("slider")).to_have_js_property("value", str(first))
    expect(history.locator(".history-sheet .prose")).to_have_text("First")


def test_activity_that_cannot_be_loaded_shows_a_message_and_is_retried_on_a_phone(
    arrive: Arrive,
) -> None:
    """Unreachable, then empty, then loaded; no element is wider than the screen."""
    ada = arrive("ada", viewport=PHONE, has_touch=True, is_mobile=True)
    ada.expects_network_noise = True
    document_id = ada.create("A rather long title that has to be broken on a phone")
    ada.open(document_id)
    ada.page.route("**/activity/*", lambda route: route.abort())
    dialog = open_dialog(ada)
    expect(dialog.get_by_text("The server cannot be reached")).to_be_visible()
    ada.page.unroute("**/activity/*")
    dialog.get_by_role("button", name="Try again").click()
    expect(dialog.get_by_text("created the document")).to_be_visible()
    assert ada.page.evaluate(FITS)
    dialog.get_by_role("button", name="Close").click()
    nothing: dict[str, Any] = {"results": [], "next": None}
    ada.page.route("**/activity/*", lambda route: route.fulfill(json=nothing))
    expect(open_dialog(ada).get_by_text("Nothing yet")).to_be_visible()
