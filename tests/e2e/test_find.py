"""Find and replace in the text of the page."""

from playwright.sync_api import Locator, expect

from tests.e2e.people import Person

#: The words of all highlights, and those of the present match.
HIGHLIGHTS = """() => [...document.querySelectorAll('.find-match')].map(one => one.textContent)"""
SELECTED = "() => getSelection().toString()"


def bar(person: Person) -> Locator:
    """Return the bar of find and replace."""
    return person.page.locator(".find")


def count(person: Person) -> Locator:
    """Return the place and number of the matches."""
    return bar(person).get_by_role("status")


def seek(person: Person, words: str) -> None:
    """Type what is sought."""
    bar(person).get_by_label("Find", exact=True).fill(words)


def test_words_are_found_and_shown_one_by_one(ada: Person) -> None:
    """Count, next, previous, case, whole words; Escape leads back to the match in the text."""
    ada.open(ada.create("Find"))
    ada.insert("One bone, one stone: ONE.")
    ada.goes_to(0)
    ada.page.keyboard.press("ControlOrMeta+f")
    expect(bar(ada).get_by_label("Find", exact=True)).to_be_focused()
    expect(count(ada)).to_have_text("")
    ada.page.keyboard.type("one")
    expect(count(ada)).to_have_text("1 of 5")
    assert ada.page.evaluate(HIGHLIGHTS) == ["One", "one", "one", "one", "ONE"]
    ada.page.keyboard.press("Enter")
    expect(count(ada)).to_have_text("2 of 5")
    ada.page.keyboard.press("Shift+Enter")
    ada.page.keyboard.press("Shift+Enter")
    expect(count(ada)).to_have_text("5 of 5")
    bar(ada).get_by_role("button", name="Whole words").click()
    expect(count(ada)).to_have_text("3 of 3")
    bar(ada).get_by_role("button", name="Match case").click()
    expect(count(ada)).to_have_text("1 of 1")
    seek(ada, "nothing")
    expect(count(ada)).to_have_text("No matches")
    seek(ada, "one")
    expect(count(ada)).to_have_text("1 of 1")
    ada.page.keyboard.press("Escape")
    expect(bar(ada)).to_be_hidden()
    expect(ada.text.locator(".find-match")).to_have_count(0)
    expect(ada.text).to_be_focused()
    assert ada.page.evaluate(SELECTED) == "one"
    ada.page.keyboard.press("ControlOrMeta+f")
    expect(bar(ada).get_by_label("Find", exact=True)).to_have_value("one")


def test_all_is_replaced_by_one_step_of_undo(ada: Person, grace: Person, shared: str) -> None:
    """Only of the person's own; letters that stay keep their authors; others see it at once."""
    ada.open(shared)
    ada.write("cat, Cat and cats")
    ada.page.keyboard.press("Enter")
    ada.insert("a concat")
    expect(ada.chip).to_have_text("Saved")
    grace.open(shared)
    grace.page.keyboard.press("ControlOrMeta+h")
    seek(grace, "cat")
    expect(count(grace)).to_have_text("1 of 4")
    bar(grace).get_by_label("Replace with").fill("dog")
    bar(grace).get_by_role("button", name="All").click()
    expect(count(grace)).to_have_text("4 replaced")
    for person in (ada, grace):
        person.sees("dog, dog and dogs\na condog")
    expect(grace.chip).to_have_text("Saved")
    pieces = ada.api("GET", f"documents/{shared}/authorship/")["pieces"]
    texts = [(piece["author"]["username"], piece["text"].strip("\n")) for piece in pieces]
    assert [text for name, text in texts if name == "grace"] == ["dog", "dog", "dog", "dog"]
    ada.page.keyboard.press("ControlOrMeta+End")
    ada.write("!")
    grace.finds("condog!")
    grace.page.keyboard.press("Escape")
    grace.page.keyboard.press("ControlOrMeta+z")
    for person in (ada, grace):
        person.sees("cat, Cat and cats\na concat!")


def test_one_match_is_replaced_and_the_next_is_shown(ada: Person) -> None:
    """With groups of a regular expression, also where the new letters match again."""
    ada.open(ada.create("Find"))
    ada.insert("2026-11-30 and 2027-01-02")
    ada.goes_to(0)
    ada.page.keyboard.press("ControlOrMeta+h")
    bar(ada).get_by_role("button", name="Regular expression").click()
    seek(ada, r"(\d+)-(\d+)-(\d+)")
    expect(count(ada)).to_have_text("1 of 2")
    bar(ada).get_by_label("Replace with").fill("$3-$2-$1")
    bar(ada).get_by_label("Replace with").press("Enter")
    expect(count(ada)).to_have_text("2 of 2")
    ada.sees("30-11-2026 and 2027-01-02")
    bar(ada).get_by_role("button", name="Replace", exact=True).click()
    ada.sees("30-11-2026 and 02-01-2027")


def test_expression_that_never_ends_does_not_stop_the_page(ada: Person) -> None:
    """It is ended after a second, while letters are typed; another one is searched then."""
    ada.open(ada.create("Find"))
    ada.insert("a" * 60)
    ada.page.keyboard.press("ControlOrMeta+f")
    bar(ada).get_by_role("button", name="Regular expression").click()
    seek(ada, "(a+)+$(?<=b)")
    ada.write("!")
    ada.finds("a!")
    expect(count(ada)).to_have_text("This expression takes too long")
    seek(ada, "(")
    expect(count(ada)).to_have_text("This is no regular expression")
    seek(ada, "a!")
    expect(count(ada)).to_have_text("1 of 1")


def test_matches_follow_what_others_write(ada: Person, grace: Person, shared: str) -> None:
    """A match that appears is counted, and the present one stays the present one."""
    ada.open(shared)
    grace.open(shared)
    ada.write("word one")
    grace.sees("word one")
    ada.page.keyboard.press("ControlOrMeta+f")
    seek(ada, "word")
    expect(count(ada)).to_have_text("1 of 1")
    grace.write(" word")
    expect(count(ada)).to_have_text("1 of 2")
    assert ada.page.evaluate(HIGHLIGHTS) == ["word", "word"]


def test_reader_finds_and_cannot_replace(ada: Person, grace: Person) -> None:
    """Who may only read has no fields to replace."""
    document_id = ada.create("Read")
    ada.share(document_id, "grace", "viewer")
    ada.open(document_id)
    ada.insert("some words")
    expect(ada.chip).to_have_text("Saved")
    grace.open(document_id, status="Read-only")
    grace.page.keyboard.press("ControlOrMeta+h")
    seek(grace, "words")
    expect(count(grace)).to_have_text("1 of 1")
    expect(bar(grace).get_by_label("Replace with")).to_be_hidden()
    expect(bar(grace).get_by_role("button", name="Replace…")).to_be_hidden()
