"""The history dialog: any state, its authors, named versions, and restore."""

import re
from typing import Any

from playwright.sync_api import Locator, Route, WebSocketRoute, expect

from tests.e2e.people import RECENTLY, Person
from tests.support.compacted import OLD, compacted_document
from tests.support.eventually import eventually
from tests.support.launcher import Launched


def open_history(person: Person) -> Locator:
    """Open the dialog by keyboard."""
    person.page.get_by_role("button", name="History").press("Enter")
    dialog = person.page.get_by_role("dialog", name="History")
    expect(dialog).to_be_visible()
    return dialog


def preview(dialog: Locator) -> Locator:
    """Return the text of the shown state."""
    return dialog.locator(".history-sheet .prose")


def position(dialog: Locator) -> Locator:
    """Return the dialog's description of the shown state."""
    return dialog.locator(".history-position")


def test_named_state_is_shown_restored_and_the_restore_undone(
    ada: Person, grace: Person, shared: str
) -> None:
    """One restores while the other types: no typed text is lost, and undo reverts the restore."""
    ada.open(shared)
    grace.open(shared)
    ada.write("First thoughts.")
    expect(ada.chip).to_have_text("Saved")
    dialog = open_history(ada)
    dialog.get_by_label("Name of this version").fill("Draft")
    dialog.get_by_role("button", name="Name this version").click()
    expect(dialog.get_by_role("button", name="Draft")).to_be_visible()
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
    expect(dialog.get_by_label("Name of this version")).to_have_value("Draft")
    grace.goes_to(0)
    grace.page.keyboard.type("Meanwhile: ")
    ada.sees("Meanwhile: First thoughts. And much that was too much.")
    expect(dialog.get_by_role("button", name=re.compile("Show .* new changes?"))).to_be_visible()
    expect(preview(dialog)).to_have_text("First thoughts.")
    dialog.get_by_role("button", name="Restore this").click()
    expect(preview(dialog)).to_have_text("Meanwhile: First thoughts.")
    expect(dialog.get_by_text("with what others have written meanwhile")).to_be_visible()
    dialog.get_by_role("button", name="Cancel").press("Enter")
    expect(preview(dialog)).to_have_text("First thoughts.")
    dialog.get_by_role("button", name="Restore this").click()
    confirm = dialog.get_by_role("button", name="Restore", exact=True)
    expect(confirm).to_be_focused()
    confirm.press("Enter")
    expect(dialog).to_have_count(0)
    for person in (ada, grace):
        person.sees("Meanwhile: First thoughts.")
    ada.text.focus()
    ada.page.keyboard.press("Control+z")
    for person in (ada, grace):
        person.sees("Meanwhile: First thoughts. And much that was too much.")
    expect(ada.chip).to_have_text("Saved")
    [event] = [row for row in ada.activity(shared) if row["kind"] == "restored"]
    assert event["actor"]["username"] == "ada"
    assert not event["detail"]["part"]
    dialog = open_history(ada)
    restored = f"Ada Lovelace restored change {event['detail']['seq']}"
    dialog.get_by_role("button", name=restored).click()
    expect(preview(dialog)).to_have_text("Meanwhile: First thoughts.")


def test_address_of_a_state_opens_it(ada: Person) -> None:
    """With its authors and its time."""
    document_id = ada.create("Steps")
    ada.open(document_id)
    for word in ("one ", "two ", "three "):
        ada.insert(word)
        expect(ada.chip).to_have_text("Saved")
    head = int(ada.api("GET", f"documents/{document_id}/")["seq"])
    assert head >= 3
    ada.page.goto(f"/documents/{document_id}/#at=1")
    ada.page.reload()
    dialog = ada.page.get_by_role("dialog", name="History")
    expect(position(dialog)).to_contain_text(f"change 1 of {head}")
    expect(position(dialog)).to_contain_text(re.compile(f"Ada Lovelace, {RECENTLY}"))
    expect(preview(dialog)).to_contain_text("one")
    expect(preview(dialog)).not_to_contain_text("three")


def test_slider_begins_at_the_compaction_point(ada: Person, stack: Launched) -> None:
    """Earlier states are in the list if they have a version."""
    document_id, operations = compacted_document(stack)
    ada.open(document_id)
    dialog = open_history(ada)
    slider = dialog.get_by_role("slider", name="Position in the history")
    expect(slider).to_have_js_property("value", str(OLD + 1))
    slider.press("Home")
    expect(position(dialog)).to_contain_text(f"of {len(operations):,}")
    expect(slider).to_have_js_property("value", str(OLD))
    expect(preview(dialog)).to_be_visible()
    slider.press("ArrowLeft")
    expect(slider).to_have_js_property("value", str(OLD))


def test_restore_without_a_connection_arrives_later_and_offers_no_undo(ada: Person) -> None:
    """The server makes the edit; the page cannot undo an edit that it has not received."""
    document_id = ada.create("Cut off")
    ada.expects_network_noise = True
    sockets: list[WebSocketRoute] = []
    is_down = False

    def connect(socket: WebSocketRoute) -> None:
        if is_down:
            socket.close(code=1013)
            return
        socket.connect_to_server()
        sockets.append(socket)

    ada.page.route_web_socket(re.compile("/ws/documents/"), connect)
    ada.open(document_id)
    for word in ("One", " two"):
        ada.insert(word)
        expect(ada.chip).to_have_text("Saved")
    dialog = open_history(ada)
    slider = dialog.get_by_role("slider", name="Position in the history")
    expect(slider).not_to_have_js_property("value", "0")
    slider.press("ArrowLeft")
    expect(preview(dialog)).to_have_text("One")
    dialog.get_by_role("button", name="Restore this").click()
    confirm = dialog.get_by_role("button", name="Restore", exact=True)
    expect(confirm).to_be_focused()
    is_down = True
    sockets[-1].close(code=1013)
    expect(ada.chip).not_to_have_text("Saved")
    confirm.press("Enter")
    expect(ada.page.get_by_text("The version is restored.", exact=True)).to_be_visible()
    is_down = False
    ada.sees("One")
    assert [row["kind"] for row in ada.activity(document_id)].count("restored") == 1


def test_any_state_is_named_renamed_and_loses_its_name(ada: Person) -> None:
    """By keyboard; a typed name stays in its field while another state is shown."""
    document_id = ada.create("Names")
    ada.open(document_id)
    for word in ("One", " two", " three"):
        ada.write(word)
        expect(ada.chip).to_have_text("Saved")
    dialog = open_history(ada)
    slider = dialog.get_by_role("slider", name="Position in the history")
    expect(slider).not_to_have_js_property("value", "0")
    name = dialog.get_by_label("Name of this version")
    name.fill("Dra")
    slider.press("ArrowLeft")
    slider.press("ArrowLeft")
    there = int(slider.input_value())
    # The message of the state comes first, and the one of the name after it.
    expect(dialog.get_by_role("status").filter(has_text=f"change {there} of")).to_have_count(1)
    expect(name).to_have_value("Dra")
    name.press("End")
    name.press_sequentially("ft")
    name.press("Enter")
    mark = dialog.locator(".history-mark")
    expect(mark).to_have_text("Draft")
    [version] = ada.api("GET", f"documents/{document_id}/versions/?named=true")["results"]
    assert (version["seq"], version["name"]) == (there, "Draft")
    expect(name).to_be_focused()
    name.fill("First draft")
    name.press("Enter")
    expect(mark).to_have_text("First draft")
    expect(dialog.get_by_text("This version is now called “First draft”.")).to_be_attached()
    slider.press("End")
    expect(name).to_have_value("")
    expect(dialog.get_by_role("button", name="Name this version")).to_be_visible()
    mark.click()
    expect(name).to_have_value("First draft")
    dialog.get_by_role("button", name="Remove the name").press("Enter")
    expect(mark).to_have_count(0)
    expect(name).to_have_value("")
    expect(name).to_be_focused()
    assert ada.api("GET", f"documents/{document_id}/versions/?named=true")["results"] == []


def test_state_that_is_chosen_before_the_log_is_loaded_is_shown_later(ada: Person) -> None:
    """The list may load first; the page waits for the log."""
    document_id = ada.create("Slow")
    ada.open(document_id)
    ada.write("One")
    expect(ada.chip).to_have_text("Saved")
    ada.api("POST", f"documents/{document_id}/versions/", name="Draft")
    ada.write(" two")
    expect(ada.chip).to_have_text("Saved")
    held: list[Route] = []
    ada.page.route(re.compile(r"/operations/\?limit=1$"), lambda route: held.append(route))  # noqa: PLW0108 - not a built-in
    dialog = open_history(ada)
    dialog.get_by_role("button", name="Draft").click()
    # Each call on the page lets the driver handle its requests.
    eventually(lambda: ada.page.title() and held)
    held[0].continue_()
    expect(preview(dialog)).to_have_text("One")


def test_owner_changes_retention_after_a_warning(ada: Person, grace: Person) -> None:
    """By keyboard; longer retention needs no confirmation, and invalid values are refused."""
    document_id = ada.create("Kept")
    ada.share(document_id, "grace", "editor")
    path = f"documents/{document_id}/history-settings/"
    ada.open(document_id)
    ada.write("Words")
    expect(ada.chip).to_have_text("Saved")
    open_history(ada).get_by_role("button", name="Retention settings…").press("Enter")
    dialog = ada.page.get_by_role("dialog", name="Retention settings")
    log = dialog.get_by_role("group", name="Changes")
    versions = dialog.locator("fieldset").nth(1)
    save = dialog.get_by_role("button", name="Save")
    expect(log.get_by_label("What the server keeps by default")).to_be_checked()
    expect(versions).to_be_hidden()
    age = log.get_by_label("Delete changes older than, in days")
    expect(age).to_be_disabled()
    log.get_by_label("What the server keeps by default").press("ArrowDown")
    expect(log.get_by_label("Delete changes", exact=True)).to_be_checked()
    age.fill("90")
    age.press("Enter")
    expect(dialog.get_by_text("Changes older than 90 days are deleted")).to_be_visible()
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    ada.page.keyboard.press("Enter")
    expect(save).to_be_focused()
    assert ada.api("GET", path)["compact_after_days"] is None
    save.press("Enter")
    dialog.get_by_role("button", name="Delete").press("Enter")
    expect(dialog).to_have_count(0)
    assert ada.api("GET", path)["compact_after_days"] == 90
    ada.page.get_by_role("button", name="Retention settings…").click()
    expect(age).to_have_value("90")
    dialog.get_by_text("Versions without a name").first.click()
    versions.get_by_label("The following, and one per week permanently").check()
    hourly = versions.get_by_label("then one per hour, up to, in days")
    expect(hourly).to_have_value("7")
    hourly.fill("60")
    ada.expects_network_noise = True
    save.click()
    expect(dialog.get_by_text("three ages in seconds that rise")).to_be_visible()
    versions.get_by_label("then one per day, up to, in days").fill("60")
    save.click()
    expect(dialog).to_have_count(0)
    day = 24 * 60 * 60
    kept = {"all_s": day, "hourly_s": 60 * day, "daily_s": 60 * day}
    assert ada.api("GET", path)["keep"] == kept
    grace.open(document_id)
    dialog = open_history(grace)
    expect(dialog.get_by_role("button", name="Retention settings…")).to_be_hidden()


def test_sessions_show_how_many_characters_were_added_and_removed(ada: Person) -> None:
    """Once they are counted; as signs and as words for screen readers."""
    ada.open(ada.create("Letters"))
    ada.write("Twelve more.")
    expect(ada.chip).to_have_text("Saved")
    ada.page.keyboard.press("Backspace")
    expect(ada.chip).to_have_text("Saved")
    dialog = open_history(ada)
    row = dialog.get_by_role("button", name="12 characters added, 1 removed")
    expect(row).to_contain_text("+12 −1")


def test_viewer_reads_the_history_and_changes_nothing(ada: Person, grace: Person) -> None:
    """No names and no restore."""
    document_id = ada.create("Read only")
    ada.share(document_id, "grace", "viewer")
    ada.open(document_id)
    ada.write("Words")
    expect(ada.chip).to_have_text("Saved")
    grace.open(document_id, status="Read-only")
    dialog = open_history(grace)
    expect(preview(dialog)).to_have_text("Words")
    expect(dialog.get_by_role("button", name="Ada Lovelace")).to_be_visible()
    expect(dialog.get_by_role("button", name="Restore this")).to_be_hidden()
    expect(dialog.get_by_label("Name of this version")).to_be_hidden()


def test_history_that_cannot_be_loaded_shows_a_message(ada: Person) -> None:
    """List and state separately; both can be retried."""
    document_id = ada.create("Away")
    ada.open(document_id)
    ada.write("Words")
    expect(ada.chip).to_have_text("Saved")
    ada.expects_network_noise = True
    pattern = re.compile(r"/(writing-sessions|operations/stream)/")
    ada.page.route(pattern, lambda route: route.abort())
    dialog = open_history(ada)
    problem = dialog.get_by_role("alert")
    expect(problem).to_contain_text("The server cannot be reached")
    side = dialog.locator(".history-side")
    expect(side.get_by_text("The server cannot be reached")).to_be_visible()
    ada.page.unroute(pattern)
    side.get_by_role("button", name="Try again").click()
    expect(dialog.get_by_role("button", name="Ada Lovelace")).to_be_visible()
    problem.get_by_role("button", name="Try again").click()
    expect(problem).to_be_hidden()
    expect(position(dialog)).to_contain_text("Now · Ada Lovelace")
    fits: Any = ada.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert fits


def test_document_without_an_edit_shows_a_message_until_there_is_one(
    ada: Person, grace: Person, shared: str
) -> None:
    """The history appears with the first edit."""
    ada.open(shared)
    grace.open(shared)
    dialog = open_history(ada)
    expect(dialog.get_by_text("Nothing has been written yet")).to_be_visible()
    expect(dialog.get_by_role("slider")).to_be_hidden()
    grace.insert("First words")
    expect(preview(dialog)).to_have_text("First words")
    expect(dialog.get_by_role("slider")).to_be_visible()
