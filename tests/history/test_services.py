"""Storing versions: numbered without a gap, cached, removed after a failed creation."""

from concurrent.futures import ThreadPoolExecutor

from apps.core import ids
from apps.history.models import version_rows
from apps.history.services import version_create, version_create_initial, versions_delete
from apps.history.snapshot import EMPTY, Snapshot
from tests.support.snapshots import cached_snapshot


def test_version_initial_is_the_empty_document() -> None:
    """Number 1, seq 0, by the creator (docs/system-flow.md, §2)."""
    document_id = ids.new_id()
    assert version_create_initial(document_id=document_id, author_id="7") == 1
    row = version_rows().find_one({"document_id": document_id})
    assert row is not None
    assert (row["seq"], row["author_ids"], row["size"]) == (0, ["7"], len(EMPTY.state))
    assert Snapshot.decode(bytes(row["snapshot"])) == EMPTY


def test_versions_made_at_once_get_a_number_each() -> None:
    """Several workers, one unique index: 1 to n."""
    document_id = ids.new_id()

    def create(seq: int) -> int:
        snapshot = Snapshot(seq=seq, version_vector=b"\x00", state=b"\x00\x00")
        return version_create(document_id=document_id, snapshot=snapshot)

    with ThreadPoolExecutor(4) as threads:
        numbers = list(threads.map(create, range(8)))
    assert sorted(numbers) == list(range(1, 9))
    cached = cached_snapshot(document_id)
    assert cached is not None
    assert cached.seq == 7


def test_cancelled_creation_leaves_nothing() -> None:
    """Neither in MongoDB nor in Redis."""
    document_id = ids.new_id()
    version_create_initial(document_id=document_id, author_id="7")
    versions_delete(document_id=document_id)
    assert version_rows().count_documents({"document_id": document_id}) == 0
    assert cached_snapshot(document_id) is None
