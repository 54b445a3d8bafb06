"""Updates written struct by struct: the engine reads the content that was written."""

from typing import Any

import pycrdt
import pytest

from apps.crdt.codec.update_reader import read_update
from apps.crdt.codec.update_writer import Position, UpdateWriter


def root_of(update: bytes) -> Any:
    """Return the content of a document that has this update."""
    read_update(update)
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(update)
    return doc.get("default", type=pycrdt.XmlFragment)


@pytest.mark.parametrize(
    "value",
    ["", "é😀", True, False, 0, 1, -1, 63, 64, -64, 127, 128, 8191, 8192, 2**31, -(2**53) + 1],
)
def test_attribute_is_read_as_it_was_written(value: Any) -> None:
    """Texts, booleans and integers of any length."""
    writer = UpdateWriter(7)
    writer.attribute(writer.element("heading", Position(parent="default")), "level", value)
    (element,) = root_of(writer.update()).children
    assert dict(element.attributes) == {"level": value}


def test_characters_count_as_javascript_counts_them() -> None:
    """Text after an emoji follows both of its UTF-16 units."""
    writer = UpdateWriter(2**53 - 1)
    text = writer.text(Position(parent="default"))
    last = writer.characters("a😀", Position(parent=text))
    bold = writer.format("bold", {}, Position(left=last))
    last = writer.characters("b", Position(left=bold))
    writer.format("bold", None, Position(left=last))
    (found,) = root_of(writer.update()).children
    assert found.diff() == [("a😀", None), ("b", {"bold": {}})]
    assert writer.clock == 1 + 3 + 1 + 1 + 1


def test_position_between_two_neighbours_is_written() -> None:
    """In any order."""
    writer = UpdateWriter(7)
    first = writer.element("a", Position(parent="default"))
    last = writer.element("c", Position(left=first))
    writer.element("b", Position(left=first, right=last))
    writer.element("z", Position(right=first))
    assert [one.tag for one in root_of(writer.update()).children] == ["z", "a", "b", "c"]


def test_writer_without_structs_returns_the_empty_update() -> None:
    """As in Yjs."""
    assert UpdateWriter(7).update() == b"\x00\x00"
