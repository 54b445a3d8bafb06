"""Colours by author: in the text, in the legend, on hover and at the caret."""

import re

from playwright.sync_api import expect

from tests.e2e.people import RECENTLY, Person
from tests.support.eventually import eventually


def written(person: Person) -> list[tuple[str, str]]:
    """Return ``(text, author's id)`` of the coloured text; adjacent parts of an author joined."""
    found: list[list[str]] = person.page.evaluate(
        "() => [...document.querySelectorAll('.prose .written')]"
        ".map((each) => [each.textContent, each.dataset.author])"
    )
    joined: list[tuple[str, str]] = []
    for text, author in found:
        if joined and joined[-1][1] == author:
            joined[-1] = (joined[-1][0] + text, author)
        else:
            joined.append((text, author))
    return joined


def until_written(person: Person, expected: list[tuple[str, str]]) -> None:
    """Wait until the coloured text is this."""
    eventually(lambda: written(person) == expected)


def own_id(person: Person) -> str:
    """Return a person's id."""
    return str(person.api("GET", "users/me/")["id"])


def test_colours_are_right_after_two_have_typed_inside_one_word(
    ada: Person, grace: Person, shared: str
) -> None:
    """At once, before and after the mode is switched on; the server returns the same."""
    ada.open(shared)
    grace.open(shared)
    ada.write("Incomprehensible")
    grace.sees("Incomprehensible")
    ada.page.keyboard.press("Control+Alt+a")
    legend = ada.page.get_by_role("complementary", name="Colours by author")
    expect(legend).to_contain_text("Ada Lovelace100%")
    grace.goes_to(5)
    ada.goes_to(0)
    for one, other in zip("ADA", "gra", strict=True):
        ada.page.keyboard.type(one)
        grace.page.keyboard.type(other)
    for person in (ada, grace):
        person.sees("ADAIncomgraprehensible")
        expect(person.chip).to_have_text("Saved")
    grace.menu("Colours by author")
    one, other = own_id(ada), own_id(grace)
    expected = [("ADAIncom", one), ("gra", other), ("prehensible", one)]
    for person in (ada, grace):
        expect(person.page.locator(f".written[data-author='{other}']")).to_have_text("gra")
        until_written(person, expected)
    pieces = ada.api("GET", f"documents/{shared}/authorship/")["pieces"]
    letters = "".join(
        ("a" if str(piece["author"]["id"]) == one else "g") * len(piece["text"]) for piece in pieces
    )
    assert letters == "a" * 8 + "g" * 3 + "a" * 11
    ada.page.locator(f".written[data-author='{other}']").hover()
    expect(ada.page.get_by_role("tooltip")).to_have_text(re.compile(f"^Grace Hopper, {RECENTLY}$"))
    expect(legend).to_contain_text(re.compile(f"At the caret: Ada Lovelace, {RECENTLY}"))
    ada.page.keyboard.press("Control+Alt+a")
    expect(legend).to_have_count(0)
    expect(ada.page.locator(".written")).to_have_count(0)


def test_authors_of_an_empty_document_and_without_a_server_show_a_message(ada: Person) -> None:
    """The mode stays on, and works when the server is back."""
    document_id = ada.create("Nothing yet")
    ada.open(document_id)
    ada.expects_network_noise = True
    pattern = "**/authorship/**"
    ada.page.route(pattern, lambda route: route.abort())
    ada.menu("Colours by author")
    expect(ada.page.get_by_text("The server cannot be reached")).to_be_visible()
    legend = ada.page.get_by_role("complementary", name="Colours by author")
    expect(legend).to_have_text("No text yet.")
    ada.page.unroute(pattern)
    ada.write("Words")
    expect(legend).to_contain_text("Ada Lovelace100%")
    button = ada.page.locator("#authors")
    expect(button).to_have_attribute("aria-pressed", "true")


def with_words_of(grace: Person, ada: Person, document_id: str, words: str) -> str:
    """Open a document for both; Grace writes, Ada sees the authors. Return Grace's id."""
    ada.open(document_id)
    grace.open(document_id)
    grace.write(words)
    ada.sees(words)
    ada.menu("Colours by author")
    return own_id(grace)


def test_letters_that_come_back_belong_to_who_wrote_them_first(
    ada: Person, grace: Person, shared: str
) -> None:
    """Ada deletes Grace's words and undoes that, splits, joins, cuts and pastes them."""
    other = with_words_of(grace, ada, shared, "Grace wrote this")
    keyboard = ada.page.keyboard

    def is_hers(*lines: str) -> None:
        ada.sees("\n".join(lines))
        grace.sees("\n".join(lines))
        until_written(ada, [("".join(lines), other)])
        pieces = ada.api("GET", f"documents/{shared}/authorship/")["pieces"]
        assert {str(piece["author"]["id"]) for piece in pieces} == {other}
        assert "".join(piece["text"] for piece in pieces) == "".join(lines)

    ada.goes_to_end()
    ada.selects_line()
    keyboard.press("Delete")
    grace.sees("")
    keyboard.press("Control+z")
    is_hers("Grace wrote this")
    ada.goes_to(6)
    keyboard.press("Enter")
    is_hers("Grace ", "wrote this")
    keyboard.press("Control+Alt+2")
    is_hers("Grace ", "wrote this")
    keyboard.press("Backspace")
    is_hers("Grace wrote this")
    ada.goes_to_end()
    keyboard.press("Enter")
    ada.goes_to(16)
    ada.selects_line()
    keyboard.press("Control+x")
    grace.sees("")
    ada.goes_to_end()
    keyboard.press("Control+v")
    ada.page.reload()
    expect(ada.chip).to_have_text("Saved")
    pieces = ada.api("GET", f"documents/{shared}/authorship/")["pieces"]
    assert {str(piece["author"]["id"]) for piece in pieces} == {other}
    assert "".join(piece["text"] for piece in pieces) == "Grace wrote this"
    log = ada.api("GET", f"documents/{shared}/operations/?limit=1000")["results"]
    assert {row["author"]["username"] for row in log if row["copies"]} == {"ada"}


#: Returns the middle of a word of the text on the screen, or its end.
PLACE_OF_WORD = """([word, isEnd]) => {
  const walker = document.createTreeWalker(document.querySelector('.prose'), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const at = node.data.indexOf(word);
    if (at < 0) continue;
    const range = document.createRange();
    range.setStart(node, at);
    range.setEnd(node, at + word.length);
    const { left, right, top, bottom } = range.getBoundingClientRect();
    return [isEnd ? right : (left + right) / 2, (top + bottom) / 2];
  }
}"""


def selects(person: Person, place: int, length: int) -> None:
    """Select so many characters of the first block by key."""
    person.goes_to(place)
    for _ in range(length):
        person.page.keyboard.press("Shift+ArrowRight")
    person.page.wait_for_function(
        """length => {
          const { from, to } = document.querySelector('.prose').editor.state.selection;
          return to - from === length;
        }""",
        arg=length,
    )


def drags(person: Person, word: str, behind: str) -> None:
    """Drag a selected word behind another one."""
    mouse = person.page.mouse
    x, y = person.page.evaluate(PLACE_OF_WORD, [word, False])
    mouse.move(x, y)
    mouse.down()
    x, y = person.page.evaluate(PLACE_OF_WORD, [behind, True])
    mouse.move(x - 8, y, steps=4)
    mouse.move(x, y)
    mouse.up()


def test_words_that_are_moved_belong_to_who_wrote_them_first(
    ada: Person, grace: Person, shared: str
) -> None:
    """Ada drags and cuts words of Grace within a paragraph; what she pastes twice is hers."""
    other = with_words_of(grace, ada, shared, "one two three tone")
    keyboard = ada.page.keyboard

    def is_hers(*lines: str) -> None:
        ada.sees("\n".join(lines))
        grace.sees("\n".join(lines))
        expect(ada.chip).to_have_text("Saved")
        until_written(ada, [("".join(lines), other)])
        pieces = ada.api("GET", f"documents/{shared}/authorship/")["pieces"]
        assert {str(piece["author"]["id"]) for piece in pieces} == {other}

    selects(ada, 4, 3)
    drags(ada, "two", behind="three")
    is_hers("one  threetwo tone")
    selects(ada, 5, 5)
    keyboard.press("Control+x")
    grace.sees("one  two tone")
    ada.goes_to(0)
    keyboard.press("Control+v")
    is_hers("threeone  two tone")
    ada.goes_to_end()
    keyboard.press("Control+v")
    ada.sees("threeone  two tonethree")
    mine = own_id(ada)
    until_written(ada, [("threeone  two tone", other), ("three", mine)])
