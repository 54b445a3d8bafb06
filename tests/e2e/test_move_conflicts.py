"""Text that stands twice or at another place because two edited one paragraph at the same time."""

from playwright.sync_api import expect

from tests.e2e.people import Person
from tests.e2e.test_authors import own_id
from tests.support.eventually import eventually


def authors(person: Person, document_id: str) -> list[tuple[str, str]]:
    """Return the document's text with the author of each piece, as the server has it."""
    pieces = person.api("GET", f"documents/{document_id}/authorship/")["pieces"]
    return [(piece["text"].strip(), str(piece["author"]["id"])) for piece in pieces]


def opened_and_offline(ada: Person, grace: Person, document_id: str) -> None:
    """Ada's line is on both pages, and both are offline."""
    ada.open(document_id)
    grace.open(document_id)
    ada.write("hello world")
    grace.sees("hello world")
    expect(ada.chip).to_have_text("Saved")
    for person in (ada, grace):
        person.expects_network_noise = True
        person.goes_offline()


def test_letters_of_a_paragraph_that_two_split_stand_once(
    ada: Person, grace: Person, shared: str
) -> None:
    """They are their first writer's still, and the second copy can be brought back."""
    opened_and_offline(ada, grace, shared)
    for person, place in ((ada, 5), (grace, 8)):
        person.goes_to(place)
        person.page.keyboard.press("Enter")
        person.has_kept_offline()
        person.context.set_offline(False)
        if person is ada:
            expect(ada.chip).to_have_text("Saved")
    message = grace.page.get_by_text("“rld” came twice, because")
    expect(message).to_contain_text("One copy was removed.")
    # The order of two new paragraphs depends on the ids of the pages.
    clean = {"hello\n wo\nrld", "hello\n world"}
    eventually(lambda: {ada.shown_text(), grace.shown_text()} <= clean)
    eventually(lambda: ada.shown_text() == grace.shown_text())
    eventually(lambda: "".join(ada.exported(shared).split()) == "helloworld")
    assert {author for text, author in authors(ada, shared) if text} == {own_id(ada)}
    grace.page.get_by_role("button", name="Bring it back").click()
    eventually(lambda: [who.shown_text().count("rld") for who in (ada, grace)] == [2, 2])
    expect(ada.chip).to_have_text("Saved")


def test_letters_typed_behind_a_split_go_back_with_one_key(
    ada: Person, grace: Person, shared: str
) -> None:
    """To the end of the second half, as their writer's; one undo reverts it."""
    opened_and_offline(ada, grace, shared)
    grace.goes_to(11)
    grace.page.keyboard.insert_text("!!")
    grace.has_kept_offline()
    ada.context.set_offline(False)
    ada.goes_to(5)
    ada.page.keyboard.press("Enter")
    expect(ada.chip).to_have_text("Saved")
    grace.context.set_offline(False)
    for person in (ada, grace):
        person.sees("hello!!\n world")
    expect(grace.page.get_by_text("“!!” is not where it was written")).to_be_visible()
    grace.page.get_by_role("button", name="Put it back").click()
    for person in (ada, grace):
        person.sees("hello\n world!!")
        # Nothing is offered for what is right again.
        expect(person.page.get_by_role("button", name="Put it back")).to_have_count(0)
        expect(person.chip).to_have_text("Saved")
    assert [author for text, author in authors(ada, shared) if text == "!!"] == [own_id(grace)]
    assert {author for text, author in authors(ada, shared) if text and text != "!!"} == {
        own_id(ada)
    }
    grace.page.keyboard.press("Control+z")
    ada.sees("hello!!\n world")
