"""Conflicts of two edits at one time, on pages that have made neither of them."""

from playwright.sync_api import expect

from tests.e2e.conftest import Arrive
from tests.e2e.people import Person
from tests.e2e.test_authors import own_id
from tests.e2e.test_history import open_history
from tests.e2e.test_move_conflicts import authors, opened_and_offline
from tests.support.eventually import eventually


def doubled(ada: Person, grace: Person, document_id: str) -> None:
    """Ada and Grace, each without a connection, split a line and make it a heading.

    Grace's page removes the second copy, and she brings it back; both go.
    """
    opened_and_offline(ada, grace, document_id)
    ada.goes_to(5)
    ada.page.keyboard.press("Enter")
    grace.goes_to(3)
    grace.page.keyboard.press("Control+Alt+2")
    for person in (ada, grace):
        person.has_kept_offline()
    ada.context.set_offline(False)
    expect(ada.chip).to_have_text("Saved")
    ada.page.goto("/")
    grace.context.set_offline(False)
    grace.page.get_by_role("button", name="Bring it back").click()
    grace.sees("hello world\n world")
    expect(grace.chip).to_have_text("Saved")
    grace.page.goto("/")


def test_third_person_ends_what_two_others_left(
    ada: Person, grace: Person, shared: str, arrive: Arrive
) -> None:
    """Both have gone; who opens the document is told who did what, and one key ends it."""
    doubled(ada, grace, shared)
    ada.share(shared, "alan", "editor")
    alan = arrive("alan")
    alan.open(shared)
    message = alan.page.get_by_text("“ world” came twice, because")
    expect(message).to_contain_text("Ada")
    expect(message).to_contain_text("Grace")
    alan.page.get_by_role("button", name="Keep one copy").click()
    eventually(lambda: alan.shown_text().split() == ["hello", "world"])
    expect(alan.chip).to_have_text("Saved")
    assert {author for text, author in authors(ada, shared) if text} == {own_id(ada)}
    assert ada.api("GET", f"documents/{shared}/move-conflicts/")["results"] == []
    alan.page.keyboard.press("Control+z")
    eventually(lambda: alan.shown_text().count("world") == 2)


def test_closed_message_does_not_come_back_and_the_history_has_the_conflict(
    ada: Person, grace: Person, shared: str, arrive: Arrive
) -> None:
    """A reader sees it in the history alone; a writer can end it there."""
    doubled(ada, grace, shared)
    ada.share(shared, "alan", "viewer")
    ada.open(shared)
    ada.page.get_by_role("button", name="Close this message").click()
    alan = arrive("alan")
    alan.open(shared, status="Read-only")
    history = open_history(alan)
    history.get_by_role("tab", name="Lost or doubled text").click()
    row = history.get_by_role("listitem").filter(has_text="This came twice.")
    expect(row).to_contain_text("Ada")
    expect(row).to_contain_text("Grace")
    expect(row.get_by_role("button")).to_have_count(0)
    with ada.page.expect_response(lambda answer: answer.url.endswith("/move-conflicts/")):
        ada.page.reload()
    expect(ada.chip).to_have_text("Saved")
    expect(ada.page.get_by_role("button", name="Close this message")).to_have_count(0)
    history = open_history(ada)
    history.get_by_role("tab", name="Lost or doubled text").click()
    history.get_by_role("button", name="Keep one copy").click()
    alan.sees("hello\n world")
    expect(ada.chip).to_have_text("Saved")
