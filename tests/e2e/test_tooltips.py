"""Tooltips are there for the mouse, the keyboard and touch."""

from typing import Any

import pytest
from playwright.sync_api import CDPSession, Locator, Page, expect

from tests.e2e.conftest import Arrive
from tests.e2e.people import Person
from tests.e2e.test_accessibility import check


def tooltip(page: Page) -> Locator:
    """Return the tooltip that is shown."""
    return page.get_by_role("tooltip")


def middle(element: Locator) -> tuple[float, float]:
    """Return the middle of an element on the screen."""
    box = element.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.fixture
def open_page(ada: Person) -> Page:
    """Return the page of a document of Ada's."""
    ada.open(ada.create("With tooltips"))
    return ada.page


def test_tooltip_shows_where_the_mouse_rests(open_page: Page) -> None:
    """It stays under the pointer, goes by Escape alone, and when the pointer leaves."""
    bold = open_page.get_by_role("button", name="Bold", exact=True)
    bold.hover()
    expect(tooltip(open_page)).to_have_text("Bold (Ctrl+B)")
    expect(tooltip(open_page)).to_be_in_viewport(ratio=1)
    open_page.mouse.move(*middle(tooltip(open_page)))
    open_page.get_by_role("button", name="Share", exact=True).focus()
    expect(tooltip(open_page)).to_have_text("Bold (Ctrl+B)")
    check(open_page, "tooltip")
    open_page.keyboard.press("Escape")
    expect(tooltip(open_page)).to_have_count(0)
    open_page.get_by_role("list", name="People here").get_by_role("listitem").hover()
    expect(tooltip(open_page)).to_have_text("Ada Lovelace (you)")
    open_page.mouse.move(600, 600)
    expect(tooltip(open_page)).to_have_count(0)


def test_tooltip_shows_where_the_keyboard_is(open_page: Page) -> None:
    """Also in a dialog; it describes the control, unless its name says the same."""
    more = open_page.get_by_role("button", name="More", exact=True)
    open_page.keyboard.press("Tab")
    back = open_page.get_by_role("link", name="All documents")
    for _ in range(3):
        open_page.keyboard.press("Tab")
        if back.evaluate("element => element === document.activeElement"):
            break
    expect(tooltip(open_page)).to_have_text("All documents")
    expect(back).not_to_have_attribute("aria-describedby", "tooltip")
    open_page.keyboard.press("Tab")
    expect(open_page.get_by_role("list", name="People here")).to_be_focused()
    expect(tooltip(open_page)).to_have_text("Ada Lovelace (you)")
    for _ in range(3):
        open_page.keyboard.press("Tab")
    expect(more).to_be_focused()
    expect(tooltip(open_page)).to_have_text("More")
    open_page.keyboard.press("Tab")
    bold = open_page.get_by_role("toolbar").get_by_role("button").first
    expect(bold).to_be_focused()
    expect(bold).to_have_attribute("aria-describedby", "tooltip")
    expect(bold).to_have_accessible_description(tooltip(open_page).inner_text())
    open_page.keyboard.press("Escape")
    expect(tooltip(open_page)).to_have_count(0)


def touch(session: CDPSession, kind: str, at: tuple[float, float] | None = None) -> None:
    """Put a finger on the screen, or take it off."""
    points = [{"x": at[0], "y": at[1]}] if at else []
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_finger_that_is_held_shows_the_tooltip_and_presses_nothing(arrive: Arrive) -> None:
    """A finger that taps presses; a face, which is no control, answers a tap by its name."""
    phone: Any = {"width": 390, "height": 700}
    ada = arrive("ada", viewport=phone, has_touch=True)
    ada.open(ada.create("By hand"))
    page = ada.page
    session = page.context.new_cdp_session(page)
    bold = page.get_by_role("button", name="Bold", exact=True)
    touch(session, "touchStart", middle(bold))
    expect(tooltip(page)).to_have_text("Bold (Ctrl+B)")
    touch(session, "touchEnd")
    expect(tooltip(page)).to_have_count(0)
    expect(bold).to_have_attribute("aria-pressed", "false")
    page.get_by_role("list", name="People here").get_by_role("listitem").tap()
    expect(tooltip(page)).to_have_text("Ada Lovelace (you)")
    page.get_by_role("button", name="More", exact=True).tap()
    expect(tooltip(page)).to_have_count(0)
    expect(page.get_by_role("button", name="Keyboard shortcuts")).to_be_visible()


def test_list_names_writers_and_times_to_the_keyboard(ada: Person, grace: Person) -> None:
    """In the row's menu: the faces and the time of the row have tooltips by mouse."""
    document_id = ada.create("Written by two")
    ada.share(document_id, "grace", "editor")
    grace.open(document_id)
    grace.write("Hello")
    expect(grace.chip).to_have_text("Saved")
    page = ada.page
    page.goto("/")
    row = page.locator(f".row[data-id='{document_id}']")
    # The link of the row lies over them.
    row.get_by_role("time").hover(force=True)
    when = tooltip(page).inner_text()
    row.get_by_role("list", name="Last writers").get_by_role("listitem").hover(force=True)
    expect(tooltip(page)).to_have_text("Grace Hopper")
    page.mouse.move(0, 0)
    row.get_by_role("button", name="Actions for").press("Enter")
    expect(row.get_by_text(f"Changed {when}")).to_be_visible()
    expect(row.get_by_text("Last writers: Grace Hopper")).to_be_visible()
    check(page, "menu of a row")


def test_theme_of_the_reference_has_its_tooltip(ada: Person) -> None:
    """A page without a script of its own."""
    ada.page.goto("/api/docs/")
    theme = ada.page.get_by_role("button", name="Theme")
    theme.hover()
    expect(tooltip(ada.page)).to_have_text("Theme: system. Change to light")
