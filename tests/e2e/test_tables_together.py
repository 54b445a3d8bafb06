"""Two people who change one table at once by hundreds of actions: no page diverges."""

import json
import random
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.people import Person
from tests.e2e.test_tables import make_table
from tests.support.eventually import eventually

#: Actions of each page, and how many it does before the other's edits can arrive.
ACTIONS, AT_ONCE = 150, 5
#: Runs actions on a page in one turn of its event loop: each at a cell, chosen by its number.
ACT = """async actions => {
  const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
  const of = folder => import(
    loaded.find(name => name.includes(`/${folder}/tables.`) && name.endsWith(".js")));
  const [{ TABLE_ACTIONS, repairTables }, { CellSelection }] =
    await Promise.all([of("editor"), of("vendor")]);
  const { editor } = document.querySelector(".prose");
  const known = new Map(TABLE_ACTIONS.flat().map(action => [action.name, action]));
  const done = [];
  for (const [name, number, other] of actions) {
    repairTables(editor);
    const cells = [];
    editor.state.doc.descendants((node, at) => {
      if (node.type.name === "tableCell" || node.type.name === "tableHeader") cells.push(at);
    });
    if (cells.length === 0) break;
    const at = cells[number % cells.length];
    editor.commands.setTextSelection(at + 2);
    if (name.length === 1) editor.commands.insertContent(name);
    if (name === "Merge cells") {
      const { state, view } = editor;
      const end = cells[(number + other) % cells.length];
      view.dispatch(state.tr.setSelection(CellSelection.create(state.doc, at, end)));
    }
    const action = known.get(name);
    if (action && !action.isEnabled(editor)) continue;
    action?.run(editor);
    done.push(name);
  }
  return done;
}"""
#: The content of the editor: the kind, spans and words of each cell.
SHOWN = """() => {
  const rows = [];
  document.querySelector(".prose").editor.state.doc.descendants(node => {
    if (node.type.name !== "tableRow") return true;
    rows.push(node.content.content.map(cell =>
      [cell.type.name, cell.attrs.colspan, cell.attrs.rowspan, cell.textContent]));
    return false;
  });
  return rows;
}"""


def shown_by(page: Page) -> Any:
    """Return the cells that a page shows."""
    return page.evaluate(SHOWN)


def exported_by(person: Person, document_id: str) -> Any:
    """Return the cells as the server exports them."""
    content = json.loads(person.exported(document_id, "json"))["content"]
    return [
        [
            [
                cell["type"],
                cell.get("attrs", {}).get("colspan", 1),
                cell.get("attrs", {}).get("rowspan", 1),
                _words(cell),
            ]
            for cell in row["content"]
        ]
        for table in content
        if table["type"] == "table"
        for row in table["content"]
    ]


def _words(node: Any) -> str:
    return str(node.get("text", "")) + "".join(map(_words, node.get("content", ())))


MIXED = {
    "Add row above": 3,
    "Add row below": 3,
    "Add column left": 3,
    "Add column right": 3,
    "Delete row": 4,
    "Delete column": 7,
    "Header row": 1,
    "Header column": 1,
    "Merge cells": 2,
    "Split cell": 3,
    "Align centre": 1,
    "Wider column": 1,
    "x": 8,
}
#: What the two people do: both anything; one deletes columns while the other adds rows.
PAIRS = {
    "anything": (MIXED, MIXED),
    "columns deleted and rows added": (
        {"Delete column": 3, "Add column right": 2, "x": 1},
        {"Add row below": 3, "Delete row": 2, "x": 1},
    ),
}
#: Places of a table that is no box. Spans that overlap make it wider, by what is done alone.
MOST_PLACES = 10_000


@pytest.mark.parametrize("name", PAIRS)
def test_two_people_in_one_table_do_not_diverge(
    ada: Person, grace: Person, shared: str, name: str
) -> None:
    """Both pages, a new one and the server agree after hundreds of actions; then it is quiet."""
    ada.open(shared)
    ada.text.click()
    make_table(ada)
    expect(ada.chip).to_have_text("Saved")
    grace.open(shared)
    expect(grace.text.locator("td, th")).to_have_count(9)
    grace.text.locator("td").first.click()
    chance = random.Random(18)
    done = []
    for _ in range(ACTIONS // AT_ONCE):
        for person, weights in zip((ada, grace), PAIRS[name], strict=True):
            chosen = chance.choices(list(weights), list(weights.values()), k=AT_ONCE)
            actions = [(one, chance.randrange(1_000), chance.randrange(1, 5)) for one in chosen]
            done += person.page.evaluate(ACT, actions)
        if ada.text.locator("table").count() == 0:
            break
    assert len(done) > 100
    for person in (ada, grace):
        expect(person.chip).to_have_text("Saved")
    eventually(lambda: shown_by(ada.page) == shown_by(grace.page))
    seq = ada.api("GET", f"documents/{shared}/")["seq"]
    fresh = ada.context.new_page()
    fresh.goto(f"/documents/{shared}/")
    expect(fresh.locator("#status")).to_have_text("Saved")
    fresh.locator("td, th").first.click()
    cells = shown_by(ada.page)
    assert shown_by(fresh) == cells
    assert exported_by(ada, shared) == cells
    width, height = max(map(len, cells)), len(cells)
    assert width * height < MOST_PLACES
    if name != "anything":
        assert width <= 3 + done.count("Add column right")
        assert height <= 3 + done.count("Add row below")
    assert ada.api("GET", f"documents/{shared}/")["seq"] == seq
