"""The lease on a document's log: one holder, renewal, expiry, transfer, a paused owner."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from apps.core import ids
from apps.oplog.leases import TRANSFER_S, Hold, Leases
from apps.oplog.models import lock_rows


class Clock:
    """A time that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        """Return it."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


@pytest.fixture
def document_id() -> str:
    """Return a document without a lock."""
    return ids.new_id()


def test_hold_of_a_free_lock_is_acquired_then_held(clock: Clock, document_id: str) -> None:
    """Another server may have appended before it is acquired, none while it is held."""
    leases = Leases("a", now=clock)
    assert leases.hold(document_id) is Hold.ACQUIRED
    assert leases.hold(document_id) is Hold.HELD
    assert leases.holds(document_id)


def test_hold_of_another_is_taken_until_it_expires(clock: Clock, document_id: str) -> None:
    """The longest wait for a dead owner is its lease."""
    first, second = Leases("a", lease_s=10, now=clock), Leases("b", lease_s=10, now=clock)
    first.hold(document_id)
    assert second.hold(document_id) is Hold.TAKEN
    clock.now += 10.1
    assert second.hold(document_id) is Hold.ACQUIRED


def test_hold_of_the_restarted_server_itself_is_acquired_at_once(
    clock: Clock, document_id: str
) -> None:
    """A restarted server does not wait for its own lease; another server does."""
    before, after = Leases("web-1:a", now=clock), Leases("web-1:b", now=clock)
    before.hold(document_id)
    assert Leases("web-10:c", now=clock).hold(document_id) is Hold.TAKEN
    assert after.hold(document_id) is Hold.ACQUIRED
    assert Leases("web-10:c", now=clock).hold(document_id) is Hold.TAKEN


def test_hold_past_half_its_time_is_renewed(clock: Clock, document_id: str) -> None:
    """A lease under load never runs out."""
    first, second = Leases("a", lease_s=10, now=clock), Leases("b", lease_s=10, now=clock)
    first.hold(document_id)
    for _ in range(4):
        clock.now += 6
        assert first.hold(document_id) is Hold.HELD
    assert second.hold(document_id) is Hold.TAKEN


def test_hold_that_another_server_requested_is_transferred_at_renewal(
    clock: Clock, document_id: str
) -> None:
    """A busy holder transfers the lease without any message, then waits for the other server."""
    first, second = Leases("a", lease_s=10, now=clock), Leases("b", lease_s=10, now=clock)
    first.hold(document_id)
    assert second.hold(document_id) is Hold.TAKEN
    assert first.hold(document_id) is Hold.HELD
    clock.now += 6
    assert first.hold(document_id) is Hold.TAKEN
    assert not first.holds(document_id)
    assert second.hold(document_id) is Hold.ACQUIRED
    assert first.hold(document_id) is Hold.TAKEN
    clock.now += 6
    assert second.hold(document_id) is Hold.TAKEN
    assert first.hold(document_id) is Hold.ACQUIRED


def test_hold_that_a_dead_server_requested_comes_back(clock: Clock, document_id: str) -> None:
    """No server uses the transferred lease, so it expires."""
    first, dead = Leases("a", lease_s=10, now=clock), Leases("b", lease_s=10, now=clock)
    first.hold(document_id)
    dead.hold(document_id)
    clock.now += 6
    assert first.hold(document_id) is Hold.TAKEN
    clock.now += TRANSFER_S
    assert first.hold(document_id) is Hold.ACQUIRED
    clock.now += 6
    assert first.hold(document_id) is Hold.HELD


def test_release_lets_another_in_at_once(clock: Clock, document_id: str) -> None:
    """The other server need not wait."""
    first, second = Leases("a", now=clock), Leases("b", now=clock)
    first.hold(document_id)
    first.release([document_id])
    assert not first.holds(document_id)
    assert second.hold(document_id) is Hold.ACQUIRED


def test_paused_owner_learns_that_its_lease_is_another_s(clock: Clock, document_id: str) -> None:
    """An owner that was paused beyond its lease is refused, and its release changes nothing."""
    paused, other = Leases("a", lease_s=10, now=clock), Leases("b", lease_s=10, now=clock)
    paused.hold(document_id)
    clock.now += 11
    other.hold(document_id)
    assert paused.hold(document_id) is Hold.TAKEN
    paused.release([document_id])
    row = lock_rows().find_one({"_id": document_id})
    assert row is not None
    assert (row["owner"], row["fence"]) == ("b", 2)
    assert row["expires_at"] > clock.now


def test_owner_of_an_expired_lease_that_nobody_took_goes_on(clock: Clock, document_id: str) -> None:
    """The fence is unchanged, so no other server has appended meanwhile."""
    leases = Leases("a", lease_s=10, now=clock)
    leases.hold(document_id)
    clock.now += 60
    assert leases.hold(document_id) is Hold.HELD


def test_fence_grows_with_every_holder(clock: Clock, document_id: str) -> None:
    """The fencing token differs for each holder."""
    for number, owner in enumerate("abc", start=1):
        leases = Leases(owner, now=clock)
        leases.hold(document_id)
        row = lock_rows().find_one({"_id": document_id})
        assert row is not None
        assert row["fence"] == number
        leases.release_all()


def test_race_for_a_free_lock_has_one_winner(document_id: str) -> None:
    """One of eight concurrent servers acquires it."""
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: Leases(f"owner-{n}").hold(document_id), range(8)))
    assert answers.count(Hold.ACQUIRED) == 1
    assert answers.count(Hold.TAKEN) == 7
