"""Changes in the history: by author, restore of a deleted part, undo of one person."""

import re

from playwright.sync_api import Route, expect

from tests.e2e.people import RECENTLY, Person
from tests.e2e.test_history import open_history, preview


def write_together(ada: Person, grace: Person, document_id: str) -> int:
    """Let ada write, then grace delete and add; return the seq between the two."""
    ada.open(document_id)
    grace.open(document_id)
    ada.write("One two three.")
    ada.page.keyboard.press("Enter")
    ada.page.keyboard.type("Second paragraph.")
    expect(ada.chip).to_have_text("Saved")
    grace.sees("One two three.\nSecond paragraph.")
    between = int(ada.api("GET", f"documents/{document_id}/")["seq"])
    grace.goes_to(0)
    for _ in range(4):
        grace.page.keyboard.press("Delete")
    grace.page.keyboard.type("NEW ")
    grace.goes_to_end()
    for _ in range(len("Second paragraph.") + 1):
        grace.page.keyboard.press("Backspace")
    expect(grace.chip).to_have_text("Saved")
    ada.sees("NEW two three.")
    expect(ada.text.locator("p")).to_have_count(1)
    return between


def test_changes_are_shown_with_authors_and_a_deleted_paragraph_is_restored(
    ada: Person, grace: Person, shared: str
) -> None:
    """It is at its old position, for both; and one undo removes it."""
    between = write_together(ada, grace, shared)
    ada.page.goto(f"/documents/{shared}/#at={between}")
    ada.page.reload()
    dialog = ada.page.get_by_role("dialog", name="History")
    expect(preview(dialog)).to_contain_text("Second paragraph.")
    dialog.get_by_role("tab", name="Later changes").click()
    changes = dialog.get_by_role("tabpanel", name="Later changes")
    expect(changes.locator("ins")).to_have_text("NEW ")
    title = re.compile(f"^Grace Hopper added this, {RECENTLY}$")
    expect(changes.locator("ins")).to_have_attribute("data-tooltip", title)
    expect(changes.locator("del").first).to_have_text("One ")
    expect(changes.locator("p.diff-delete")).to_contain_text("Second paragraph.")
    expect(changes.get_by_role("list", name="Colours")).to_have_text("Grace Hopper")
    expect(dialog.get_by_text("1 word added, 3 words removed by Grace Hopper.")).to_be_visible()
    expect(ada.chip).to_have_text("Saved")
    dialog.get_by_role("button", name="Restore “Second paragraph.”").press("Enter")
    said = ada.page.get_by_text("The part is restored. You can undo this.")
    expect(said).to_be_visible()
    for person in (ada, grace):
        person.sees("NEW two three.\nSecond paragraph.")
    ada.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    ada.text.focus()
    ada.page.keyboard.press("Control+z")
    for person in (ada, grace):
        person.sees("NEW two three.")
    [detail] = [row["detail"] for row in ada.activity(shared) if row["kind"] == "restored"]
    assert (detail["seq"], detail["part"]) == (between, True)
    dialog = open_history(ada)
    restored = f"Ada Lovelace restored a part of change {between}"
    expect(dialog.get_by_role("button", name=restored)).to_be_visible()


def test_session_shows_its_changes_and_steps_through_them(ada: Person) -> None:
    """From the first to the last, by buttons."""
    document_id = ada.create("Steps")
    ada.open(document_id)
    ada.write("Words")
    expect(ada.chip).to_have_text("Saved")
    dialog = open_history(ada)
    expect(preview(dialog)).to_have_text("Words")
    dialog.get_by_role("tab", name="Session changes").click()
    changes = dialog.get_by_role("tabpanel", name="Session changes")
    expect(changes.locator("p.diff-insert ins")).to_have_text("Words")
    dialog.get_by_role("button", name="Next change").click()
    expect(changes.locator(".is-here")).to_have_count(1)
    expect(dialog.get_by_text(re.compile(r"^1 of \d+: .+ (added|removed|wrote) "))).to_be_visible()
    dialog.get_by_role("tab", name="Later changes").click()
    expect(dialog.get_by_text("Nothing changed.")).to_be_visible()
    for name in ("Later changes", "Lost or doubled text", "The text"):
        dialog.get_by_role("tab", name=name).click()
        expect(dialog.get_by_role("tabpanel", name=name, exact=True)).to_be_visible()
        expect(dialog.get_by_role("tabpanel")).to_have_count(1)
    expect(preview(dialog)).to_be_visible()


def test_views_are_tabs_and_the_slider_has_a_tick_per_session(ada: Person) -> None:
    """The arrow keys select; text and changes have one measure; the tick has the session's hour."""
    document_id = ada.create("Tabs")
    ada.open(document_id)
    ada.write("Words")
    expect(ada.chip).to_have_text("Saved")
    dialog = open_history(ada)
    views = dialog.get_by_role("tablist", name="What to show")
    expect(views.get_by_role("tab", selected=True)).to_have_text("The text")
    left = preview(dialog).bounding_box()
    views.get_by_role("tab", name="The text").press("ArrowRight")
    selected = views.get_by_role("tab", selected=True)
    expect(selected).to_have_text("Session changes")
    expect(selected).to_be_focused()
    expect(views.locator("[tabindex='0']")).to_have_count(1)
    changed = dialog.locator(".history-changes .prose")
    expect(changed).to_contain_text("Words")
    right = changed.bounding_box()
    assert left
    assert right
    assert (left["x"], left["width"]) == (right["x"], right["width"])
    ticks = dialog.locator(".history-tick")
    expect(ticks).to_have_count(1)
    expect(ticks).to_have_text(re.compile(r"^\d\d:\d\d$"))
    selected.press("Home")
    expect(preview(dialog)).to_be_visible()


def test_session_is_shown_whole_once_the_list_is_loaded(ada: Person) -> None:
    """The log may load before the list: until then, only one change is known."""
    document_id = ada.create("Slow")
    ada.open(document_id)
    for word in ("One", " two"):
        ada.insert(word)
        expect(ada.chip).to_have_text("Saved")
    held: list[Route] = []
    ada.page.route("**/writing-sessions/*", lambda route: held.append(route))  # noqa: PLW0108 - not a built-in
    dialog = open_history(ada)
    expect(preview(dialog)).to_have_text("One two")
    dialog.get_by_role("tab", name="Session changes").click()
    changes = dialog.get_by_role("tabpanel", name="Session changes")
    expect(changes.locator("ins")).to_have_text(" two")
    for route in held:
        route.continue_()
    ada.page.unroute("**/writing-sessions/*")
    expect(changes.locator("ins")).to_have_text("One two")


def test_owner_undoes_the_edits_of_one_person_since_a_state(
    ada: Person, grace: Person, shared: str
) -> None:
    """After a preview; the owner's own edits stay, and one undo reverts it."""
    between = write_together(ada, grace, shared)
    ada.write(" Ada goes on.")
    grace.sees("NEW two three. Ada goes on.")
    expect(ada.chip).to_have_text("Saved")
    dialog = open_history(ada)
    slider = dialog.get_by_role("slider", name="Position in the history")
    expect(slider).not_to_have_js_property("value", "0")
    slider.fill(str(between))
    dialog.get_by_role("button", name="Undo someone’s changes").press("Enter")
    people = ada.page.get_by_role("dialog", name="Undo the changes of").get_by_role("button")
    expect(people.filter(has_text=re.compile("Ada|Grace"))).to_have_count(2)
    people.filter(has_text="Grace Hopper").click()
    expect(dialog.get_by_text(re.compile("without the changes by .* since then"))).to_be_visible()
    expect(preview(dialog)).to_contain_text("One two three.")
    expect(preview(dialog)).to_contain_text("Second paragraph.")
    dialog.get_by_role("button", name="Undo the changes", exact=True).click()
    expect(dialog).to_have_count(0)
    for person in (ada, grace):
        person.finds("One two three.")
        person.finds("Second paragraph.")
        person.finds("Ada goes on.")
    assert "NEW" not in grace.shown_text()
    ada.text.focus()
    ada.page.keyboard.press("Control+z")
    for person in (ada, grace):
        person.sees("NEW two three. Ada goes on.")
    [detail] = [row["detail"] for row in ada.activity(shared) if row["kind"] == "undid"]
    assert (detail["author"]["username"], detail["after_seq"]) == ("grace", between)


def test_only_an_owner_is_offered_to_undo_others(ada: Person, grace: Person, shared: str) -> None:
    """An editor has no button."""
    ada.open(shared)
    ada.write("Words")
    expect(ada.chip).to_have_text("Saved")
    grace.open(shared)
    dialog = open_history(grace)
    expect(preview(dialog)).to_have_text("Words")
    expect(dialog.get_by_text("Undo someone’s changes")).to_be_hidden()
