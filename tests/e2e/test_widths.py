"""No page scrolls sideways on a narrow screen, and all that one can press is on it."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Arrive
from tests.e2e.dialogs import each_dialog
from tests.e2e.test_accessibility import LINES

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
