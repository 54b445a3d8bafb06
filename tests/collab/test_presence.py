"""Presence: no impersonation, bounded memory, sessions that leave are removed. Pure."""

import json

import pytest

from apps.collab.limits import Limits
from apps.collab.presence import MAX_CLOCK, Presence
from apps.collab.presence_state import Identity, PresenceRefusedError
from apps.collab.protocol import AwarenessEntry
from apps.crdt.codec.lib0 import MAX_SAFE_INTEGER

ADA = Identity("1", "ada", "Ada Lovelace")
GRACE = Identity("2", "grace", "Grace Hopper")
#: An awareness state as another server sends it.
STAMPED = {"user": {"id": "2", "username": "grace", "name": "Grace Hopper"}}


def entry(client: int, state: object, clock: int = 1) -> AwarenessEntry:
    """Return one client's state."""
    return AwarenessEntry(client, clock, json.dumps(state))


def user_of(state: AwarenessEntry) -> dict[str, str]:
    """Return the user of a state."""
    user: dict[str, str] = json.loads(state.state_json)["user"]
    return user


def test_state_is_stamped_with_the_authenticated_name() -> None:
    """The client's claim is replaced; its colour is kept."""
    said = {"user": {"name": "Grace Hopper", "id": "2", "color": "#a1b2c3"}, "cursor": None}
    [state] = Presence(Limits()).update([entry(5, said)], owner=object(), identity=ADA, at=0)
    expected = {"id": "1", "username": "ada", "name": "Ada Lovelace", "color": "#a1b2c3"}
    assert json.loads(state.state_json) == {"user": expected, "cursor": None}


@pytest.mark.parametrize("clock", [MAX_CLOCK + 1, MAX_SAFE_INTEGER])
def test_clock_that_a_removal_could_not_exceed_is_refused(clock: int) -> None:
    """The server adds one when the client leaves, and a stock client adds another one."""
    presence, ada = Presence(Limits()), object()
    with pytest.raises(PresenceRefusedError):
        presence.update([entry(5, {}, clock=clock)], owner=ada, identity=ADA, at=0)
    presence.update([entry(5, {}, clock=MAX_CLOCK)], owner=ada, identity=ADA, at=0)
    [removal] = presence.leave(ada)
    assert removal.clock < MAX_SAFE_INTEGER


def test_client_id_of_another_person_is_ignored() -> None:
    """Another person's caret cannot be moved or removed, with any clock."""
    presence, ada, grace = Presence(Limits()), object(), object()
    presence.update([entry(5, {"at": 1})], owner=ada, identity=ADA, at=0)
    taken = [entry(5, {"at": 9}, clock=99), entry(5, None, clock=100)]
    assert presence.update(taken, owner=grace, identity=GRACE, at=0) == []
    [state] = presence.entries()
    assert user_of(state)["username"] == "ada"


def test_client_id_of_ones_own_dying_connection_is_taken_over() -> None:
    """A reconnect may precede the end of the old socket, and outlives it."""
    presence, old, new = Presence(Limits()), object(), object()
    presence.update([entry(5, {"at": 1}, clock=3)], owner=old, identity=ADA, at=0)
    assert presence.update([entry(5, {"at": 2}, clock=4)], owner=new, identity=ADA, at=0)
    assert presence.leave(old) == []
    assert len(presence.entries()) == 1


def test_client_id_of_another_person_on_another_server_is_ignored() -> None:
    """The caret that a peer sent belongs to the peer's session; the same person may come here."""
    presence, ada, grace = Presence(Limits()), object(), object()
    presence.merge_remote([entry(5, STAMPED)], at=0)
    taken = [entry(5, {"at": 9}, clock=99)]
    assert presence.update(taken, owner=ada, identity=ADA, at=0) == []
    assert presence.update(taken, owner=grace, identity=GRACE, at=0)


def test_client_id_that_another_person_owns_in_the_log_is_ignored() -> None:
    """Otherwise the page that writes with it could not be seen any more."""
    presence, grace = Presence(Limits()), object()
    log = {5: "1", 6: "2"}
    states = [entry(client, {}) for client in (5, 6, 7)]
    presence.update(states, owner=grace, identity=GRACE, at=0, owner_in_log=log.get)
    assert [state.client for state in presence.entries()] == [6, 7]


def test_announced_client_id_is_reserved_while_its_session_is_there() -> None:
    """Here, and on another server; who may only read reserves nothing."""
    presence, ada, grace = Presence(Limits(presence_age_s=30)), object(), object()
    presence.update([entry(5, {})], owner=ada, identity=ADA, at=0)
    presence.update([entry(6, {})], owner=grace, identity=GRACE, at=0, may_write=False)
    remote = [entry(7, STAMPED), entry(8, STAMPED)]
    presence.merge_remote(remote, at=0, readers=[8])
    announced = [presence.announced_by(client) for client in (5, 6, 7, 8, 9)]
    assert announced == ["1", None, "2", None, None]
    assert presence.readers(presence.entries()) == [6, 8]
    presence.leave(ada)
    presence.expire(at=31)
    assert [presence.announced_by(client) for client in (5, 6, 7)] == [None] * 3


def test_older_clock_is_ignored() -> None:
    """States may arrive out of order."""
    presence, ada = Presence(Limits()), object()
    presence.update([entry(5, {"at": 2}, clock=2)], owner=ada, identity=ADA, at=0)
    assert presence.update([entry(5, {"at": 1}, clock=1)], owner=ada, identity=ADA, at=0) == []


def test_leaving_removes_all_clients_of_the_session() -> None:
    """Other clients get null states with the same clocks; the next state has a newer one."""
    presence, ada = Presence(Limits()), object()
    presence.update([entry(5, {}, clock=7), entry(6, {})], owner=ada, identity=ADA, at=0)
    assert presence.leave(ada) == [AwarenessEntry(5, 7, "null"), AwarenessEntry(6, 1, "null")]
    assert presence.entries() == []
    assert presence.update([entry(5, {}, clock=8)], owner=object(), identity=ADA, at=0)


def test_too_many_clients_of_one_session_are_refused() -> None:
    """One session cannot invent a crowd."""
    presence = Presence(Limits(presence_clients=3))
    with pytest.raises(PresenceRefusedError):
        presence.update(
            [entry(client, {}) for client in range(4)], owner=object(), identity=ADA, at=0
        )
    assert presence.entries() == []


def test_client_that_leaves_makes_room_for_another() -> None:
    """The bound counts present clients, not past ones."""
    presence, ada = Presence(Limits(presence_clients=1)), object()
    for client in range(3):
        presence.update([entry(client, {})], owner=ada, identity=ADA, at=0)
        presence.update([entry(client, None, clock=2)], owner=ada, identity=ADA, at=0)
    presence.update([entry(9, {})], owner=ada, identity=ADA, at=0)
    assert [state.client for state in presence.entries()] == [9]


def test_remote_state_expires_unless_renewed() -> None:
    """States of a silent server are removed; local ones stay."""
    presence, ada = Presence(Limits(presence_age_s=30)), object()
    presence.update([entry(5, {})], owner=ada, identity=ADA, at=0)
    assert presence.merge_remote([entry(9, STAMPED, clock=4)], at=0)
    assert presence.merge_remote([entry(9, STAMPED, clock=3)], at=20) == []
    assert presence.expire(at=29) == []
    assert presence.merge_remote([entry(9, STAMPED, clock=4)], at=30) == []
    assert presence.expire(at=59) == []
    assert presence.expire(at=61) == [AwarenessEntry(9, 4, "null")]
    assert [state.client for state in presence.entries()] == [5]


def test_remote_state_never_replaces_a_local_one() -> None:
    """The server of the socket has the truth about its state."""
    presence, ada = Presence(Limits()), object()
    presence.update([entry(5, {"at": 1})], owner=ada, identity=ADA, at=0)
    assert presence.merge_remote([entry(5, {"at": 2}, clock=50)], at=0) == []
    assert [state.client for state in presence.entries(local_only=True)] == [5]


@pytest.mark.parametrize(
    ("state", "clock"),
    [({}, 1), ({"user": {"id": 7}}, 1), ([], 1), (STAMPED, MAX_CLOCK + 1)],
    ids=["no user", "half a user", "no object", "clock"],
)
def test_remote_state_that_is_not_of_this_release_is_ignored(state: object, clock: int) -> None:
    """An older server forwards its clients' fields unfiltered; they must not reach the pages."""
    presence = Presence(Limits())
    assert presence.merge_remote([entry(9, state, clock), entry(8, STAMPED)], at=0) == [
        AwarenessEntry(8, 1, json.dumps(STAMPED, separators=(",", ":")))
    ]
