"""The dialogs of the editor's page, one after the other."""

from collections.abc import Iterator
from typing import Final

from playwright.sync_api import expect

from tests.e2e.people import Person

#: Buttons that open a dialog, and a text that is in it at the end.
DIALOGS: Final = {
    "Share": "Copy link",
    "History": "Restore this version…",
    "Activity": "created the document",
    "Export": "reStructuredText",
    "Keyboard shortcuts": "These keys",
}


def each_dialog(person: Person) -> Iterator[str]:
    """Open each dialog, yield its name, and close it."""
    page = person.page
    for name, text in DIALOGS.items():
        if page.get_by_role("button", name=name, exact=True).is_visible():
            page.get_by_role("button", name=name, exact=True).press("Enter")
        else:
            person.menu(name)
        expect(page.get_by_role("dialog").get_by_text(text).first).to_be_visible()
        yield name
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
