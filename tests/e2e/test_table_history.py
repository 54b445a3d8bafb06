"""Tables in the history: what changed in which cell and by whom; colours of authors in cells."""

import re

from playwright.sync_api import expect

from tests.e2e.people import RECENTLY, Person
from tests.e2e.test_authors import own_id, until_written
from tests.e2e.test_history import open_history, preview
from tests.e2e.test_tables import choose, make_table, rows_of
from tests.support.eventually import eventually


def test_changes_of_cells_are_shown_with_authors_and_a_row_is_restored(
    ada: Person, grace: Person, shared: str
) -> None:
    """By cell: a word, a new row, a deleted row, which comes back for both."""
    ada.open(shared)
    ada.text.click()
    make_table(ada)
    for word in ("one two", "b", "c", "gone", "with", "words"):
        ada.page.keyboard.type(word)
        ada.page.keyboard.press("Tab")
    expect(ada.chip).to_have_text("Saved")
    grace.open(shared)
    expect(grace.text.locator("td, th")).to_have_count(9)
    between = ada.api("GET", f"documents/{shared}/")["seq"]
    grace.text.get_by_text("one two").click()
    grace.page.keyboard.press("Home")
    grace.page.keyboard.type("GRACE ")
    grace.text.get_by_text("gone").click()
    choose(grace, "Delete row")
    grace.text.locator("td").first.click()
    choose(grace, "Add row below")
    grace.page.keyboard.press("ArrowDown")
    grace.page.keyboard.type("new cell")
    expect(grace.chip).to_have_text("Saved")
    eventually(lambda: rows_of(ada) == rows_of(grace))

    ada.page.goto(f"/documents/{shared}/#at={between}")
    ada.page.reload()
    dialog = ada.page.get_by_role("dialog", name="History")
    expect(preview(dialog).locator("td, th")).to_have_count(9)
    dialog.get_by_role("tab", name="Later changes").click()
    changes = dialog.get_by_role("tabpanel", name="Later changes")
    added = changes.locator("th ins")
    expect(added).to_have_text("GRACE ")
    by_grace = re.compile(f"^Grace Hopper added this, {RECENTLY}$")
    expect(added).to_have_attribute("data-tooltip", by_grace)
    expect(changes.locator("tr.diff-insert ins")).to_have_text("new cell")
    gone = changes.locator("tr.diff-delete")
    expect(gone.locator("td")).to_have_count(3)
    expect(gone.locator("del")).to_have_text(["gone", "with", "words"])
    expect(changes.get_by_role("list", name="Colours")).to_have_text("Grace Hopper")
    dialog.get_by_role("button", name="Restore “gone with words”").press("Enter")
    expect(ada.page.get_by_text("The part is restored. You can undo this.")).to_be_visible()
    eventually(lambda: ["gone", "with", "words"] in rows_of(grace))
    assert rows_of(ada) == rows_of(grace)
    assert [len(row) for row in rows_of(ada)] == [3, 3, 3, 3]
    ada.page.keyboard.press("Escape")
    ada.text.focus()
    ada.page.keyboard.press("Control+z")
    eventually(lambda: ["gone", "with", "words"] not in rows_of(grace))


def test_colours_and_sessions_tell_who_wrote_which_cell(
    ada: Person, grace: Person, shared: str
) -> None:
    """Within one cell, too; the server names the same people."""
    ada.open(shared)
    ada.text.click()
    make_table(ada)
    ada.page.keyboard.type("both")
    expect(ada.chip).to_have_text("Saved")
    grace.open(shared)
    grace.text.locator("td").first.click()
    grace.page.keyboard.type("hers")
    grace.text.get_by_text("both").click()
    grace.page.keyboard.press("End")
    grace.page.keyboard.type("!")
    expect(grace.chip).to_have_text("Saved")
    ada.finds("both!")
    ada.page.keyboard.press("Control+Alt+a")
    one, other = own_id(ada), own_id(grace)
    until_written(ada, [("both", one), ("!hers", other)])
    pieces = ada.api("GET", f"documents/{shared}/authorship/")["pieces"]
    words = {
        author: "".join(one["text"] for one in pieces if str(one["author"]["id"]) == author).strip()
        for author in (one, other)
    }
    assert words == {one: "both", other: "!hers"}
    dialog = open_history(ada)
    dialog.get_by_role("tab", name="Session changes").click()
    expect(dialog.locator("ins").get_by_text("hers")).to_be_visible()
