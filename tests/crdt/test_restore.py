"""Going back is an edit: it makes the document what it was, and leaves alone what others write."""

import random
from typing import Any

import pycrdt
import pytest

from apps.crdt.pieces import root_names
from apps.crdt.restore import restoring_update
from apps.crdt.updates import read_update
from tests.crdt.scribbling import Scribbler, content

STEPS = 60


def text_of(*updates: bytes) -> str:
    """Return the root ``content`` of a document that these updates make."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    for update in updates:
        doc.apply_update(update)
    return str(doc.get("content", type=pycrdt.Text))


@pytest.mark.parametrize("seed", range(40))
def test_document_looks_as_it_did(seed: int) -> None:
    """Texts, marks, nested elements, attributes, maps and lists of three people, at any moment."""
    chance = random.Random(seed)
    states = Scribbler(chance).write(STEPS)
    earlier, present = states[chance.randrange(STEPS - 1)], states[-1]
    update = restoring_update(earlier=earlier, present=present)
    assert update is not None
    read_update(update)
    assert content(present, update) == content(earlier)


def test_what_is_written_meanwhile_stays() -> None:
    """A word that somebody types into what the restore takes back, and one into what it leaves."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    text: pycrdt.Text = doc.get("content", type=pycrdt.Text)
    text += "one two"
    earlier = doc.get_update()
    text.insert(3, " and a half")
    present, vector = doc.get_update(), doc.get_state()
    update = restoring_update(earlier=earlier, present=present)
    assert update is not None
    text.insert(0, "ZERO ")
    text += " three"
    meanwhile = doc.get_update(vector)
    assert text_of(present, update, meanwhile) == "ZERO one two three"
    assert text_of(present, meanwhile, update) == "ZERO one two three"


def test_what_stayed_is_not_touched() -> None:
    """Only what came is deleted and only what went is written anew: the rest keeps its author."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    text: pycrdt.Text = doc.get("content", type=pycrdt.Text)
    text += "x" * 1000
    earlier = doc.get_update()
    text.insert(500, "new")
    del text[0:10]
    update = restoring_update(earlier=earlier, present=doc.get_update())
    assert update is not None
    header = read_update(update)
    assert sum(length for runs in header.deletes.values() for _, length in runs) == 3
    assert sum(end - first for runs in header.ranges.values() for first, end in runs) == 10


def test_nothing_to_take_back_is_none() -> None:
    """The present itself, and a document that is still empty."""
    states = Scribbler(random.Random(1)).write(5)
    assert restoring_update(earlier=states[-1], present=states[-1]) is None
    assert restoring_update(earlier=b"\x00\x00", present=b"\x00\x00") is None


def test_document_goes_back_to_nothing() -> None:
    """Its first version is empty."""
    states = Scribbler(random.Random(2)).write(STEPS)
    update = restoring_update(earlier=b"\x00\x00", present=states[-1])
    assert update is not None
    assert content(states[-1], update) == content()


def test_roots_are_named_by_their_items() -> None:
    """All of them, whatever their type; those of an empty document are none."""
    states = Scribbler(random.Random(3)).write(STEPS)
    assert root_names(states[-1]) == {"default", "content", "meta", "list"}
    assert root_names(b"\x00\x00") == set()
