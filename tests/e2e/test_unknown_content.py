"""A page deletes nothing that it does not know: it shows a box (docs/invariants.md, ADR 0019)."""

from collections.abc import Callable
from itertools import groupby
from typing import Any

import pycrdt
import pytest
from playwright.sync_api import expect

from tests.e2e import strangers
from tests.e2e.people import Person

WORDS = "KEEP ME"
NOTICE = "This document has content that this page cannot edit yet."


def element(name: str, text: str) -> pycrdt.XmlElement:
    """Return a new element with a text."""
    return pycrdt.XmlElement(name, None, [pycrdt.XmlText(text)])


#: What another release may write, or anybody by REST, with the name that exports keep.
NAMES: dict[str, tuple[str, Callable[[Any], object]]] = {
    "an unknown node": (
        "drawing",
        lambda root: root.children.append(element("drawing", "circle")),
    ),
    "an unknown node in a line": (
        "mention",
        lambda root: root.children[0].children.append(element("mention", "@ada")),
    ),
    "an unknown mark on somebody's text": (
        "glow",
        lambda root: root.children[0].children[0].format(0, 4, {"glow": {"hue": 3}}),
    ),
    "a heading in a paragraph": (
        "heading",
        lambda root: root.children[0].children.append(element("heading", "loud")),
    ),
}
#: Makes the page name an older schema version than it has.
OLDER = """(() => {
  const Native = WebSocket;
  window.WebSocket = class extends Native {
    constructor(url, ...rest) { super(url.replace(/schema=\\d+/, "schema=0"), ...rest); }
  };
})()"""


def authors(person: Person, document_id: str) -> list[str]:
    """Return who wrote the operations, in order; successive ones of one person count once."""
    log = person.api("GET", f"documents/{document_id}/operations/")["results"]
    return [name for name, _ in groupby(row["author"]["username"] for row in log)]


def break_editor(person: Person) -> None:
    """Let a plugin of the page throw at each change of others, until the page is loaded again."""
    person.page.evaluate(
        """async () => {
          const { href } = document.querySelector('link[href$="/vendor/tiptap.js"]');
          const { Plugin } = await import(href);
          const apply = transaction => {
            if (transaction.getMeta("y-sync$")?.isChangeOrigin) throw new Error("a broken plugin");
          };
          document.querySelector(".prose").editor.registerPlugin(
            new Plugin({ state: { init: () => null, apply } }));
          window.isFirst = true;
        }"""
    )


def only_looks(person: Person, notice: str = NOTICE) -> None:
    """Check that the page is read-only with a word, and that no key changes its document."""
    expect(person.page.get_by_role("alert")).to_contain_text(notice)
    expect(person.page.get_by_role("button", name="Reload")).to_be_visible()
    expect(person.text).to_have_attribute("contenteditable", "false")
    expect(person.page.get_by_role("toolbar")).to_be_hidden()
    expect(person.chip).to_have_text("Read-only")
    content = strangers.content_of(person.page)
    person.text.click()
    for key in ("q", "Backspace", "Enter", "Control+A", "Delete", "Control+Z"):
        person.page.keyboard.press(key)
    assert strangers.content_of(person.page) == content


@pytest.mark.parametrize("form", list(NAMES))
def test_what_a_page_does_not_know_is_a_box_and_kept(
    ada: Person, grace: Person, shared: str, form: str
) -> None:
    """While Ada's page is open, and when she opens it again; she writes on beside it."""
    name, edit = NAMES[form]
    ada.open(shared)
    ada.insert(WORDS)
    expect(ada.chip).to_have_text("Saved")
    strangers.edit_by_rest(grace, shared, edit)
    for number in (1, 2):
        shown = ada.page.locator(".unknown, .unknown-mark")
        expect(shown).to_have_count(1)
        if name != "glow":
            expect(shown).to_contain_text("cannot be shown here")
        expect(ada.page.get_by_role("alert")).to_be_hidden()
        ada.goes_to(0)
        ada.page.keyboard.type(f"{number} ")
        expect(ada.chip).to_have_text("Saved")
        ada.page.reload()
        ada.finds(WORDS)
    if name != "glow":
        ada.text.press("Control+A")
        ada.text.press("Delete")
        expect(ada.page.get_by_text("A part that cannot be shown here is kept.")).to_be_visible()
    assert authors(ada, shared) == ["ada", "grace", "ada"]
    exported = ada.exported(shared, "json")
    assert f'"{name}"' in exported
    assert "2 1 " in exported


def test_page_older_than_the_content_is_read_only_with_a_word_and_a_button(
    ada: Person, grace: Person, shared: str
) -> None:
    """It still shows what others write; a reload, which brings the newer page, ends it."""
    ada.page.add_init_script(OLDER)
    ada.open(shared, status="Read-only")
    notice = "This document has content that this page is too old for."
    expect(ada.page.get_by_role("alert")).to_contain_text(notice)
    expect(ada.page.get_by_role("button", name="Reload")).to_be_visible()
    only_looks(ada, notice)
    grace.open(shared)
    grace.write("newer words")
    ada.sees("newer words")
    expect(ada.text).to_have_attribute("contenteditable", "false")


@pytest.mark.parametrize(
    "form",
    ["array in the root", "map in the root", "text in the root", "map in a paragraph"],
)
def test_types_that_a_page_does_not_know_are_boxes(ada: Person, form: str) -> None:
    """Content of a log that is older than the server's check of structure."""
    document_id = ada.create("Old log")
    strangers.prepare(ada)
    ada.open(document_id)
    ada.insert(WORDS)
    expect(ada.chip).to_have_text("Saved")
    strangers.merge(ada.page, form)
    expect(ada.page.locator(".unknown")).to_contain_text("cannot be shown here")
    expect(ada.page.get_by_role("alert")).to_be_hidden()
    ada.finds(WORDS)
    assert ada.exported(document_id).strip() == WORDS


@pytest.mark.parametrize("form", ["number in the root"])
def test_what_has_no_place_in_an_editor_stops_the_page(ada: Person, form: str) -> None:
    """A box stands for an element; such content of an old log is none."""
    document_id = ada.create("Old log")
    strangers.prepare(ada)
    ada.open(document_id)
    ada.insert(WORDS)
    expect(ada.chip).to_have_text("Saved")
    strangers.merge(ada.page, form)
    only_looks(ada)
    ada.finds(WORDS)
    assert authors(ada, document_id) == ["ada"]
    assert ada.exported(document_id).strip() == WORDS


def test_page_that_cannot_show_a_change_loads_again_and_writes_nothing_back(
    ada: Person, grace: Person, shared: str
) -> None:
    """Grace's words stay; a second time within a minute, Ada is asked to reload."""
    ada.open(shared)
    grace.open(shared)
    ada.write("ada 1 ")
    grace.sees("ada 1")
    break_editor(ada)
    grace.insert("GRACE WROTE THIS")
    expect(ada.page.get_by_role("alert")).to_contain_text("A change could not be shown.")
    expect(ada.text).to_have_attribute("contenteditable", "false")
    expect(ada.chip).to_have_text("Read-only")
    ada.text.click()
    ada.page.keyboard.press("q")
    ada.page.wait_for_function("() => window.isFirst === undefined")
    ada.sees("ada 1 GRACE WROTE THIS")
    expect(ada.chip).to_have_text("Saved")
    expect(ada.page.get_by_role("alert")).to_be_hidden()
    ada.write(" and ada 2")
    grace.sees("ada 1 GRACE WROTE THIS and ada 2")
    assert authors(ada, shared)[-2:] == ["grace", "ada"]
    break_editor(ada)
    grace.insert(" and grace 2")
    notice = "A change could not be shown. Reload the page to continue."
    expect(ada.page.get_by_role("alert")).to_contain_text(notice)
    assert ada.page.evaluate("() => window.isFirst")
    ada.page.get_by_role("button", name="Reload").click()
    ada.sees("ada 1 GRACE WROTE THIS and ada 2 and grace 2")
    assert authors(ada, shared)[-2:] == ["ada", "grace"]
    assert all("a broken plugin" in complaint for complaint in ada.complaints)
    ada.complaints.clear()
