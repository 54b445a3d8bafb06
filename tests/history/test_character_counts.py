"""Counts of the characters that operations insert and delete."""

from typing import Any

import pycrdt

from apps.core import clock, ids
from apps.history.attribution import AttributionIndex
from apps.oplog.compacted_operations import CompactedOperation
from apps.oplog.operation import Operation


class Writer:
    """Logs the edits of one client."""

    def __init__(self) -> None:
        self.doc: pycrdt.Doc[Any] = pycrdt.Doc()
        self.index = AttributionIndex()
        self._seq = 0

    def log(self, *, is_compacted: bool = False) -> tuple[int, int]:
        """Log the whole document once more; return the counts of the new operation."""
        self._seq += 1
        update, vector = self.doc.get_update(), self.doc.get_state()
        operation = Operation("d", self._seq, ids.new_id(), "1", clock.now(), vector, update)
        if is_compacted:
            self.index.add_compacted(CompactedOperation.of(operation))
        else:
            self.index.add(operation, is_quarantined=False)
        self.index = AttributionIndex.decode(self.index.encode())
        return self.index.character_counts(self._seq, self._seq)


def test_elements_and_marks_are_no_characters() -> None:
    """Neither inserted nor deleted; content that an update repeats is not counted again."""
    writer = Writer()
    root: pycrdt.XmlFragment = writer.doc.get("default", type=pycrdt.XmlFragment)
    text = pycrdt.XmlText("one two")
    root.children.append(pycrdt.XmlElement("heading", {"level": "2"}, [text]))
    assert writer.log() == (7, 0)
    text.format(0, 3, {"bold": True})
    assert writer.log() == (0, 0)
    text.insert(7, "😀")
    del text[0:2]
    assert writer.log() == (2, 2)
    del root.children[0]
    assert writer.log() == (0, 7)
    assert writer.log() == (0, 0)
    assert writer.index.character_counts(1, 5) == (9, 9)


def test_content_deleted_before_it_was_logged_is_not_counted() -> None:
    """It was never visible."""
    writer = Writer()
    text: pycrdt.Text = writer.doc.get("content", type=pycrdt.Text)
    text += "never seen"
    del text[5:10]
    assert writer.log() == (5, 0)


def test_characters_of_a_compacted_log_are_those_of_its_compaction_point() -> None:
    """Later deletions are counted by them."""
    writer = Writer()
    root: pycrdt.XmlFragment = writer.doc.get("default", type=pycrdt.XmlFragment)
    root.children.append(pycrdt.XmlElement("paragraph", {}, [pycrdt.XmlText("words")]))
    writer.log(is_compacted=True)
    writer.index.add_compaction_point(writer.doc.get_update())
    del root.children[0]
    assert writer.log() == (0, 5)
