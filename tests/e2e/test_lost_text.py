"""A word that is written into a paragraph while somebody else deletes it."""

from playwright.sync_api import expect

from tests.e2e.people import Person
from tests.e2e.test_history import open_history


def loses_a_word(ada: Person, grace: Person, document_id: str) -> None:
    """Grace, without a connection, writes into a paragraph that Ada deletes."""
    ada.open(document_id)
    grace.open(document_id)
    ada.write("keep")
    ada.page.keyboard.press("Enter")
    ada.insert("plan text")
    ada.page.keyboard.press("Enter")
    ada.insert("end")
    grace.sees("keep\nplan text\nend")
    grace.expects_network_noise = True
    grace.goes_offline()
    grace.page.get_by_text("plan text").click()
    grace.page.keyboard.press("End")
    grace.page.keyboard.insert_text(" IMPORTANT")
    ada.page.get_by_text("plan text").click(click_count=3)
    ada.page.keyboard.press("Delete")
    ada.page.keyboard.press("Backspace")
    ada.sees("keep\nend")
    grace.context.set_offline(False)
    expect(grace.page.get_by_text("You wrote “IMPORTANT” into a paragraph")).to_be_visible()


def lost(person: Person, document_id: str) -> list[str]:
    """Return the text that was written into a deleted part, as the server lists it."""
    rows = person.api("GET", f"documents/{document_id}/deletions/")["results"]
    return [piece["text"] for row in rows for piece in row["written_into_deleted"]]


def important(person: Person, document_id: str) -> list[str]:
    """Return the authors of the word."""
    pieces = person.api("GET", f"documents/{document_id}/authorship/")["pieces"]
    return [piece["author"]["username"] for piece in pieces if "IMPORTANT" in piece["text"]]


def test_writer_is_told_and_keeps_the_word_as_a_new_paragraph(
    ada: Person, grace: Person, shared: str
) -> None:
    """At once when the deletion arrives; it stands where it stood, and nothing is lost."""
    loses_a_word(ada, grace, shared)
    grace.page.get_by_role("button", name="Keep it as a new paragraph").click()
    for person in (grace, ada):
        person.sees("keep\nIMPORTANT\nend")
    expect(grace.chip).to_have_text("Saved")
    assert lost(ada, shared) == []
    assert important(ada, shared) == ["grace"]
    grace.page.keyboard.press("Control+z")
    ada.sees("keep\nend")
    grace.page.keyboard.press("Control+y")
    ada.sees("keep\nIMPORTANT\nend")
    expect(grace.chip).to_have_text("Saved")
    assert important(ada, shared) == ["grace"]


def test_word_comes_back_from_the_history(ada: Person, grace: Person, shared: str) -> None:
    """At its place, as its writer's, whoever brings it back."""
    loses_a_word(ada, grace, shared)
    expect(grace.chip).to_have_text("Saved")
    assert lost(ada, shared) == [" IMPORTANT"]
    history = open_history(ada)
    history.get_by_role("tab", name="Lost or doubled text").click()
    expect(history.get_by_role("status").filter(has_text="1 text that went")).to_be_visible()
    expect(history.get_by_role("listitem").filter(has_text="IMPORTANT")).to_contain_text("Grace")
    history.get_by_role("button", name="Bring it back").click()
    expect(history.get_by_role("status").filter(has_text="No lost text")).to_be_visible()
    grace.sees("keep\n IMPORTANT\nend")
    assert important(ada, shared) == ["grace"]
