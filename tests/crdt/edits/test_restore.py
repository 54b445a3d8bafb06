"""A restore is an edit: it recreates an earlier state, and merges with concurrent edits."""

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
def test_restored_document_equals_the_earlier_state(seed: int) -> None:
    """Texts, marks, nested elements, attributes, maps and lists of three writers, at any step."""
    chance = random.Random(seed)
    states = Scribbler(chance).write(STEPS)
    earlier, present = states[chance.randrange(STEPS - 1)], states[-1]
    update = restoring_update(earlier=earlier, present=present)
    assert update is not None
    read_update(update)
    assert content(present, update) == content(earlier)


def test_concurrent_edits_stay() -> None:
    """One word typed into content that the restore deletes, one into content that it keeps."""
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


def test_unchanged_content_is_not_touched() -> None:
    """Only new content is deleted, only deleted content is inserted: the rest keeps its author."""
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


def test_restore_of_the_present_state_is_none() -> None:
    """For the present state, and for an empty document."""
    states = Scribbler(random.Random(1)).write(5)
    assert restoring_update(earlier=states[-1], present=states[-1]) is None
    assert restoring_update(earlier=b"\x00\x00", present=b"\x00\x00") is None


def test_document_is_restored_to_its_empty_version() -> None:
    """Its first version is empty."""
    states = Scribbler(random.Random(2)).write(STEPS)
    update = restoring_update(earlier=b"\x00\x00", present=states[-1])
    assert update is not None
    assert content(states[-1], update) == content()


def test_roots_are_named_by_their_items() -> None:
    """Of any type; an empty document has none."""
    states = Scribbler(random.Random(3)).write(STEPS)
    assert root_names(states[-1]) == {"default", "content", "meta", "list"}
    assert root_names(b"\x00\x00") == set()


def taken_back(earlier: bytes, present: bytes, part: list[Span]) -> bytes | None:
    """Return the update that restores a fragment; any equal content counts as a copy."""
    return fragment_restoring_update(
        earlier=earlier, present=present, fragment=part, came_after=lambda _copy, _original: True
    )


def deleted_parts(earlier: bytes, present: bytes) -> list[ContentChange]:
    """Return the content that the present state has deleted."""
    return [
        change
        for change in content_changes(earlier=earlier, later=present)
        if change.kind == "delete"
    ]


@pytest.mark.parametrize("seed", range(40))
def test_fragment_is_restored_and_nothing_else(seed: int) -> None:
    """Any deleted element or text: with the content in it, and with the elements around it."""
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
        fragment=[(part.id, part.length)],
        came_after=lambda _copy, _original: False,
    )
    assert update is not None
    header = read_update(update)
    assert not header.deletes or part.tag is not None
    after: pycrdt.Doc[Any] = pycrdt.Doc()
    after.apply_update(present)
    after.apply_update(update)
    found = list(content_changes(earlier=present, later=after.get_update()))
    assert {change.kind for change in found} <= {"equal", "insert"}
    back = [change for change in found if change.kind == "insert"]
    if part.tag is None:
        assert part.text in "".join(change.text for change in back)
        depths = [change.depth for change in back if change.tag is not None]
        assert len(set(depths)) == len(depths)  # nothing but what it stood in
    else:
        assert part.tag in [change.tag for change in back]


def test_deleted_paragraph_is_restored_between_newer_content() -> None:
    """With its text and marks, in its place."""
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


def test_deleted_text_is_restored_once() -> None:
    """Although the present state has only a copy, with text typed into it since."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    text: pycrdt.Text = doc.get("content", type=pycrdt.Text)
    text += "one two three"
    earlier = doc.get_update()
    del text[4:8]
    [gone] = deleted_parts(earlier, doc.get_update())
    part = [(gone.id, gone.length)]
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


def test_restore_of_a_visible_fragment_is_none() -> None:
    """And so is a fragment that never existed."""
    [*_, state] = Scribbler(random.Random(4)).write(STEPS)
    for part in ([((10, 0), 5)], [((987, 0), 10**9)]):
        assert taken_back(state, state, part) is None


@pytest.mark.parametrize(
    "name", ["", "1-2", "1-2-3,", "a-1-1", "1-2-0", "-1-2-3", "1-4294967295-1", "1-1-9999999999"]
)
def test_malformed_name_of_a_fragment_is_refused(name: str) -> None:
    """Before any document is read."""
    with pytest.raises(FragmentInvalidError):
        fragment_decode(name)


def test_name_of_a_fragment_round_trips() -> None:
    """Spaces around it are ignored."""
    spans = [((1, 2), 3), ((4, 5), 6)]
    assert fragment_decode(fragment_encode(spans)) == spans == fragment_decode(" 1-2-3, 4-5-6 ")
