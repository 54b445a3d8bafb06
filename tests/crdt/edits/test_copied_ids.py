"""Edits of the server name the ids that their content is a copy of."""

import random
from typing import Any

import pycrdt
import pytest

from apps.crdt.codec.contents import ELEMENT, STRING, TYPE
from apps.crdt.codec.copy_map import copy_map_decode
from apps.crdt.codec.structs import Id, iter_structs
from apps.crdt.edits import copied_ids
from apps.crdt.edits.copied_ids import MadeEdit
from apps.crdt.edits.restore import fragment_restoring_edit, restoring_edit
from apps.crdt.edits.undo import Edit, undoing_edit
from tests.crdt.scribbling import Scribbler, content

STEPS = 60


def contents(*updates: bytes) -> dict[Id, bytes]:
    """Return each character and the name of each element, by its id."""
    found: dict[Id, bytes] = {}
    for update in updates:
        for struct in iter_structs(update):
            if struct.kind == STRING:
                for offset, character in enumerate(struct.text):
                    found[struct.client, struct.clock + offset] = character.encode()
            elif struct.kind == TYPE and struct.content[0] == ELEMENT:
                found[struct.id] = struct.content
    return found


def assert_names_its_sources(edit: MadeEdit, *before: bytes) -> None:
    """Check that all content of an edit is a copy of equal content that was there before."""
    known, made = contents(*before), contents(edit.update)
    copies = {
        (copied.client, copied.clock + offset): (copied.source_client, copied.source_clock + offset)
        for copied in copy_map_decode(edit.copies)
        for offset in range(copied.length)
    }
    assert copies
    assert {id_: known[source] for id_, source in copies.items()} == made


@pytest.mark.parametrize("base", [50_000, 300])
@pytest.mark.parametrize("seed", range(12))
def test_restore_names_the_sources_of_all_that_it_inserts(
    seed: int, base: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Texts, marks and nested elements of three writers; with numbers of one digit and of more."""
    monkeypatch.setattr(copied_ids, "_DIGIT_BASE", base)
    chance = random.Random(seed)
    states = Scribbler(chance).write(STEPS)
    earlier, present = states[chance.randrange(STEPS - 1)], states[-1]
    edit = restoring_edit(earlier=earlier, present=present)
    assert edit is not None
    assert content(present, edit.update) == content(earlier)
    assert_names_its_sources(edit, earlier, present)


def paragraph_doc(*texts: str) -> "pycrdt.Doc[Any]":
    """Return a document of paragraphs."""
    doc = pycrdt.Doc[Any](client_id=5)
    root = doc.get("default", type=pycrdt.XmlFragment)
    for text in texts:
        root.children.append(pycrdt.XmlElement("paragraph")).children.append(pycrdt.XmlText(text))
    return doc


def test_fragment_names_its_sources() -> None:
    """A paragraph that was deleted, of two."""
    doc = paragraph_doc("one", "zwei 😀")
    earlier = doc.get_update()
    del doc.get("default", type=pycrdt.XmlFragment).children[1]
    second = [struct.span for struct in iter_structs(earlier) if "zwei" in struct.text]
    edit = fragment_restoring_edit(
        earlier=earlier, present=doc.get_update(), fragment=second, came_after=lambda *_: False
    )
    assert edit is not None
    [text] = [range_ for range_ in copy_map_decode(edit.copies) if range_.length > 1]
    assert (text.source_client, text.source_clock, text.length) == (*second[0][0], 7)


def test_undo_of_a_person_names_its_sources() -> None:
    """What the person deleted comes back as copies."""
    doc = paragraph_doc("one", "two")
    earlier, vector = doc.get_update(), doc.get_state()
    root = doc.get("default", type=pycrdt.XmlFragment)
    with doc.transaction():
        del root.children[0].children[0][0:2]
        del root.children[1]
    edits = [Edit(doc.get_update(vector), is_by_author=True)]
    edit = undoing_edit(earlier=earlier, edits=edits)
    assert edit is not None
    assert_names_its_sources(edit, earlier)


def test_nothing_to_restore_has_no_copy_map() -> None:
    """The edit is None."""
    state = paragraph_doc("one").get_update()
    assert restoring_edit(earlier=state, present=state) is None
