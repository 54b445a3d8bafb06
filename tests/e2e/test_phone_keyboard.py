"""The toolbar stands above the on-screen keyboard of a phone.

Chromium without a phone has no such keyboard. A visual viewport in place of the browser's own shows
what the page does when one comes up; the browser's own one shows that a zoom is no keyboard.
"""

from typing import Any

import pytest
from playwright.sync_api import FloatRect, Page, expect

from tests.e2e.conftest import Arrive
from tests.e2e.people import Person

HEIGHT = 740
KEYBOARD = 300
PHONE: Any = {
    "viewport": {"width": 390, "height": HEIGHT},
    "has_touch": True,
    "is_mobile": True,
}
#: A visual viewport that the test sets.
VIEWPORT = """() => {
  class Viewport extends EventTarget {
    scale = 1; offsetLeft = 0; offsetTop = 0; covered = 0;
    get width() { return innerWidth; }
    get height() { return innerHeight - this.covered; }
  }
  const viewport = new Viewport();
  Object.defineProperty(window, 'visualViewport', { value: viewport });
}"""
COVER = """([covered, offsetTop]) => {
  Object.assign(visualViewport, { covered, offsetTop });
  visualViewport.dispatchEvent(new Event('resize'));
}"""
CARET_BOTTOM = """() => {
  const range = getSelection().getRangeAt(0);
  return (range.getClientRects()[0] ?? range.startContainer.getBoundingClientRect()).bottom;
}"""


@pytest.fixture
def ada(arrive: Arrive) -> Person:
    """Ada at a phone, in a text of several screens."""
    person = arrive("ada", **PHONE)
    lines = "\n\n".join(f"line {number}" for number in range(40))
    made = person.api("POST", "documents/import/", format="md", content=lines, title="On a phone")
    person.context.add_init_script(f"({VIEWPORT})()")
    person.open(made["id"])
    return person


def toolbar_of(page: Page) -> FloatRect:
    """Return the place of the toolbar."""
    box = page.get_by_role("toolbar").bounding_box()
    assert box is not None
    return box


def test_toolbar_is_above_the_keyboard_while_one_writes(ada: Person) -> None:
    """The line that is written stays above both; the toolbar goes back with the keyboard."""
    page = ada.page
    top = toolbar_of(page)["y"]
    ada.goes_to_end()
    page.evaluate(COVER, [KEYBOARD, 0])
    box = toolbar_of(page)
    assert box["y"] + box["height"] == pytest.approx(HEIGHT - KEYBOARD, abs=1)
    assert (box["x"], box["width"]) == (0, 390)
    page.keyboard.type(" and more\nand a last line")
    page.wait_for_function(f"edge => ({CARET_BOTTOM})() < edge", arg=box["y"])
    page.get_by_role("button", name="Bold").tap()
    page.keyboard.type(" in bold")
    expect(ada.text.locator("strong")).to_have_text(" in bold")
    page.evaluate(COVER, [KEYBOARD, 100])
    box = toolbar_of(page)
    assert box["y"] + box["height"] == pytest.approx(HEIGHT - KEYBOARD + 100, abs=1)
    page.evaluate(COVER, [0, 0])
    assert toolbar_of(page)["y"] == pytest.approx(top, abs=1)
    expect(ada.chip).to_have_text("Saved")


def test_toolbar_stays_where_it_is_while_one_writes_elsewhere(ada: Person) -> None:
    """In the title, or in a dialog: the toolbar would format nothing there."""
    page = ada.page
    top = toolbar_of(page)["y"]
    page.get_by_label("Title", exact=True).tap()
    page.evaluate(COVER, [KEYBOARD, 0])
    assert toolbar_of(page)["y"] == pytest.approx(top, abs=1)
    ada.goes_to(0)
    assert toolbar_of(page)["y"] > top + 100
    page.get_by_label("Title", exact=True).tap()
    assert toolbar_of(page)["y"] == pytest.approx(top, abs=1)


def test_zoomed_page_has_no_keyboard(arrive: Arrive) -> None:
    """A zoom makes the browser's visual viewport smaller, too."""
    ada = arrive("ada", **PHONE)
    ada.open(ada.create("Zoomed"))
    ada.write("Words")
    page = ada.page
    page.context.new_cdp_session(page).send("Emulation.setPageScaleFactor", {"pageScaleFactor": 2})
    page.wait_for_function("() => visualViewport.scale === 2 && visualViewport.height < 400")
    expect(page.locator("body.has-keyboard")).to_have_count(0)
    expect(page.locator("html")).to_have_css("--keyboard", "0px")
