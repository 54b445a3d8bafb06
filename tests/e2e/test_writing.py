"""People write in one document (issue: the editor page, browser tests)."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Arrive
from tests.e2e.people import Person


def test_two_people_typing_at_once_converge(ada: Person, grace: Person, shared: str) -> None:
    """Both type key by key in turns; both screens and the log have everything."""
    ada.open(shared)
    grace.open(shared)
    ada.write("ada: \n")
    expect(grace.text.locator("p")).to_have_count(2)
    grace.write("grace: ")
    ada.sees("ada: \ngrace:")
    ada.goes_to(len("ada: "))
    for mine, yours in zip("one two three", "four five six", strict=True):
        ada.page.keyboard.type(mine)
        grace.page.keyboard.type(yours)
    for person in (ada, grace):
        person.sees("ada: one two three\ngrace: four five six")
        expect(person.chip).to_have_text("Saved")
    log = ada.api("GET", f"documents/{shared}/operations/")["results"]
    assert [row["seq"] for row in log] == list(range(1, len(log) + 1))
    assert {row["author"]["username"] for row in log} == {"ada", "grace"}


def test_words_are_counted_wherever_they_come_from(ada: Person, grace: Person, shared: str) -> None:
    """When the page opens, after the person's own keys, and after another person's."""
    ada.open(shared)
    words = ada.page.locator("#words")
    expect(words).to_have_text("0 words")
    ada.write("One\nand two")
    expect(words).to_have_text("3 words")
    grace.open(shared)
    expect(grace.page.locator("#words")).to_have_text("3 words")
    grace.write(" more words")
    expect(words).to_have_text("5 words")


def test_each_sees_the_caret_and_avatar_of_the_other(
    ada: Person, grace: Person, shared: str
) -> None:
    """A caret has the authenticated name, and disappears with its session."""
    ada.open(shared)
    grace.open(shared)
    ada.write("A line")
    grace.sees("A line")
    grace.write(" and its end")
    expect(ada.page.locator(".caret")).to_have_attribute("data-name", "Grace Hopper")
    expect(grace.page.locator(".caret")).to_have_attribute("data-name", "Ada Lovelace")
    expect(ada.page.locator("#people .avatar")).to_have_count(2)
    ada.goes_to(2)
    ada.page.keyboard.press("Enter")  # its neighbour's caret stays meanwhile
    assert ada.page.locator(".caret").count() == 1
    ada.page.keyboard.press("Control+z")
    ada.sees("A line and its end")
    grace.sees("A line and its end")
    grace.goes_to_end()
    grace.selects_line()
    expect(ada.page.locator(".selection")).to_have_text("A line and its end")
    grace.page.goto("/")
    expect(ada.page.locator(".caret")).to_have_count(0)
    expect(ada.page.locator("#people .avatar")).to_have_count(1)


def test_saved_text_is_loaded_after_a_reload(ada: Person) -> None:
    """From the server, and on another device."""
    document_id = ada.create("Kept")
    ada.open(document_id)
    ada.write("Kept for good.")
    expect(ada.chip).to_have_text("Saved")
    ada.page.reload()
    ada.sees("Kept for good.")
    expect(ada.chip).to_have_text("Saved")


def test_text_reaches_another_device_of_the_same_person(ada: Person, arrive: Arrive) -> None:
    """A second browser of one person loads from the server only."""
    document_id = ada.create("Two desks")
    ada.open(document_id)
    ada.write("From the first desk.")
    expect(ada.chip).to_have_text("Saved")
    other = arrive("ada")
    other.open(document_id)
    other.sees("From the first desk.")


def test_undo_reverts_only_ones_own_edits(ada: Person, grace: Person, shared: str) -> None:
    """Ada undoes and redoes her words; Grace's stay."""
    ada.open(shared)
    grace.open(shared)
    grace.write("Grace was here.\n")
    expect(ada.text.locator("p")).to_have_count(2)
    ada.insert("So was Ada.")
    grace.sees("Grace was here.\nSo was Ada.")
    ada.page.keyboard.press("Control+z")
    ada.sees("Grace was here.")
    grace.sees("Grace was here.")
    ada.page.keyboard.press("Control+Shift+z")
    grace.sees("Grace was here.\nSo was Ada.")


def test_text_that_undo_brings_back_stands_at_one_place(
    ada: Person, grace: Person, shared: str
) -> None:
    """Typed within a word that came back: pages, reloads and the export agree (yjs#794)."""
    text = "Hello woXYrld\nand more"
    ada.open(shared)
    grace.open(shared)
    keys = ada.page.keyboard
    ada.write("Hello world\nand more")
    ada.goes_to(len("Hello world"))
    ada.selects_word()
    ada.ends_undo_step()
    keys.press("Delete")
    ada.sees("Hello \nand more")
    ada.ends_undo_step()
    keys.press("Control+z")
    ada.sees("Hello world\nand more")
    ada.goes_to(len("Hello wo"))
    keys.insert_text("XY")
    ada.ends_undo_step()
    ada.page.evaluate(
        "() => document.querySelector('.prose').editor.commands.deleteNode('paragraph')"
    )
    ada.sees("and more")
    ada.ends_undo_step()
    keys.press("Control+z")
    for person in (ada, grace):
        person.sees(text)
    expect(ada.chip).to_have_text("Saved")
    for person in (ada, grace):
        person.page.reload()
        person.sees(text)
    assert ada.exported(shared).split() == text.split()


def test_text_runs_in_the_direction_of_its_first_letter(ada: Person) -> None:
    """The mark that ends a sentence from right to left is at its left; code and numbers stay."""
    ada.open(ada.create("Directions"))
    ada.write("\u05e9\u05dc\u05d5\u05dd!\n\u0645\u0631\u062d\u0628\u0627.\nHello!")
    ends_left = ada.page.evaluate("""() => [...document.querySelectorAll('.prose p')].map(block => {
        const range = document.createRange();
        range.selectNodeContents(block.firstChild);
        const { left, right } = range.getBoundingClientRect();
        range.setStart(block.firstChild, block.firstChild.length - 1);
        return range.getBoundingClientRect().left < (left + right) / 2;
    })""")
    assert ends_left == [True, True, False]


def test_every_kind_of_formatting_reaches_the_other(
    ada: Person, grace: Person, shared: str
) -> None:
    """Input rules make headings, lists, tasks, quotes, code, rules and marks."""
    ada.open(shared)
    grace.open(shared)
    ada.write("# One\n## Two\n### Three\n")
    ada.write(
        "**bold** *italic* ~~gone~~ `code`\n- bullet\n\n1. number\n\n[ ] task\n\n> quote\n\n\n"
    )
    ada.write("```\nlet x;")
    for _ in range(2):
        ada.page.keyboard.press("Enter")
    ada.page.keyboard.press("Enter")
    ada.write("---")
    for key in "Control+u", "x", "Control+u":
        ada.page.keyboard.press(key)
    for selector in (
        "h1",
        "h2",
        "h3",
        "strong",
        "em",
        "s",
        "u",
        "p code",
        "ul:not([data-type]) li",
        "ol li",
        "ul[data-type=taskList] input[type=checkbox]",
        "blockquote",
        "pre code",
        "hr",
    ):
        expect(grace.text.locator(selector).first, selector).to_be_visible()
    grace.text.locator("input[type=checkbox]").check()
    expect(ada.text.locator("li[data-checked=true]")).to_have_count(1)


def test_link_takes_only_safe_addresses(ada: Person) -> None:
    """The dialog refuses a script URL, and completes a host name."""
    document_id = ada.create("Links")
    ada.open(document_id)
    ada.write("example")
    ada.selects_line()
    ada.page.keyboard.press("Control+k")
    address = ada.page.get_by_label("Address")
    address.fill("javascript:alert(1)")
    ada.page.keyboard.press("Enter")
    expect(address).to_be_visible()
    address.fill("example.org")
    ada.page.keyboard.press("Enter")
    link = ada.text.locator("a")
    expect(link).to_have_attribute("href", "https://example.org")
    expect(link).to_have_attribute("rel", re.compile("noopener"))


def test_pasted_markup_becomes_clean_text(ada: Person) -> None:
    """Scripts, styles, handlers and unsafe links are removed."""
    document_id = ada.create("Paste")
    ada.open(document_id)
    ada.text.focus()
    ada.page.evaluate(
        """() => {
          const data = new DataTransfer();
          data.setData('text/html', `<h2 style="color:red" onclick="x()">Head</h2>
            <script>x()</script><p>word <a href="javascript:x()">link</a></p>`);
          document.querySelector('.prose').dispatchEvent(
            new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}));
        }"""
    )
    expect(ada.text.locator("h2")).to_have_text("Head")
    expect(ada.text).to_contain_text("word link")
    expect(ada.text.locator("a, script, [onclick], h2[style]")).to_have_count(0)


def test_rename_reaches_the_other_page(ada: Person, grace: Person, shared: str) -> None:
    """A new title is saved automatically and shown on all open pages."""
    ada.open(shared)
    grace.open(shared)
    title = ada.page.get_by_label("Title")
    title.fill("Renamed while open")
    expect(ada.chip).to_have_text("Saved")
    expect(grace.page.get_by_label("Title")).to_have_value("Renamed while open")
    expect(grace.page).to_have_title("Renamed while open · Scriptorium")


@pytest.mark.parametrize("start", ["- one\n- two", "---\n\nwords", "> quote", "- [ ] task", "---"])
def test_document_that_begins_without_text_has_a_caret_in_its_text(
    ada: Person, grace: Person, start: str
) -> None:
    """Also after another person has emptied it; the console has no warning (``Person.leave``)."""
    made = ada.api("POST", "documents/import/", format="md", content=start, title="Start")
    ada.share(made["id"], "grace", "editor")
    for person in (ada, grace):
        person.open(made["id"])
    ada.page.get_by_label("Title", exact=True).press("Enter")
    ada.page.keyboard.type("ab")
    grace.finds("ab")
    grace.text.focus()
    grace.page.keyboard.press("Control+a")
    grace.page.keyboard.press("Delete")
    ada.sees("")
    ada.page.keyboard.type("c")
    grace.sees("c")


#: Selects a word in the second line and presses a key, or a button, before the browser has told the
#: editor about the selection.
AT_ONCE = """([key, name]) => {
  const text = document.querySelectorAll('.prose p')[1].firstChild;
  getSelection().setBaseAndExtent(text, 7, text, 11);
  const keyCode = key?.toUpperCase().charCodeAt(0);
  const options = { key, keyCode, ctrlKey: true, bubbles: true, cancelable: true };
  if (key) text.parentElement.dispatchEvent(new KeyboardEvent('keydown', options));
  else document.querySelector(`[role=toolbar] [aria-label=${name}]`).click();
}"""


def test_shortcut_right_after_a_selection_applies_to_it(ada: Person) -> None:
    """By key and by button; the browser tells the editor of a selection a moment later."""
    lines = "alpha beta gamma\n\nsecond line here"
    for key, name, element in (
        ("b", "Bold", "strong"),
        ("k", "Link", "a"),
        (None, "Italic", "em"),
        (None, "Link", "a"),
    ):
        made = ada.api("POST", "documents/import/", format="md", content=lines, title="At once")
        ada.open(made["id"])
        ada.goes_to(3)
        ada.page.evaluate(AT_ONCE, [key, name])
        if name == "Link":
            address = ada.page.get_by_role("dialog", name="Link").get_by_role("textbox")
            address.fill("example.org")
            address.press("Enter")
        expect(ada.text.locator(element)).to_have_text("line")
        expect(ada.chip).to_have_text("Saved")
