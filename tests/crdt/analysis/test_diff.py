"""Diff of two states of a document."""

import random
from itertools import groupby
from typing import Any

import pycrdt
import pytest

from apps.crdt.analysis.content_ids import Element, TextRun, iter_content_with_ids
from apps.crdt.analysis.diff import ContentChange, content_changes
from tests.crdt.scribbling import Scribbler

STEPS = 60


def shown(state: bytes) -> list[Any]:
    """Return the content of a state: elements, and characters with their marks."""
    rows: list[Any] = []
    for node in iter_content_with_ids(state):
        if isinstance(node, Element):
            rows.append((node.depth, node.tag, node.attributes))
        else:
            rows += [(node.depth, letter, node.marks) for letter in node.text]
    return rows


def side(found: list[ContentChange], *, kinds: set[str], is_later: bool) -> list[Any]:
    """Return the content of one of the two states, from the changes."""
    rows: list[Any] = []
    for change in found:
        if change.kind in kinds:
            was = change.marks if is_later or change.before is None else change.before
            if change.tag is not None:
                rows.append((change.depth, change.tag, was))
            else:
                rows += [(change.depth, letter, was) for letter in change.text]
    return rows


@pytest.mark.parametrize("seed", range(40))
def test_changes_contain_both_states(seed: int) -> None:
    """Texts, marks, nested elements and attributes of three writers, between any two states."""
    chance = random.Random(seed)
    states = Scribbler(chance).write(STEPS)
    first, last = sorted(chance.sample(range(STEPS), 2))
    found = list(content_changes(earlier=states[first], later=states[last]))
    assert side(found, kinds={"equal", "insert"}, is_later=True) == shown(states[last])
    assert side(found, kinds={"equal", "delete"}, is_later=False) == shown(states[first])


def words(found: list[ContentChange]) -> list[tuple[str, str]]:
    """Return the kinds of change of text, each with its text."""
    pieces = [(change.kind, change.text) for change in found if change.tag is None]
    grouped = groupby(pieces, key=lambda piece: piece[0])
    return [(kind, "".join(text for _, text in run)) for kind, run in grouped]


def test_inserted_and_deleted_text_is_in_its_place() -> None:
    """In the middle of unchanged text, with characters of two units."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    text: pycrdt.Text = doc.get("content", type=pycrdt.Text)
    text += "one 😀 three"
    earlier = doc.get_update()
    del text[4 : 4 + len("😀".encode())]
    text.insert(4, "漢😀")
    del text[0:2]
    assert words(list(content_changes(earlier=earlier, later=doc.get_update()))) == [
        ("delete", "on"),
        ("equal", "e "),
        ("delete", "😀"),
        ("insert", "漢😀"),
        ("equal", " three"),
    ]


def test_content_inserted_and_deleted_in_between_is_no_change() -> None:
    """Neither state has it."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    text: pycrdt.Text = doc.get("content", type=pycrdt.Text)
    text += "stays"
    earlier = doc.get_update()
    text.insert(2, "never seen")
    del text[2:12]
    assert words(list(content_changes(earlier=earlier, later=doc.get_update()))) == [
        ("equal", "stays")
    ]


def test_state_compared_with_itself_is_equal() -> None:
    """All of it; the empty document has no content."""
    [*_, state] = Scribbler(random.Random(5)).write(STEPS)
    found = list(content_changes(earlier=state, later=state))
    assert {change.kind for change in found} == {"equal"}
    assert all(change.before is None for change in found)
    assert list(content_changes(earlier=b"\x00\x00", later=b"\x00\x00")) == []


def test_everything_is_inserted_since_the_empty_document() -> None:
    """All content is inserted."""
    [*_, state] = Scribbler(random.Random(6)).write(STEPS)
    found = list(content_changes(earlier=b"\x00\x00", later=state))
    assert {change.kind for change in found} == {"insert"}


def test_document_with_two_digit_indexes_is_read_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The indexes of its structs have two digits."""
    [*_, state] = Scribbler(random.Random(7)).write(STEPS)
    expected = list(iter_content_with_ids(state))
    assert sum(isinstance(node, TextRun) for node in expected) > 9
    monkeypatch.setattr("apps.crdt.analysis.id_encoding.DIGIT_BASE", 9)
    assert list(iter_content_with_ids(state)) == expected


def test_content_of_any_depth_is_in_the_diff() -> None:
    """Below 64 elements, it was left out."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    inside: Any = doc.get("default", type=pycrdt.XmlFragment)
    for _ in range(100):
        inside = inside.children.append(pycrdt.XmlElement("blockquote"))
    inside.children.append(pycrdt.XmlText("innermost"))
    found = content_changes(earlier=b"\x00\x00", later=doc.get_update())
    assert [(change.depth, change.text) for change in found if change.text] == [(100, "innermost")]
