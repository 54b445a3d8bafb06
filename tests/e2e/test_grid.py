"""Each page, dialog and menu at four widths in both themes: nothing is too wide, cut off or faint.

``SCREENSHOTS=folder`` stores a picture of each for people to look at.
"""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from config.env import env
from tests.e2e.conftest import Arrive
from tests.e2e.dialogs import each_dialog
from tests.e2e.people import Person
from tests.e2e.test_accessibility import ADMIN_PAGES, API_PAGES, violations

SIZES: Final = ((1440, 900), (1280, 800), (390, 700), (320, 640))
SCREENSHOTS: Final = env.str("SCREENSHOTS", "")
LONG: Final = "A rather long title that has to be broken on a phone, of Donaudampfschifffahrt"
TEXT: Final = (
    "# Plan\n\nSee [the map](https://example.org/) and `code`.\n\n- [ ] Ask\n  - one\n\n> Quote\n\n"
    "## Donaudampfschifffahrtsgesellschaftskapitänsmütze\n\n```\n" + "code " * 40 + "\n```\n"
)
#: Names what is wider than the window, a control that no scroller leads to, and text that is cut
#: off without an ellipsis.
FAULTS: Final = """() => {
  const width = document.documentElement.clientWidth;
  const found = document.documentElement.scrollWidth > width ? ['the page is too wide'] : [];
  const scrolls = (element) => element && (
    (element.scrollWidth > element.clientWidth + 1 &&
      /auto|scroll/.test(getComputedStyle(element).overflowX)) || scrolls(element.parentElement));
  const hidden = '.skip-link, .visually-hidden, .visually-hidden *, .ProseMirror-separator';
  for (const element of document.body.querySelectorAll('*')) {
    if (!element.checkVisibility() || element.matches(hidden)) continue;
    const { left, right, width: size } = element.getBoundingClientRect();
    const shown = element.outerHTML.slice(0, 160);
    if (element.matches('a[href], button, input, select, textarea') &&
        size && (left < -1 || right > width + 1) && !scrolls(element.parentElement))
      found.push(`outside: ${shown}`);
    const style = getComputedStyle(element);
    const { overflowX, overflowY, textOverflow, webkitLineClamp } = style;
    // For screen readers alone, or a picture in place of the text.
    const isUnseen = style.clip !== 'auto' || style.clipPath !== 'none' ||
      element.clientWidth <= 1 || parseFloat(style.textIndent) < -100;
    if (isUnseen || !element.innerText?.trim() || element.closest('svg')) continue;
    if (/hidden|clip/.test(overflowX) && textOverflow !== 'ellipsis' &&
        element.scrollWidth > element.clientWidth + 1) found.push(`cut at the side: ${shown}`);
    if (/hidden|clip/.test(overflowY) && webkitLineClamp === 'none' &&
        element.scrollHeight > element.clientHeight + 2) found.push(`cut below: ${shown}`);
  }
  return found;
}"""


class Grid:
    """Looks at what a page shows, at each size."""

    def __init__(self, page: Page, scheme: str) -> None:
        self._page = page
        self._scheme = scheme
        self.faults: list[str] = []

    def look(self, name: str, show: Callable[[], None] | None = None) -> None:
        """Look at what is open, or at what ``show`` opens at each size."""
        for width, height in SIZES:
            self._page.set_viewport_size({"width": width, "height": height})
            if show:
                show()
            self._page.wait_for_function("() => document.getAnimations().length === 0")
            place = f"{name} at {width}, {self._scheme}"
            # What follows the window by a script does so a moment after it.
            with contextlib.suppress(PlaywrightTimeoutError):
                self._page.wait_for_function(f"() => ({FAULTS})().length === 0", timeout=2_000)
            self.faults += [f"{place}: {fault}" for fault in self._page.evaluate(FAULTS)]
            if SCREENSHOTS:
                stem = name.strip("/").replace("/", "_") or "list"
                picture = f"{stem}-{width}-{self._scheme}.png"
                self._page.screenshot(path=Path(SCREENSHOTS) / picture)
            if width == 320:
                self.faults += [f"{place}: {fault}" for fault in violations(self._page)]
        self._page.set_viewport_size({"width": 1280, "height": 800})


@pytest.fixture
def plan(ada: Person, grace: Person) -> str:
    """Return a document of Ada's in which two have written."""
    made = ada.api("POST", "documents/import/", format="md", content=TEXT, title=LONG)
    document_id = str(made["id"])
    ada.share(document_id, "grace", "editor")
    grace.open(document_id)
    grace.write("Words of Grace's. ")
    expect(grace.chip).to_have_text("Saved")
    grace.page.goto("/")
    return document_id


def look_at_history(grid: Grid, page: Page) -> None:
    """Each view of the history, and its settings; the dialog is open."""
    dialog = page.get_by_role("dialog", name="History")
    for view in ("Session changes", "Later changes", "Lost or doubled text", "The text"):
        dialog.get_by_role("tab", name=view).click()
        panel = dialog.get_by_role("tabpanel", name=view, exact=True)
        expect(panel).not_to_have_attribute("aria-busy", "true")
        grid.look(f"History, {view}")
    dialog.get_by_role("button", name="Retention settings…").click()
    expect(page.get_by_text("Keep everything (recommended)")).to_be_visible()
    grid.look("Retention settings")
    page.keyboard.press("Escape")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_dialogs_and_menus_fit_at_each_size(arrive: Arrive, plan: str, scheme: Any) -> None:
    """The list with its menus, the editor with its dialogs, the login page."""
    ada = arrive("ada", color_scheme=scheme)
    page = ada.page
    grid = Grid(page, scheme)
    for address in ("/", "/?shared", "/?trash"):
        page.goto(address)
        expect(page.locator("#documents")).not_to_have_attribute("aria-busy", "true")
        grid.look(address)
    page.goto("/")
    row = page.locator(f".row[data-id='{plan}']")
    actions = row.get_by_role("button", name="Actions for")

    def show_actions() -> None:
        page.keyboard.press("Escape")
        actions.press("Enter")
        expect(row.get_by_role("button", name="Duplicate")).to_be_visible()

    grid.look("menu of a row", show_actions)
    row.get_by_role("button", name="Rename").press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    grid.look("Rename")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Account of").press("Enter")
    grid.look("Account")
    ada.open(plan)
    grid.look("editor")
    page.get_by_role("button", name="More", exact=True).press("Enter")
    grid.look("More")
    page.keyboard.press("Escape")
    ada.text.get_by_role("link").click()
    expect(page.get_by_role("group", name="Link")).to_be_visible()
    grid.look("link")
    page.get_by_role("button", name="Edit", exact=True).click()
    grid.look("address of a link")
    page.keyboard.press("Escape")
    for name in each_dialog(ada):
        grid.look(name)
        if name == "History":
            look_at_history(grid, page)
    ada.menu("Colours by author")
    expect(page.get_by_text("Grace Hopper").first).to_be_visible()
    grid.look("Colours by author")
    page.goto("/documents/0199f7a6-0000-7000-8000-000000000000/")
    grid.look("no such page")
    page.context.clear_cookies()
    page.goto("/login/")
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    grid.look("login")
    ada.complaints.clear()
    assert grid.faults == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_administration_and_api_fit_at_each_size(arrive: Arrive, plan: str, scheme: Any) -> None:
    """All pages of both, and the reference."""
    admin = arrive("admin", color_scheme=scheme)
    grid = Grid(admin.page, scheme)
    for address in ADMIN_PAGES:
        admin.page.goto(f"/admin/{address.replace('ID', plan)}", wait_until="load")
        grid.look(f"admin/{address.replace('?', '')}")
    for address in API_PAGES:
        admin.page.goto(f"/api/v1/{address.replace('ID', plan)}")
        grid.look(f"api/{address}")
    admin.page.goto("/api/docs/")
    grid.look("api/docs")
    assert grid.faults == []
