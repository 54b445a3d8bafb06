"""The *last_processed_version* only increases."""

from apps.core import clock, ids
from apps.history.last_processed import (
    Processed,
    processed_advance,
    processed_find,
    processed_replace,
    processed_rows,
    processed_seqs,
)


def last_processed(document_id: str, seq: int) -> Processed:
    """Return a last processed version."""
    return Processed(document_id, seq, f"id-{seq}", b"\x00", clock.now())


def test_last_processed_seq_never_decreases() -> None:
    """A late worker's update changes nothing, also within a batch of others."""
    ahead, new = ids.new_id(), ids.new_id()
    processed_advance([last_processed(ahead, 5)], at=clock.now())
    processed_advance([last_processed(ahead, 3), last_processed(new, 1)], at=clock.now())
    assert processed_seqs([ahead, new]) == {ahead: 5, new: 1}
    row = processed_rows().find_one({"_id": ahead})
    assert row is not None
    assert row["unique_id"] == "id-5"


def test_last_processed_version_round_trip() -> None:
    """Times included: some Mongo dialects store dates as text."""
    written = last_processed(ids.new_id(), 5)
    processed_advance([written], at=clock.now())
    assert processed_find(document_id=written.document_id) == written
    again = last_processed(written.document_id, 7)
    assert processed_replace(again, seen=written, at=clock.now())
    assert processed_find(document_id=written.document_id) == again
    assert not processed_replace(
        last_processed(written.document_id, 3), seen=written, at=clock.now()
    )


def test_more_rows_than_one_command_takes() -> None:
    """Some Mongo dialects hang on large bulk writes, so a batch is split."""
    names = [ids.new_id() for _ in range(120)]
    processed_advance([last_processed(name, 2) for name in names], at=clock.now())
    assert processed_seqs(names) == dict.fromkeys(names, 2)
