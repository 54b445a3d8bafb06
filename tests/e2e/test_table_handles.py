"""Handles of rows and columns: a button at the edge of a table, its menu, and the same by keys."""

from playwright.sync_api import Locator, expect

from tests.e2e.conftest import Arrive
from tests.e2e.people import Person
from tests.e2e.test_tables import choose, make_table, rows_of

WORDS = ("a", "b", "c", "d", "e", "f", "g", "h", "i")


def filled(person: Person) -> Locator:
    """Make a table of nine words in a new document; return its cells."""
    person.open(person.create("Handles"))
    person.text.click()
    make_table(person)
    for word in WORDS:
        person.page.keyboard.type(word)
        if word != WORDS[-1]:
            person.page.keyboard.press("Tab")
    return person.text.locator("td, th")


def handle(person: Person, name: str) -> Locator:
    """Return the handle of a row or column."""
    return person.page.get_by_role("button", name=f"{name} actions", exact=True)


def act(person: Person, cell: Locator, kind: str, action: str) -> None:
    """Choose an action of the handle at a cell, by mouse."""
    cell.hover()
    handle(person, kind).click()
    person.page.locator(".action-menu").get_by_role("button", name=action, exact=True).click()


def test_rows_and_columns_move_and_are_duplicated_by_handles(ada: Person) -> None:
    """Each by the handle at the pointer; undo takes one action back."""
    cells = filled(ada)
    expect(cells).to_have_count(9)
    act(ada, cells.nth(0), "Column", "Move column right")
    assert rows_of(ada) == [["b", "a", "c"], ["e", "d", "f"], ["h", "g", "i"]]
    act(ada, cells.nth(2), "Column", "Move column left")
    assert rows_of(ada) == [["b", "c", "a"], ["e", "f", "d"], ["h", "i", "g"]]
    act(ada, cells.nth(4), "Row", "Move row down")
    assert rows_of(ada) == [["b", "c", "a"], ["h", "i", "g"], ["e", "f", "d"]]
    act(ada, cells.nth(4), "Row", "Move row up")
    expect(ada.text.locator("tr").first.locator("td")).to_have_text(["h", "i", "g"])
    act(ada, cells.nth(0), "Row", "Duplicate row")
    assert rows_of(ada)[:2] == [["h", "i", "g"]] * 2
    ada.ends_undo_step()
    act(ada, cells.nth(1), "Column", "Duplicate column")
    assert [row[1:3] for row in rows_of(ada)] == [["i", "i"], ["i", "i"], ["c", "c"], ["f", "f"]]
    ada.page.keyboard.press("ControlOrMeta+z")
    assert rows_of(ada) == [["h", "i", "g"], ["h", "i", "g"], ["b", "c", "a"], ["e", "f", "d"]]
    act(ada, cells.nth(0), "Row", "Delete row")
    act(ada, cells.nth(0), "Column", "Add column left")
    assert rows_of(ada) == [["", "h", "i", "g"], ["", "b", "c", "a"], ["", "e", "f", "d"]]
    expect(ada.chip).to_have_text("Saved")


def test_handle_keeps_the_focus_in_the_text_and_goes_with_the_table(ada: Person) -> None:
    """Its menu closes by Escape; beside the table there is none."""
    cells = filled(ada)
    cells.nth(4).hover()
    handle(ada, "Row").click()
    menu = ada.page.locator(".action-menu")
    expect(menu.get_by_role("button", name="Add row above")).to_be_focused()
    expect(ada.text.locator(".selectedCell")).to_have_count(3)
    ada.page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    ada.page.keyboard.press("Delete")
    assert rows_of(ada) == [["a", "b", "c"], ["", "", ""], ["g", "h", "i"]]
    ada.goes_to_end()
    ada.page.locator("header").first.hover()
    for name in ("Row", "Column"):
        expect(handle(ada, name)).to_be_hidden()


def test_table_menu_has_the_same_actions_by_keys(ada: Person) -> None:
    """A row or column does not move where a merged cell reaches over its edge."""
    cells = filled(ada)
    cells.nth(8).click()
    choose(ada, "Move row up")
    choose(ada, "Move column left")
    assert rows_of(ada) == [["a", "c", "b"], ["g", "i", "h"], ["d", "f", "e"]]
    cells.nth(3).click()
    ada.page.keyboard.press("Shift+ArrowDown")
    expect(ada.text.locator(".selectedCell")).to_have_count(2)
    choose(ada, "Merge cells")
    expect(ada.text.locator("[rowspan='2']")).to_have_count(1)
    cells.nth(1).click()
    ada.page.keyboard.press("ControlOrMeta+Alt+g")
    menu = ada.page.locator(".action-menu")
    down = menu.get_by_role("button", name="Move row down")
    expect(down).to_be_disabled()
    menu.get_by_role("button", name="Move column right").press("Enter")
    assert rows_of(ada)[0] == ["a", "b", "c"]
    assert rows_of(ada)[1:] == [["gd", "h", "i"], ["e", "f"]]
    expect(ada.chip).to_have_text("Saved")


def test_finger_opens_the_handle_at_the_caret(arrive: Arrive) -> None:
    """On a phone, where nothing hovers; the handle is large enough."""
    ada = arrive("ada", viewport={"width": 390, "height": 700}, has_touch=True, is_mobile=True)
    cells = filled(ada)
    cells.nth(4).tap()
    row = handle(ada, "Row")
    expect(row).to_be_visible()
    box = row.bounding_box()
    assert box
    assert box["x"] >= 0
    assert min(box["width"], box["height"]) >= 24
    row.tap()
    ada.page.locator(".action-menu").get_by_role("button", name="Delete row").tap()
    assert rows_of(ada) == [["a", "b", "c"], ["g", "h", "i"]]
