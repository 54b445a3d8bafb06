"""No page scrolls sideways on a narrow screen, and all that one can press is on it."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Arrive
from tests.e2e.dialogs import each_dialog
from tests.e2e.test_accessibility import LINES
from tests.e2e.test_accessibility import check as check_with_axe

#: Names what is wider than the screen: the page itself, or a control that no scroller leads to.
TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  const found = document.documentElement.scrollWidth > width ? ['the page'] : [];
  const scrolls = (element) => element && (
    (element.scrollWidth > element.clientWidth + 1 &&
      /auto|scroll/.test(getComputedStyle(element).overflowX)) || scrolls(element.parentElement));
  for (const control of document.querySelectorAll('a[href], button, input, select, textarea')) {
    if (!control.checkVisibility() || control.matches('.skip-link, .visually-hidden')) continue;
    const { left, right, width: size } = control.getBoundingClientRect();
    if (size && (left < -1 || right > width + 1) && !scrolls(control.parentElement))
      found.push(control.outerHTML.slice(0, 200));
  }
  return found;
}"""


def check(page: Page, name: str) -> None:
    """Fail if something is wider than the screen."""
    assert page.evaluate(TOO_WIDE) == [], name


@pytest.mark.parametrize("width", [320, 390])
def test_nothing_is_wider_than_a_narrow_screen(arrive: Arrive, width: int) -> None:
    """The list, the trash, the editor and each of its dialogs, the login page."""
    screen: Any = {"width": width, "height": 640}
    ada = arrive("ada", viewport=screen)
    made = ada.api("POST", "documents/import/", format="md", content=LINES, title="Plan")
    page = ada.page
    for address in ("/", "/?shared", "/?trash"):
        page.goto(address)
        expect(page.locator("#documents")).not_to_have_attribute("aria-busy", "true")
        check(page, address)
    ada.open(str(made["id"]))
    check(page, "editor")
    for name in each_dialog(ada):
        check(page, name)
    page.context.clear_cookies()
    page.goto("/login/")
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    check(page, "/login/")


@pytest.mark.parametrize("width", [320, 390])
def test_history_on_a_narrow_screen_is_two_tabs(arrive: Arrive, width: int) -> None:
    """The list and the text each have the whole screen, by touch and by keyboard."""
    screen: Any = {"width": width, "height": 640}
    ada = arrive("ada", viewport=screen)
    document_id = ada.create("In tabs")
    ada.open(document_id)
    ada.insert("First words")
    expect(ada.chip).to_have_text("Saved")
    ada.api("PATCH", f"documents/{document_id}/", title="Still in tabs")
    page = ada.page
    page.get_by_role("button", name="History", exact=True).click()
    dialog = page.get_by_role("dialog", name="History")
    parts = dialog.get_by_role("tablist", name="Parts of the history")
    versions, text = (parts.get_by_role("tab", name=name) for name in ("Versions", "Text"))
    row = dialog.get_by_role("button", name="Ada Lovelace")
    restore = dialog.get_by_role("button", name="Restore this version…")

    def is_shown(tab: Locator) -> None:
        is_text = tab is text
        expect(text).to_have_attribute("aria-selected", str(is_text).lower())
        expect(versions).to_have_attribute("aria-selected", str(not is_text).lower())
        for name, shown in (("Text", is_text), ("Versions", not is_text)):
            panel = dialog.get_by_role("tabpanel", name=name, exact=True)
            expect(panel).to_have_count(int(shown))
        expect(row).to_be_visible(visible=not is_text)
        expect(restore).to_be_visible(visible=is_text)
        check(page, f"history at {width}")

    is_shown(text)
    expect(restore).to_be_in_viewport(ratio=1)
    text.focus()
    page.keyboard.press("ArrowLeft")
    expect(versions).to_be_focused()
    is_shown(versions)
    check_with_axe(page, "versions")
    page.keyboard.press("ArrowLeft")
    expect(text).to_be_focused()
    page.keyboard.press("Home")
    expect(versions).to_be_focused()
    row.focus()
    page.keyboard.press("Enter")
    expect(text).to_be_focused()
    is_shown(text)
    check_with_axe(page, "text")
    versions.click()
    is_shown(versions)
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(row).to_be_visible()
    expect(restore).to_be_visible()
    expect(parts).to_have_count(0)
    expect(dialog.get_by_role("tabpanel", name="Versions")).to_have_count(0)
