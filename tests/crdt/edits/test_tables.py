"""Undo of one person and restore of a part inside tables: cells, rows, columns, spans."""

from collections.abc import Callable
from typing import Any

import pycrdt

from apps.crdt.analysis.diff import content_changes
from apps.crdt.content.prosemirror import document_json
from apps.crdt.content.schema import fit_to_schema
from apps.crdt.edits.restore import fragment_restoring_update
from apps.crdt.edits.undo import undoing_update
from tests.crdt.edits.test_undo import ADA, GRACE, Desk

Rows = list[list[str]]
Change = Callable[[Any], None]


def cell(words: str) -> pycrdt.XmlElement:
    """Return a cell with one paragraph."""
    paragraph = pycrdt.XmlElement("paragraph", None, [pycrdt.XmlText(words)])
    return pycrdt.XmlElement("tableCell", None, [paragraph])


def row(*words: str) -> pycrdt.XmlElement:
    """Return a row of cells."""
    return pycrdt.XmlElement("tableRow", None, [cell(word) for word in words])


def with_table(*rows: tuple[str, ...]) -> Change:
    """Return a change that appends a table."""
    made = pycrdt.XmlElement("table", None, [row(*words) for words in rows])
    return lambda root: root.children.append(made)


def text_of(root: Any, line: int, column: int) -> Any:
    """Return the text of a cell of the first table."""
    return root.children[0].children[line].children[column].children[0].children[0]


def rows_in(state: bytes, *updates: bytes | None) -> Rows:
    """Return the words of each cell of the first table, with the spans of wide ones."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    for update in (state, *filter(None, updates)):
        doc.apply_update(update)
    blocks = document_json(doc.get_update())["content"]
    return [
        [_words(one) + "+" * (int(one.get("attrs", {}).get("colspan", 1)) - 1) for one in line]
        for line in (line.get("content", []) for line in blocks[0]["content"])
    ]


def _words(node: Any) -> str:
    return str(node.get("text", "")) + "".join(map(_words, node.get("content", ())))


def undone(desk: Desk) -> Rows:
    """Return the table after the undo of Ada's edits."""
    return rows_in(desk.state, undoing_update(earlier=b"\x00\x00", edits=desk.edits))


def desk_with(*rows: tuple[str, ...]) -> Desk:
    """Return a desk with a table of Grace's."""
    desk = Desk()
    desk.edit(GRACE, with_table(*rows))
    return desk


def test_undo_takes_words_rows_and_deletions_of_one_person() -> None:
    """In the cells of another person, whose words stay where they are."""
    desk = desk_with(("a", "b"), ("c", "d"))
    desk.edit(ADA, lambda root: text_of(root, 0, 0).insert(1, " ADA"))
    desk.edit(ADA, lambda root: text_of(root, 1, 1).__delitem__(slice(0, 1)))
    desk.edit(ADA, lambda root: root.children[0].children.insert(1, row("new", "row")))
    desk.edit(GRACE, lambda root: text_of(root, 0, 0).insert(0, "grace "))
    assert undone(desk) == [["grace a", "b"], ["c", "d"]]


def test_undo_brings_back_a_deleted_column_and_row() -> None:
    """Each cell at its place, also in a row that another person has added meanwhile."""
    desk = desk_with(("a", "b", "c"), ("d", "e", "f"))

    def delete_column(root: Any) -> None:
        for line in root.children[0].children:
            del line.children[1]

    desk.edit(ADA, delete_column)
    desk.edit(GRACE, lambda root: root.children[0].children.append(row("g", "h")))
    assert undone(desk) == [["a", "b", "c"], ["d", "e", "f"], ["g", "h"]]
    desk.edit(ADA, lambda root: root.children[0].children.__delitem__(slice(0, 1)))
    assert undone(desk) == [["a", "b", "c"], ["d", "e", "f"], ["g", "h"]]


def test_undo_of_a_merge_brings_back_the_cells() -> None:
    """The span of the wide cell goes, and what was moved into it."""
    desk = desk_with(("a", "b"), ("c", "d"))

    def merge(root: Any) -> None:
        first = root.children[0].children[0]
        first.children[0].attributes["colspan"] = 2.0
        words = pycrdt.XmlElement("paragraph", None, [pycrdt.XmlText("b")])
        first.children[0].children.append(words)
        del first.children[1]

    desk.edit(ADA, merge)
    assert rows_in(desk.state) == [["ab+"], ["c", "d"]]
    desk.edit(GRACE, lambda root: text_of(root, 1, 0).insert(1, "!"))
    assert undone(desk) == [["a", "b"], ["c!", "d"]]


def test_row_of_the_person_with_words_of_another_stays() -> None:
    """The cells without such words go; the table is a rectangle in each format, and for editors."""
    desk = desk_with(("a", "b"))
    desk.edit(ADA, lambda root: root.children[0].children.append(row("x", "y")))
    desk.edit(GRACE, lambda root: text_of(root, 1, 1).insert(0, "grace"))
    assert undone(desk) == [["a", "b"], ["grace"]]
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(desk.state)
    doc.apply_update(undoing_update(earlier=b"\x00\x00", edits=desk.edits) or b"\x00\x00")
    fitted = fit_to_schema(document_json(doc.get_update())["content"])
    assert [len(line["content"]) for line in fitted[0]["content"]] == [2, 2]


def restored(earlier: bytes, present: bytes, tag: str | None, words: str) -> Rows:
    """Return the table after the restore of a deleted element whose first words are these."""
    changes = list(content_changes(earlier=earlier, later=present))
    [part] = [
        change
        for at, change in enumerate(changes)
        if change.kind == "delete"
        and change.tag == tag
        and next(later.text for later in changes[at:] if later.text) == words
    ]
    update = fragment_restoring_update(
        earlier=earlier,
        present=present,
        fragment=[(part.id, part.length)],
        came_after=lambda _copy, _original: True,
    )
    return rows_in(present, update)


def test_deleted_row_cell_and_word_are_restored_alone() -> None:
    """Newer words and rows stay, other deleted parts stay deleted."""
    desk = desk_with(("a", "b"), ("c", "d"), ("e", "f"))
    earlier = desk.state
    desk.edit(GRACE, lambda root: root.children[0].children.__delitem__(slice(1, 2)))
    desk.edit(GRACE, lambda root: text_of(root, 1, 1).__delitem__(slice(0, 1)))
    desk.edit(GRACE, lambda root: text_of(root, 0, 0).insert(1, " new"))
    desk.edit(GRACE, lambda root: root.children[0].children.append(row("g", "h")))
    assert rows_in(desk.state) == [["a new", "b"], ["e", ""], ["g", "h"]]
    assert restored(earlier, desk.state, "tableRow", "c") == [
        ["a new", "b"],
        ["c", "d"],
        ["e", ""],
        ["g", "h"],
    ]
    assert restored(earlier, desk.state, None, "f") == [["a new", "b"], ["e", "f"], ["g", "h"]]


def test_deleted_cell_of_a_column_is_restored_at_its_place() -> None:
    """The other cells of the column stay deleted."""
    desk = desk_with(("a", "b", "c"), ("d", "e", "f"))
    earlier = desk.state

    def delete_column(root: Any) -> None:
        for line in root.children[0].children:
            del line.children[1]

    desk.edit(GRACE, delete_column)
    assert restored(earlier, desk.state, "tableCell", "e") == [["a", "c"], ["d", "e", "f"]]


def test_deleted_table_is_restored_whole() -> None:
    """With its spans, from its first row to its last."""
    desk = desk_with(("a", "b"), ("c",))
    desk.edit(
        GRACE,
        lambda root: (
            root.children[0].children[1].children[0].attributes.__setitem__("colspan", 2.0)
        ),
    )
    earlier = desk.state
    desk.edit(GRACE, lambda root: root.children.__delitem__(slice(0, 1)))
    assert restored(earlier, desk.state, "table", "a") == [["a", "b"], ["c+"]]
