"""Undo of one author: their changes are undone, the changes of others stay."""

import random
import re
from typing import Any

import pycrdt
import pytest

from apps.crdt.codec.update_reader import read_update
from apps.crdt.edits.undo import Edit, undoing_update
from tests.crdt.scribbling import content

ADA, GRACE = 10, 11


class Desk:
    """A document that two authors edit by turns, and its log."""

    def __init__(self) -> None:
        self.docs = {who: pycrdt.Doc[Any](client_id=who) for who in (ADA, GRACE)}
        self.edits: list[Edit] = []

    def edit(self, who: int, change: Any, after: Any = None) -> None:
        """Apply one author's change of the root, and send it to the other."""
        doc = self.docs[who]
        vector = doc.get_state()
        with doc.transaction():
            change(doc.get("default", type=pycrdt.XmlFragment))
        if after is not None:
            after()
        update = doc.get_update(vector)
        self.edits.append(Edit(update, is_by_author=who == ADA))
        self.apply(update)

    def apply(self, update: bytes) -> None:
        """Send an update to both authors."""
        for doc in self.docs.values():
            doc.apply_update(update)

    @property
    def shown(self) -> str:
        """Return the document as XML."""
        return str(self.docs[GRACE].get("default", type=pycrdt.XmlFragment))

    @property
    def state(self) -> bytes:
        """Return the whole state."""
        return self.docs[GRACE].get_update()

    def without_ada(self, earlier: bytes = b"\x00\x00", since: int = 0) -> str:
        """Return the document as XML after the undo of Ada's edits."""
        update = undoing_update(earlier=earlier, edits=self.edits[since:])
        doc: pycrdt.Doc[Any] = pycrdt.Doc()
        doc.apply_update(self.state)
        if update is not None:
            read_update(update)
            doc.apply_update(update)
        return str(doc.get("default", type=pycrdt.XmlFragment))


def paragraph(text: str) -> Any:
    """Return a change that appends a paragraph."""

    def change(root: Any) -> None:
        element = root.children.append(pycrdt.XmlElement("paragraph"))
        element.children.append(pycrdt.XmlText(text))

    return change


def insert(at: int, text: str, block: int = 0) -> Any:
    """Return a change that inserts text into a paragraph."""
    return lambda root: root.children[block].children[0].insert(at, text)


def delete(at: int, end: int, block: int = 0) -> Any:
    """Return a change that deletes text of a paragraph."""

    def change(root: Any) -> None:
        del root.children[block].children[0][at:end]

    return change


def test_text_of_the_author_is_deleted_and_that_of_others_stays() -> None:
    """Also inside one word."""
    desk = Desk()
    desk.edit(GRACE, paragraph("one two"))
    desk.edit(ADA, insert(3, " ADA"))
    desk.edit(GRACE, insert(5, "grace"))
    desk.edit(ADA, insert(0, "x"))
    assert desk.without_ada() == "<paragraph>onegrace two</paragraph>"


def test_content_that_the_author_deleted_is_restored() -> None:
    """Except content that the other author deleted, and the author's own content."""
    desk = Desk()
    desk.edit(GRACE, paragraph("one two three"))
    desk.edit(ADA, delete(0, 4))
    desk.edit(GRACE, delete(0, 4))
    desk.edit(ADA, insert(0, "mine "))
    desk.edit(ADA, delete(0, 5))
    assert desk.without_ada() == "<paragraph>one three</paragraph>"


def test_paragraph_with_text_of_others_stays() -> None:
    """Although the author inserted it; with its attributes, and without the author's text."""
    desk = Desk()
    desk.edit(ADA, paragraph("ada"))
    desk.edit(ADA, lambda root: root.children[0].attributes.__setitem__("level", "2"))
    desk.edit(ADA, paragraph("alone"))
    desk.edit(GRACE, insert(1, "grace"))
    assert desk.without_ada() == '<paragraph level="2">grace</paragraph>'


def test_attribute_of_others_is_restored() -> None:
    """The value that the author had replaced."""
    desk = Desk()
    desk.edit(GRACE, paragraph("one"))
    desk.edit(GRACE, lambda root: root.children[0].attributes.__setitem__("level", "1"))
    desk.edit(ADA, lambda root: root.children[0].attributes.__setitem__("level", "2"))
    assert desk.without_ada() == '<paragraph level="1">one</paragraph>'


def test_only_later_edits_are_undone() -> None:
    """Earlier changes of the author stay."""
    desk = Desk()
    desk.edit(ADA, paragraph("before "))
    earlier, since = desk.state, len(desk.edits)
    desk.edit(GRACE, insert(7, "grace"))
    desk.edit(ADA, insert(7, "after "))
    desk.edit(ADA, delete(0, 3))
    assert desk.without_ada(earlier, since) == "<paragraph>before grace</paragraph>"


def test_undo_without_edits_of_the_author_is_none() -> None:
    """Also if nothing of it is left."""
    desk = Desk()
    desk.edit(GRACE, paragraph("one"))
    assert undoing_update(earlier=b"\x00\x00", edits=desk.edits) is None
    desk.edit(ADA, insert(3, "x"))
    desk.edit(GRACE, delete(3, 4))
    assert undoing_update(earlier=b"\x00\x00", edits=desk.edits) is None


@pytest.mark.parametrize("seed", range(40))
def test_undo_of_random_letters_leaves_those_of_the_other(seed: int) -> None:
    """Each types one letter, and only Ada deletes: exactly the letters that Grace typed remain."""
    chance = random.Random(seed)
    desk = Desk()
    desk.edit(GRACE, paragraph("g"))
    letters, typed = {ADA: "a", GRACE: "g"}, 1
    for _ in range(60):
        who = chance.choice([ADA, GRACE])
        root = desk.docs[who].get("default", type=pycrdt.XmlFragment)
        block = chance.randrange(len(root.children))
        length = len(root.children[block].children[0])
        at = chance.randint(0, length)
        what = chance.random()
        if what < 0.15:
            desk.edit(who, paragraph(letters[who]))
        elif what < 0.7:
            desk.edit(who, insert(at, letters[who], block))
        elif who == ADA:
            desk.edit(who, delete(at, min(at + 2, length), block))
            continue
        else:
            continue
        typed += who == GRACE
    assert re.sub("<[^>]*>", "", desk.without_ada()) == "g" * typed


def test_marks_of_the_author_are_removed() -> None:
    """The text with the marks stays."""
    desk = Desk()
    desk.edit(GRACE, paragraph("one two"))
    before = content(desk.state)
    desk.edit(ADA, lambda root: root.children[0].children[0].format(0, 3, {"bold": True}))
    assert content(desk.state) != before
    update = undoing_update(earlier=b"\x00\x00", edits=desk.edits)
    assert update is not None
    assert content(desk.state, update) == before


def test_second_undo_of_the_same_edits_is_none() -> None:
    """An undo that reaches further back does only the rest: text comes back once."""
    desk = Desk()
    desk.edit(GRACE, paragraph("one two"))
    desk.edit(ADA, lambda root: root.children.__delitem__(0))
    desk.edit(GRACE, paragraph("three four"))
    earlier, since = desk.state, len(desk.edits)
    desk.edit(ADA, delete(0, 6))
    for begin, first in ((earlier, since), (b"\x00\x00", 0)):
        edits = desk.edits[first:]
        update = undoing_update(earlier=begin, edits=edits)
        assert update is not None
        desk.apply(update)
        desk.edits.append(Edit(update, is_by_author=False))
        assert undoing_update(earlier=begin, edits=desk.edits[first:]) is None
    assert desk.shown == "<paragraph>three four</paragraph><paragraph>one two</paragraph>"


def test_content_that_the_author_restored_is_restored_once() -> None:
    """The author's own copy is deleted, and a new copy is inserted."""
    desk = Desk()
    desk.edit(GRACE, paragraph("one two"))
    doc = desk.docs[ADA]
    manager = pycrdt.UndoManager(scopes=[doc.get("default", type=pycrdt.XmlFragment)])
    desk.edit(ADA, delete(0, 4))
    desk.edit(ADA, lambda _: None, after=manager.undo)
    assert desk.shown == "<paragraph>one two</paragraph>"
    assert desk.without_ada() == "<paragraph>one two</paragraph>"
