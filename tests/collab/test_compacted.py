"""A room of a document with a compacted log: a logged operation is not logged twice."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from apps.core import clock
from apps.history.models import version_rows
from apps.history.recovery import document_load
from apps.history.services import version_create
from apps.history.snapshot import Snapshot
from apps.history.snapshot_cache import snapshot_forget
from apps.history.states import state_at
from apps.oplog.bulk import operations_drop, operations_write
from apps.oplog.compacted_operations import CompactedOperation
from apps.oplog.compaction_point import CompactionPoint, compacted_append, compaction_point_advance
from apps.oplog.operation import Operation
from apps.oplog.selectors import operations_since
from tests.collab.authors import Author, submission
from tests.collab.rooms import House, until_quiet
from tests.support.operations import Scribe


@pytest.fixture
def scribe() -> Scribe:
    """Return a document of six operations: five letters, and one that deletes the first."""
    scribe = Scribe()
    list(operations_write([*scribe.write_many(5), scribe.erase(0, 1)]))
    return scribe


def compact(scribe: Scribe, up_to: int = 6) -> list[Operation]:
    """Move the compaction point after an operation and delete up to it; return the deleted ones."""
    document_id = scribe.document_id
    operations = operations_since(document_id=document_id, after=0)
    last = state_at(document_id=document_id, seq=up_to)
    number = version_create(document_id=document_id, snapshot=last)
    _pack(document_id, operations[:up_to])
    base = CompactionPoint(document_id, up_to, number, last.version_vector, clock.now())
    assert compaction_point_advance(base)
    list(operations_drop(document_id=document_id, up_to=up_to))
    return operations


def _pack(document_id: str, operations: Sequence[Operation]) -> None:
    packed = [CompactedOperation.of(operation) for operation in operations]
    for start in (0, 4):
        assert compacted_append(document_id=document_id, operations=packed[start : start + 4])


def seqs(scribe: Scribe, after: int) -> list[int]:
    """Return the seqs of the log after an operation."""
    operations = operations_since(document_id=scribe.document_id, after=after)
    return [operation.seq for operation in operations]


@pytest.mark.parametrize("is_open_before", [True, False], ids=["open since before", "opened again"])
async def test_compacted_operation_that_is_sent_again_has_its_first_seq(
    house: House, scribe: Scribe, is_open_before: bool
) -> None:
    """Insertions and a deletion, to a room that remembers them and to a newly loaded one."""
    room = await house.open(scribe.document_id) if is_open_before else None
    list(operations_write([scribe.write("last")]))
    operations = compact(scribe)
    if room is None:
        room = await house.open(scribe.document_id)
    room.live._recent.clear()
    size, author = room.live.size_bytes, Author()
    for operation in operations[:6]:
        room.submit(submission(operation.update, author, operation.unique_id))
    await until_quiet(room)
    assert author.duplicates == [
        (operation.unique_id, operation.seq) for operation in operations[:6]
    ]
    assert (author.persisted, author.rejected) == ([], [])
    assert room.live.size_bytes - size <= len(operations[6].update)
    again = Author()
    room.submit(submission(operations[0].update, again, operations[0].unique_id))
    await until_quiet(room)
    assert again.duplicates == [(operations[0].unique_id, 1)]
    assert seqs(scribe, after=6) == [7]


async def test_noop_edit_with_a_new_unique_id_is_logged(house: House, scribe: Scribe) -> None:
    """It gets a seq, and so does a real edit that arrives in a batch with it and a duplicate."""
    list(operations_write([scribe.write("last")]))
    operations = compact(scribe)
    room = await house.open(scribe.document_id)
    repeat, other, fresh = Author(), Author(), Author()
    room.submit(submission(operations[3].update, repeat, operations[3].unique_id))
    room.submit(submission(operations[3].update, other, "another name"))
    room.submit(submission(scribe.write("new").update, fresh, "new"))
    await until_quiet(room)
    assert repeat.duplicates == [(operations[3].unique_id, 4)]
    assert other.persisted == [("another name", 8)]
    assert fresh.persisted == [("new", 9)]
    assert seqs(scribe, after=6) == [7, 8, 9]
    loaded = document_load(document_id=scribe.document_id)
    assert loaded.vector == room.live.vector


@pytest.mark.parametrize("has_owners", [True, False], ids=["snapshot", "old snapshot"])
async def test_client_id_of_a_compacted_operation_belongs_to_its_author(
    house: House, scribe: Scribe, has_owners: bool
) -> None:
    """The version at the compaction point has the owners, or the compacted operations have."""
    list(operations_write([scribe.write("last")]))
    compact(scribe)
    if not has_owners:
        [row] = version_rows().find({"document_id": scribe.document_id})
        plain = replace(Snapshot.decode(row["snapshot"]), owners=b"")
        version_rows().update_one({"_id": row["_id"]}, {"$set": {"snapshot": plain.encode()}})
    snapshot_forget(document_id=scribe.document_id)
    room = await house.open(scribe.document_id)
    grace, ada = Author(user_id="2"), Author()
    update = scribe.write("next").update
    room.submit(submission(update, grace, "evil"))
    room.submit(submission(update, ada, "next"))
    await until_quiet(room)
    assert [error.code for _, error in grace.rejected] == ["foreign_client"]
    assert ada.persisted == [("next", 8)]


async def test_room_behind_the_compaction_point_is_discarded(house: House, scribe: Scribe) -> None:
    """It missed edits of other servers: its sessions reconnect, and no content is invented."""
    room = await house.open(scribe.document_id)
    list(operations_write(scribe.write_many(4)))
    compact(scribe, up_to=8)
    room.check_for_gap(10)
    await until_quiet(room)
    assert room.gone
    assert (await house.open(scribe.document_id)).live.seq == 10
