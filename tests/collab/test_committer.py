"""Group commit on the real log: shared commits, failures per document, locks released."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from prometheus_client import REGISTRY

from apps.collab.commit_pacing import DENSE_PER_S, MEMORY_S, CommitPacing
from apps.collab.committer import Committer
from apps.core import ids
from apps.oplog.leases import Hold, Leases
from apps.oplog.publisher import Publisher
from apps.oplog.selectors import head_seq
from apps.oplog.services import Append, Appended, AppendState
from tests.support.eventually import eventually_async
from tests.support.operations import Scribe

STORED = Appended(AppendState.STORED, 1)


@pytest.fixture
async def committer(publisher: Publisher) -> AsyncIterator[Committer]:
    """Return the committer of one server."""
    committer = Committer(leases=Leases(ids.new_id()), publisher=publisher)
    yield committer
    await committer.close()


def edit(scribe: Scribe | None = None) -> Append:
    """Return one more edit, by default of a new document."""
    scribe = scribe or Scribe()
    return Append(scribe.document_id, [scribe.write("x")])


def unstorable() -> Append:
    """Return an edit that MongoDB cannot store: BSON's integers have 64 bits."""
    append = edit()
    return replace(append, operations=[replace(append.operations[0], seq=2**63)])


def commits() -> float:
    """Return how many commits this process has made so far."""
    return REGISTRY.get_sample_value("scriptorium_commit_seconds_count") or 0


async def test_edits_of_many_documents_share_a_commit(committer: Committer) -> None:
    """Edits that arrive while a commit is in flight share the next one."""
    before = commits()
    first = [asyncio.create_task(committer.append(edit())) for _ in range(10)]
    await asyncio.sleep(0)  # they are submitted …
    await asyncio.sleep(0)  # … and the first commit is in flight
    later = [asyncio.create_task(committer.append(edit())) for _ in range(10)]
    assert await asyncio.gather(*first, *later) == [STORED] * 20
    assert commits() - before == 2


async def test_edits_of_many_documents_wait_to_share_a_commit(publisher: Publisher) -> None:
    """While edits are many, a commit waits for those that come within the interval.

    The clock stands still, so the interval has not passed however slow this machine is.
    """
    pacing = CommitPacing(longest_s=0.3)
    committer = Committer(
        leases=Leases(ids.new_id()), publisher=publisher, pacing=pacing, now=lambda: 0.0
    )
    before = commits()
    assert await committer.append(edit()) == STORED
    for _ in range(round(DENSE_PER_S * MEMORY_S)):
        pacing.note_append(0.0)
    assert committer.interval_s == 0.3
    early = asyncio.create_task(committer.append(edit()))
    for _ in range(10):
        await asyncio.sleep(0)  # the commit would be in flight
    late = asyncio.create_task(committer.append(edit()))
    assert await early == await late == STORED
    assert commits() - before == 2
    await committer.close()


async def test_edits_of_one_document_keep_their_order(committer: Committer) -> None:
    """The order of submission holds, over one commit or several."""
    scribe = Scribe()
    answers = await asyncio.gather(*(committer.append(edit(scribe)) for _ in range(5)))
    assert answers == [STORED] * 5
    assert head_seq(document_id=scribe.document_id) == 5


async def test_edit_of_a_person_does_not_wait_for_large_ones(committer: Committer) -> None:
    """Ten large edits are one commit, with which the store is busy for many times as long."""
    large = [
        asyncio.create_task(
            committer.append(Append(scribe.document_id, [scribe.write("x" * 2 * 1024**2)]))
        )
        for scribe in [Scribe() for _ in range(10)]
    ]
    await asyncio.sleep(0)  # they are submitted …
    await asyncio.sleep(0)  # … and their commit is in flight
    assert await committer.append(edit()) == STORED
    assert not any(task.done() for task in large)
    assert await asyncio.gather(*large) == [STORED] * 10


async def test_conflict_of_one_document_is_reported_to_it_alone(committer: Committer) -> None:
    """The other documents of the commit are stored."""
    scribe = Scribe()
    taken = edit(scribe)
    await committer.append(taken)
    again = Append(scribe.document_id, [replace(taken.operations[0], unique_id="other")])
    answers = await asyncio.gather(*map(committer.append, [edit(), again, edit()]))
    assert answers == [STORED, Appended(AppendState.CONFLICT, 0), STORED]


async def test_store_failure_fails_all_edits_of_the_commit(committer: Committer) -> None:
    """It is unknown which edits were stored, so none is acknowledged; the next commit is new."""
    appends = [edit(), unstorable(), edit()]
    answers = await asyncio.gather(*map(committer.append, appends), return_exceptions=True)
    assert [type(answer) for answer in answers] == [OverflowError] * 3
    assert await committer.append(edit()) == STORED


async def test_cancelled_caller_does_not_stop_the_commit(committer: Committer) -> None:
    """Its edit is stored anyway, because it may already be in flight."""
    gone, stays = edit(), edit()
    tasks = [asyncio.create_task(committer.append(append)) for append in (gone, stays)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    assert await tasks[1] == STORED
    assert tasks[0].cancelled()
    assert head_seq(document_id=gone.document_id) == 1


async def test_lock_is_kept_after_a_commit_and_released_on_request(committer: Committer) -> None:
    """A second release of the same lock does nothing."""
    append, other = edit(), Leases("another server")
    await committer.append(append)
    assert other.hold(append.document_id) is Hold.TAKEN
    assert await committer.release(append.document_id)
    assert not await committer.release(append.document_id)
    assert other.hold(append.document_id) is Hold.ACQUIRED
    other.release_all()


async def test_lock_release_in_the_background_needs_no_waiting(committer: Committer) -> None:
    """A room that became quiet does not wait for the release."""
    append, other = edit(), Leases("another server")
    await committer.append(append)
    committer.release_soon(append.document_id)

    async def is_free() -> bool:
        return other.hold(append.document_id) is Hold.ACQUIRED

    await eventually_async(is_free)
    other.release_all()


async def test_close_finishes_the_commit_in_flight_and_releases_all_locks(
    publisher: Publisher,
) -> None:
    """A stopping server loses no edit, and no other server has to wait for a lease."""
    committer = Committer(leases=Leases(ids.new_id()), publisher=publisher)
    append, other = edit(), Leases("another server")
    in_flight = asyncio.create_task(committer.append(append))
    await asyncio.sleep(0)
    await committer.close()
    assert await in_flight == STORED
    assert other.hold(append.document_id) is Hold.ACQUIRED
    other.release_all()
