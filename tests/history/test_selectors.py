"""The snapshots of a document, and their order of preference."""

from apps.core import ids
from apps.history.selectors import latest_seq, snapshots_iter
from apps.history.services import version_create
from apps.history.snapshot import EMPTY, Snapshot
from apps.history.snapshot_cache import snapshot_forget, snapshot_put


def snapshot(seq: int) -> Snapshot:
    """Return a snapshot of an empty document."""
    return Snapshot(seq=seq, version_vector=EMPTY.version_vector, state=EMPTY.state)


def found(document_id: str) -> list[tuple[str, int, int | None]]:
    """Return source, seq and number of the snapshots, the best first."""
    return [
        (one.source, Snapshot.decode(one.blob).seq, one.number)
        for one in snapshots_iter(document_id=document_id)
    ]


def test_snapshots_are_those_of_redis_then_mongodb_then_nothing() -> None:
    """The latest seq first; the empty snapshot is always the last."""
    document_id = ids.new_id()
    assert found(document_id) == [("nothing", 0, None)]
    for seq in (3, 8, 5):
        version_create(document_id=document_id, snapshot=snapshot(seq))
    snapshot_forget(document_id=document_id)
    stored = [("mongodb", 8, 2), ("mongodb", 5, 3), ("mongodb", 3, 1), ("nothing", 0, None)]
    assert found(document_id) == stored
    snapshot_put(document_id=document_id, snapshot=snapshot(9))
    assert found(document_id) == [("redis", 9, None), *stored]


def test_latest_seq_is_that_of_the_latest_version() -> None:
    """Minus one if there is none."""
    document_id = ids.new_id()
    assert latest_seq(document_id=document_id) == -1
    version_create(document_id=document_id, snapshot=EMPTY)
    assert latest_seq(document_id=document_id) == 0
    version_create(document_id=document_id, snapshot=snapshot(5))
    assert latest_seq(document_id=document_id) == 5
