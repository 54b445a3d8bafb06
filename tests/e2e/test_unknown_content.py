"""A page deletes nothing that it does not know: it stops to write (docs/invariants.md)."""

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


#: What another release may write, or anybody by REST.
NAMES: dict[str, Callable[[Any], object]] = {
    "an unknown node": lambda root: root.children.append(element("drawing", "circle")),
    "an unknown mark on somebody's text": lambda root: (
        root.children[0].children[0].format(0, 4, {"glow": {}})
    ),
    "a heading in a paragraph": lambda root: root.children[0].children.append(
        element("heading", "loud")
    ),
}


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


def only_looks(person: Person) -> None:
    """Check that the page is read-only with a word, and that no key changes its document."""
    expect(person.page.get_by_role("alert")).to_contain_text(NOTICE)
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
def test_names_that_a_page_does_not_know_are_kept(
    ada: Person, grace: Person, shared: str, form: str
) -> None:
    """While Ada's page is open, and when she opens it again."""
    ada.open(shared)
    ada.insert(WORDS)
    expect(ada.chip).to_have_text("Saved")
    strangers.edit_by_rest(grace, shared, NAMES[form])
    only_looks(ada)
    ada.finds(WORDS)
    ada.page.reload()
    only_looks(ada)
    ada.finds(WORDS)
    assert authors(ada, shared) == ["ada", "grace"]
    assert WORDS in ada.exported(shared)


@pytest.mark.parametrize(
    "form",
    [
        "array in the root",
        "map in the root",
        "number in the root",
        "text in the root",
        "map in a paragraph",
    ],
)
def test_types_that_a_page_does_not_know_are_kept(ada: Person, form: str) -> None:
    """Content of a log that is older than the server's check of structure."""
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
