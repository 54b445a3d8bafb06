"""*last_processed_version* only moves forward."""

from apps.core import clock, ids
from apps.history.last_processed import (
    Processed,
    processed_advance,
    processed_find,
    processed_replace,
    processed_rows,
    processed_seqs,
)


def mark(document_id: str, seq: int) -> Processed:
    """Return a mark."""
    return Processed(document_id, seq, f"id-{seq}", b"\x00", clock.now())


def test_mark_moves_forward_and_never_back() -> None:
    """A late worker's mark changes nothing, whatever else is in its batch."""
    ahead, new = ids.new_id(), ids.new_id()
    processed_advance([mark(ahead, 5)], at=clock.now())
    processed_advance([mark(ahead, 3), mark(new, 1)], at=clock.now())
    assert processed_seqs([ahead, new]) == {ahead: 5, new: 1}
    row = processed_rows().find_one({"_id": ahead})
    assert row is not None
    assert row["unique_id"] == "id-5"


def test_mark_reads_back_as_it_was_written() -> None:
    """Moments too, whichever way they were written: some Mongo dialects make texts of dates."""
    written = mark(ids.new_id(), 5)
    processed_advance([written], at=clock.now())
    assert processed_find(document_id=written.document_id) == written
    again = mark(written.document_id, 7)
    assert processed_replace(again, seen=written, at=clock.now())
    assert processed_find(document_id=written.document_id) == again
    assert not processed_replace(mark(written.document_id, 3), seen=written, at=clock.now())


def test_more_marks_than_one_command_takes() -> None:
    """Some Mongo dialects hang on large bulks; all marks are stored nevertheless."""
    names = [ids.new_id() for _ in range(120)]
    processed_advance([mark(name, 2) for name in names], at=clock.now())
    assert processed_seqs(names) == dict.fromkeys(names, 2)
