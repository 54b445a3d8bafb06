"""Tables at the page: made, written in, changed, pasted, shared, and bounded (docs/formats.md)."""

import json
import re
from typing import Any

import pycrdt
from playwright.sync_api import Locator, expect

from tests.e2e import strangers
from tests.e2e.people import Person
from tests.support.eventually import eventually

PASTE = """html => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/html", html);
  document.querySelector(".prose").dispatchEvent(
    new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
}"""
#: The editor's content as the server's JSON has it, and the number of cells in the Yjs document.
SHAPE = """() => {
  const { editor } = document.querySelector(".prose");
  const rows = [];
  editor.state.doc.descendants(node => {
    if (node.type.name !== "tableRow") return true;
    rows.push(node.content.content.map(cell => cell.textContent));
    return false;
  });
  return rows;
}"""


def make_table(person: Person) -> Locator:
    """Insert a table by the toolbar, and wait until its first cell has the caret."""
    person.page.get_by_role("button", name="Table", exact=True).click()
    table = person.text.locator("table")
    expect(table).to_have_count(1)
    return table


def choose(person: Person, action: str) -> None:
    """Choose an action of the table at the caret."""
    person.page.get_by_role("button", name="Table", exact=True).click()
    person.page.locator(".action-menu").get_by_role("button", name=action, exact=True).click()


def rows_of(person: Person) -> Any:
    """Return the texts of all cells, row by row."""
    return person.page.evaluate(SHAPE)


def content_of(person: Person, document_id: str) -> Any:
    """Return the content as the server exports it."""
    return json.loads(person.exported(document_id, "json"))["content"]


def test_table_is_written_and_changed_by_keys_alone(
    ada: Person, grace: Person, shared: str
) -> None:
    """Tab goes on, and adds a row behind the last cell; the menu is reached from the toolbar."""
    ada.open(shared)
    grace.open(shared)
    ada.text.click()
    ada.page.keyboard.press("ControlOrMeta+Alt+g")
    expect(ada.text.locator("td, th")).to_have_count(9)
    for word in ("a", "b", "c", "d"):
        ada.page.keyboard.type(word)
        ada.page.keyboard.press("Tab")
    assert rows_of(ada) == [["a", "b", "c"], ["d", "", ""], ["", "", ""]]
    ada.page.keyboard.press("Shift+Tab")
    ada.page.keyboard.type("D")
    for _ in range(6):
        ada.page.keyboard.press("Tab")
    expect(ada.text.locator("tr")).to_have_count(4)
    ada.page.keyboard.type("new")
    ada.page.keyboard.press("ControlOrMeta+Alt+g")
    menu = ada.page.locator(".action-menu")
    expect(menu.get_by_role("button", name="Add row above")).to_be_focused()
    ada.page.keyboard.press("ArrowDown")
    ada.page.keyboard.press("Enter")
    expect(ada.text.locator("tr")).to_have_count(5)
    expect(menu).to_be_hidden()
    ada.page.keyboard.type("!")
    expect(ada.chip).to_have_text("Saved")
    eventually(lambda: rows_of(grace) == rows_of(ada))
    assert rows_of(ada)[3][0] == "new!"
    assert ada.exported(shared).splitlines()[1] == "D |  | "


def test_actions_of_a_table(ada: Person) -> None:
    """Head, spans, alignment, width, deletion; each is one step to undo, and in the export."""
    document_id = ada.create("Table")
    ada.open(document_id)
    ada.text.click()
    make_table(ada)
    ada.page.keyboard.type("head")
    choose(ada, "Header column")
    expect(ada.text.locator("th")).to_have_count(5)
    choose(ada, "Align right")
    choose(ada, "Wider column")
    expect(ada.text.locator("th").first).to_have_css("text-align", "right")
    expect(ada.text.locator("col").first).to_have_css("width", "160px")
    choose(ada, "Add column right")
    expect(ada.text.locator("tr").first.locator("td, th")).to_have_count(4)
    ada.page.keyboard.press("Shift+ArrowRight")
    expect(ada.text.locator(".selectedCell")).not_to_have_count(0)
    choose(ada, "Merge cells")
    expect(ada.text.locator("[colspan='2']")).to_have_count(1)
    choose(ada, "Split cell")
    expect(ada.text.locator("[colspan='2']")).to_have_count(0)
    choose(ada, "Delete row")
    choose(ada, "Delete column")
    expect(ada.text.locator("tr")).to_have_count(2)
    ada.ends_undo_step()
    choose(ada, "Delete table")
    expect(ada.text.locator("table")).to_have_count(0)
    ada.page.keyboard.press("ControlOrMeta+z")
    expect(ada.text.locator("table")).to_have_count(1)
    expect(ada.chip).to_have_text("Saved")
    assert content_of(ada, document_id)[0]["type"] == "table"


def test_one_deletes_columns_while_the_other_adds_rows(
    ada: Person, grace: Person, shared: str
) -> None:
    """Both pages and the server agree, and nobody's repair is repaired: the table stops to grow."""
    ada.expects_network_noise = grace.expects_network_noise = True
    ada.open(shared)
    ada.text.click()
    make_table(ada)
    for _ in range(3):
        choose(ada, "Add column right")
    grace.open(shared)
    expect(grace.text.locator("tr").first.locator("td, th")).to_have_count(6)
    for person, cell in ((ada, 0), (grace, 7)):
        person.text.locator("td, th").nth(cell).click()
    for _ in range(4):
        ada.context.set_offline(True)
        grace.context.set_offline(True)
        choose(ada, "Delete column")
        choose(grace, "Add row below")
        ada.context.set_offline(False)
        grace.context.set_offline(False)
        for person in (ada, grace):
            expect(person.chip).to_have_text("Saved")
        eventually(lambda: rows_of(ada) == rows_of(grace))
        assert sum(map(len, rows_of(ada))) <= 7 * 6
    head = ada.api("GET", f"documents/{shared}/")["seq"]
    ada.text.locator("td, th").first.click()
    ada.page.keyboard.type("words of both")
    expect(ada.chip).to_have_text("Saved")
    eventually(lambda: rows_of(ada) == rows_of(grace))
    log = ada.api("GET", f"documents/{shared}/operations/?after={head}")["results"]
    assert {row["author"]["username"] for row in log} == {"ada"}
    table = content_of(ada, shared)[0]
    assert [len(row["content"]) for row in table["content"]] == [len(row) for row in rows_of(ada)]


def test_sheet_is_pasted_as_a_table_and_a_larger_one_as_lines(ada: Person) -> None:
    """With spans that no table can have; 5,000 cells are one table."""
    document_id = ada.create("Sheet")
    ada.open(document_id)
    ada.text.click()
    row = "<tr>" + "<td>x</td>" * 50 + "</tr>"
    ada.page.evaluate(PASTE, f"<table>{row * 100}</table>")
    expect(ada.text.locator("td")).to_have_count(5_000)
    expect(ada.chip).to_have_text("Saved")  # and the tools of tables are there by then
    ada.page.keyboard.press("ControlOrMeta+a")
    ada.page.keyboard.press("Delete")
    expect(ada.text.locator("td")).to_have_count(0)
    ada.page.evaluate(PASTE, f"<table>{row * 201}</table>")
    said = "A table with more than 10,000 cells cannot be one here."
    expect(ada.page.get_by_text(said)).to_be_visible()
    expect(ada.text.locator("table")).to_have_count(0)
    expect(ada.text.locator("p")).to_have_count(201)
    ada.page.keyboard.press("ControlOrMeta+a")
    ada.page.keyboard.press("Delete")
    huge = "<table><tr><td colspan=1000000000 rowspan=999999>a</td></tr><tr><td>b</td></tr></table>"
    ada.page.evaluate(PASTE, huge)
    expect(ada.text.locator("table")).to_have_count(1)
    expect(ada.chip).to_have_text("Saved")


def test_table_that_no_page_could_lay_out_is_a_box(ada: Person, grace: Person, shared: str) -> None:
    """A span of 10^9 columns counts as none; too many places are a box, and everything is kept."""
    ada.open(shared)
    ada.insert("words")
    expect(ada.chip).to_have_text("Saved")

    def cell(**attributes: Any) -> pycrdt.XmlElement:
        paragraph = pycrdt.XmlElement("paragraph", None, [pycrdt.XmlText("c")])
        return pycrdt.XmlElement("tableCell", attributes, [paragraph])

    def table(*rows: list[pycrdt.XmlElement]) -> pycrdt.XmlElement:
        return pycrdt.XmlElement(
            "table", None, [pycrdt.XmlElement("tableRow", None, row) for row in rows]
        )

    def hostile(root: Any) -> None:
        root.children.append(table([cell(colspan=1e9, colwidth="wide", align=[1])]))
        root.children.append(
            table([cell(colspan=1000.0)] * 0 + [cell(colspan=1000.0) for _ in range(11)])
        )
        root.children.append(table([cell()], []))

    strangers.edit_by_rest(grace, shared, hostile)
    expect(ada.text.locator("td")).to_have_count(2)
    expect(ada.text.locator(".unknown")).to_have_count(1)
    ada.goes_to(0)
    ada.page.keyboard.type("more ")
    expect(ada.chip).to_have_text("Saved")
    kept = ada.exported(shared, "json")
    assert kept.count('"colspan": 1000') == 12
    assert re.search(r'"colspan": 1000000000\b', kept)
    assert "more words" in ada.exported(shared)
