"""Letters that operations bring and delete, and what are none."""

from typing import Any

import pycrdt

from apps.core import clock, ids
from apps.history.attribution import AttributionIndex
from apps.oplog.compacted_operations import CompactedOperation
from apps.oplog.operation import Operation


class Writer:
    """Makes the edits of one client into a log."""

    def __init__(self) -> None:
        self.doc: pycrdt.Doc[Any] = pycrdt.Doc()
        self.clocks = AttributionIndex()
        self._seq = 0

    def log(self, *, is_packed: bool = False) -> tuple[int, int]:
        """Log all that there is, again and again; return how many letters came and went."""
        self._seq += 1
        update, vector = self.doc.get_update(), self.doc.get_state()
        operation = Operation("d", self._seq, ids.new_id(), "1", clock.now(), vector, update)
        if is_packed:
            self.clocks.take_packed(CompactedOperation.of(operation))
        else:
            self.clocks.take(operation, is_aside=False)
        self.clocks = AttributionIndex.unpack(self.clocks.pack())
        return self.clocks.letters(self._seq, self._seq)


def test_elements_and_marks_are_no_letters() -> None:
    """Neither when they come nor when they go; what an update has once more does not count."""
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
    assert writer.clocks.letters(1, 5) == (9, 9)


def test_what_was_gone_before_it_was_logged_is_no_letter() -> None:
    """It was never seen."""
    writer = Writer()
    text: pycrdt.Text = writer.doc.get("content", type=pycrdt.Text)
    text += "never seen"
    del text[5:10]
    assert writer.log() == (5, 0)


def test_letters_of_a_compacted_log_are_those_of_the_state_it_begins_with() -> None:
    """What goes later is told apart by it."""
    writer = Writer()
    root: pycrdt.XmlFragment = writer.doc.get("default", type=pycrdt.XmlFragment)
    root.children.append(pycrdt.XmlElement("paragraph", {}, [pycrdt.XmlText("words")]))
    writer.log(is_packed=True)
    writer.clocks.take_base(writer.doc.get_update())
    del root.children[0]
    assert writer.log() == (0, 5)
