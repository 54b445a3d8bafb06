"""The history dialog: any moment, named versions, and the way back."""

from typing import Any

from playwright.sync_api import Locator, expect

from tests.e2e.people import Person


def open_history(person: Person) -> Locator:
    """Open the dialog by keyboard."""
    person.page.get_by_role("button", name="History").press("Enter")
    dialog = person.page.get_by_role("dialog", name="History")
    expect(dialog).to_be_visible()
    return dialog


def preview(dialog: Locator) -> Locator:
    """Return the text at the moment that is shown."""
    return dialog.locator(".history-sheet .prose")


def test_named_moment_is_seen_again_restored_and_the_restore_undone(
    ada: Person, grace: Person, shared: str
) -> None:
    """One goes back while the other types: nothing of the typing is lost, and undo undoes it."""
    ada.open(shared)
    grace.open(shared)
    ada.write("First thoughts.")
    expect(ada.chip).to_have_text("Saved")
    dialog = open_history(ada)
    dialog.get_by_label("Name of this moment").fill("Draft")
    dialog.get_by_role("button", name="Keep").click()
    row = dialog.get_by_role("button", name="Draft")
    expect(row).to_contain_text("ada")
    ada.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    ada.write(" And much that was too much.")
    expect(ada.chip).to_have_text("Saved")
    grace.sees("First thoughts. And much that was too much.")
    dialog = open_history(ada)
    expect(dialog.get_by_role("button", name="Restore this")).to_be_disabled()
    expect(preview(dialog)).to_have_text("First thoughts. And much that was too much.")
    dialog.get_by_role("button", name="Draft").click()
    expect(preview(dialog)).to_have_text("First thoughts.")
    grace.text.focus()
    grace.page.keyboard.press("Control+Home")
    grace.page.keyboard.type("Meanwhile: ")
    dialog.get_by_role("button", name="Restore this").click()
    expect(dialog).to_have_count(0)
    for person in (ada, grace):
        person.sees("Meanwhile: First thoughts.")
    ada.text.focus()
    ada.page.keyboard.press("Control+z")
    for person in (ada, grace):
        person.sees("Meanwhile: First thoughts. And much that was too much.")
    expect(ada.chip).to_have_text("Saved")


def test_slider_shows_what_the_server_has_of_each_moment(ada: Person) -> None:
    """By keyboard; and the address of a moment opens there."""
    document_id = ada.create("Steps")
    ada.open(document_id)
    for word in ("one ", "two ", "three "):
        ada.write(word)
        expect(ada.chip).to_have_text("Saved")
    head = int(ada.api("GET", f"documents/{document_id}/")["seq"])
    assert head >= 3
    dialog = open_history(ada)
    slider = dialog.get_by_role("slider", name="Moment")
    expect(slider).to_have_js_property("value", str(head))
    slider.press("Home")
    expect(preview(dialog)).to_have_text("")
    expect(dialog.get_by_text(f"After change 0 of {head}")).to_be_visible()
    for _ in range(head):
        slider.press("ArrowRight")
    expect(preview(dialog)).to_have_text("one two three ")
    ada.page.goto(f"/documents/{document_id}/#at=1")
    ada.page.reload()
    dialog = ada.page.get_by_role("dialog", name="History")
    expect(dialog.get_by_text(f"After change 1 of {head}")).to_be_visible()
    expect(preview(dialog)).to_contain_text("one")


def test_viewer_looks_and_changes_nothing(ada: Person, grace: Person) -> None:
    """No name to give, no way back."""
    document_id = ada.create("Read only")
    ada.share(document_id, "grace", "viewer")
    ada.open(document_id)
    ada.write("Words")
    expect(ada.chip).to_have_text("Saved")
    grace.open(document_id, status="Read-only")
    dialog = open_history(grace)
    expect(preview(dialog)).to_have_text("Words")
    expect(dialog.get_by_role("button", name="Version 1")).to_be_visible()
    expect(dialog.get_by_role("button", name="Restore this")).to_be_hidden()
    expect(dialog.get_by_label("Name of this moment")).to_be_hidden()


def test_history_that_cannot_be_loaded_says_so(ada: Person) -> None:
    """And tries again."""
    document_id = ada.create("Away")
    ada.open(document_id)
    ada.expects_network_noise = True
    pattern = "**/versions/**"
    ada.page.route(pattern, lambda route: route.abort())
    dialog = open_history(ada)
    expect(dialog.get_by_text("The server cannot be reached")).to_be_visible()
    ada.page.unroute(pattern)
    dialog.get_by_role("button", name="Try again").click()
    expect(dialog.get_by_role("button", name="Version 1")).to_be_visible()
    fits: Any = ada.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert fits
