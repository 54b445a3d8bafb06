"""Going back is an edit: it makes the document what it was, and leaves alone what others write."""

import random
from typing import Any

import pycrdt
import pytest

from apps.crdt.analysis.diff import ContentChange, content_changes
from apps.crdt.codec.structs import Span, root_names
from apps.crdt.codec.update_reader import read_update
from apps.crdt.edits.fragments import FragmentInvalidError, fragment_decode, fragment_encode
from apps.crdt.edits.restore import fragment_restoring_update, restoring_update
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


def taken_back(earlier: bytes, present: bytes, part: list[Span]) -> bytes | None:
    """Return the edit that takes a part back; what looks like a copy is taken for one."""
    return fragment_restoring_update(
        earlier=earlier, present=present, part=part, came_after=lambda _copy, _original: True
    )


def deleted_parts(earlier: bytes, present: bytes) -> list[ContentChange]:
    """Return what the present has no more."""
    return [
        each for each in content_changes(earlier=earlier, later=present) if each.kind == "delete"
    ]


@pytest.mark.parametrize("seed", range(40))
def test_part_is_taken_back_and_nothing_else(seed: int) -> None:
    """Any deleted element or text: with what stood in it, and with what it stood in."""
    chance = random.Random(seed)
    states = Scribbler(chance).write(STEPS)
    present = states[-1]
    chance.shuffle(states)
    earlier, gone = next(
        (state, gone) for state in states if (gone := deleted_parts(state, present))
    )
    part = chance.choice(gone)
    update = fragment_restoring_update(
        earlier=earlier,
        present=present,
        part=[(part.id, part.units)],
        came_after=lambda _copy, _original: False,
    )
    assert update is not None
    header = read_update(update)
    assert not header.deletes or part.tag is not None
    after: pycrdt.Doc[Any] = pycrdt.Doc()
    after.apply_update(present)
    after.apply_update(update)
    found = list(content_changes(earlier=present, later=after.get_update()))
    assert {each.kind for each in found} <= {"equal", "insert"}
    back = [each for each in found if each.kind == "insert"]
    if part.tag is None:
        assert part.text in "".join(each.text for each in back)
        depths = [each.depth for each in back if each.tag is not None]
        assert len(set(depths)) == len(depths)  # nothing but what it stood in
    else:
        assert part.tag in [each.tag for each in back]


def test_deleted_paragraph_comes_back_between_what_was_written_since() -> None:
    """With its words and their marks, in its place."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    root: Any = doc.get("default", type=pycrdt.XmlFragment)
    for words in ("one", "two", "three"):
        root.children.append(pycrdt.XmlElement("p")).children.append(pycrdt.XmlText(words))
    root.children[1].children[0].format(0, 2, {"bold": {}})
    earlier = doc.get_update()
    del root.children[1]
    root.children[0].children[0].insert(3, "!")
    root.children.insert(1, pycrdt.XmlElement("new"))
    present = doc.get_update()
    [paragraph, *_] = deleted_parts(earlier, present)
    part = [(paragraph.id, 1)]
    update = taken_back(earlier, present, part)
    assert update is not None
    doc.apply_update(update)
    assert str(root) in {
        "<p>one!</p><new></new><p><bold>tw</bold>o</p><p>three</p>",
        "<p>one!</p><p><bold>tw</bold>o</p><new></new><p>three</p>",
    }
    assert taken_back(earlier, doc.get_update(), part) is None


def test_deleted_words_come_back_once() -> None:
    """Though the present has no more of them than a copy, into which was typed since."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    text: pycrdt.Text = doc.get("content", type=pycrdt.Text)
    text += "one two three"
    earlier = doc.get_update()
    del text[4:8]
    [gone] = deleted_parts(earlier, doc.get_update())
    part = [(gone.id, gone.units)]
    update = taken_back(earlier, doc.get_update(), part)
    assert update is not None
    doc.apply_update(update)
    text.insert(8, "and ")
    assert str(text) == "one two and three"
    assert taken_back(earlier, doc.get_update(), part) is None
    del text[4:8]
    update = taken_back(earlier, doc.get_update(), part)
    assert update is not None
    doc.apply_update(update)
    assert str(text) in {"one and two three", "one two and three"}


def test_part_that_is_there_still_is_none() -> None:
    """And so is one that never was."""
    [*_, state] = Scribbler(random.Random(4)).write(STEPS)
    for part in ([((10, 0), 5)], [((987, 0), 10**9)]):
        assert taken_back(state, state, part) is None


@pytest.mark.parametrize(
    "name", ["", "1-2", "1-2-3,", "a-1-1", "1-2-0", "-1-2-3", "1-4294967295-1", "1-1-9999999999"]
)
def test_name_of_a_part_that_is_none_is_refused(name: str) -> None:
    """Before anything is looked for."""
    with pytest.raises(FragmentInvalidError):
        fragment_decode(name)


def test_name_of_a_part_is_read_as_it_was_written() -> None:
    """Spaces around do no harm."""
    spans = [((1, 2), 3), ((4, 5), 6)]
    assert fragment_decode(fragment_encode(spans)) == spans == fragment_decode(" 1-2-3, 4-5-6 ")
