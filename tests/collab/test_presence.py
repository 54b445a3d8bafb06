"""Presence: nobody appears as another, nobody fills the memory, the gone are forgotten. Pure."""

import json

import pytest

from apps.collab.limits import Limits
from apps.collab.presence import MAX_CLOCK, Presence
from apps.collab.presence_state import Identity, PresenceRefusedError
from apps.collab.protocol import AwarenessEntry
from apps.crdt.codec.lib0 import MAX_SAFE_INTEGER

ADA = Identity("1", "ada", "Ada Lovelace")
GRACE = Identity("2", "grace", "Grace Hopper")
#: A state as another server sends it.
STAMPED = {"user": {"id": "2", "username": "grace", "name": "Grace Hopper"}}


def entry(client: int, state: object, clock: int = 1) -> AwarenessEntry:
    """Return one client's state."""
    return AwarenessEntry(client, clock, json.dumps(state))


def user_of(state: AwarenessEntry) -> dict[str, str]:
    """Return who a state says that it is."""
    user: dict[str, str] = json.loads(state.state_json)["user"]
    return user


def test_state_is_stamped_with_the_authenticated_name() -> None:
    """What a client says of itself is replaced; a colour is kept."""
    said = {"user": {"name": "Grace Hopper", "id": "2", "color": "#a1b2c3"}, "cursor": None}
    [state] = Presence(Limits()).update([entry(5, said)], owner=object(), identity=ADA, at=0)
    expected = {"id": "1", "username": "ada", "name": "Ada Lovelace", "color": "#a1b2c3"}
    assert json.loads(state.state_json) == {"user": expected, "cursor": None}


@pytest.mark.parametrize("clock", [MAX_CLOCK + 1, MAX_SAFE_INTEGER])
def test_clock_that_a_removal_could_not_exceed_is_refused(clock: int) -> None:
    """The server adds one when the client leaves, a stock client adds another."""
    presence, ada = Presence(Limits()), object()
    with pytest.raises(PresenceRefusedError):
        presence.update([entry(5, {}, clock=clock)], owner=ada, identity=ADA, at=0)
    presence.update([entry(5, {}, clock=MAX_CLOCK)], owner=ada, identity=ADA, at=0)
    [removal] = presence.leave(ada)
    assert removal.clock < MAX_SAFE_INTEGER


def test_client_id_of_another_person_is_passed_over() -> None:
    """Nobody moves or ends another one's caret, with whatever clock."""
    presence, ada, grace = Presence(Limits()), object(), object()
    presence.update([entry(5, {"at": 1})], owner=ada, identity=ADA, at=0)
    taken = [entry(5, {"at": 9}, clock=99), entry(5, None, clock=100)]
    assert presence.update(taken, owner=grace, identity=GRACE, at=0) == []
    [state] = presence.entries()
    assert user_of(state)["username"] == "ada"


def test_client_id_of_ones_own_dying_connection_is_taken_over() -> None:
    """A reconnect is quicker than the old socket's end, and outlives it."""
    presence, old, new = Presence(Limits()), object(), object()
    presence.update([entry(5, {"at": 1}, clock=3)], owner=old, identity=ADA, at=0)
    assert presence.update([entry(5, {"at": 2}, clock=4)], owner=new, identity=ADA, at=0)
    assert presence.leave(old) == []
    assert len(presence.entries()) == 1


def test_older_clock_is_passed_over() -> None:
    """States overtake each other on the way."""
    presence, ada = Presence(Limits()), object()
    presence.update([entry(5, {"at": 2}, clock=2)], owner=ada, identity=ADA, at=0)
    assert presence.update([entry(5, {"at": 1}, clock=1)], owner=ada, identity=ADA, at=0) == []


def test_leaving_says_farewell_for_all_ones_clients() -> None:
    """The others see it go: null, with a newer clock."""
    presence, ada = Presence(Limits()), object()
    presence.update([entry(5, {}, clock=7), entry(6, {})], owner=ada, identity=ADA, at=0)
    assert presence.leave(ada) == [AwarenessEntry(5, 8, "null"), AwarenessEntry(6, 2, "null")]
    assert presence.entries() == []


def test_too_many_clients_of_one_session_are_refused() -> None:
    """A crowd of invented people."""
    presence = Presence(Limits(presence_clients=3))
    with pytest.raises(PresenceRefusedError):
        presence.update(
            [entry(client, {}) for client in range(4)], owner=object(), identity=ADA, at=0
        )
    assert presence.entries() == []


def test_client_that_leaves_makes_room_for_another() -> None:
    """The bound is on the clients that are present, not on those that ever were."""
    presence, ada = Presence(Limits(presence_clients=1)), object()
    for client in range(3):
        presence.update([entry(client, {})], owner=ada, identity=ADA, at=0)
        presence.update([entry(client, None, clock=2)], owner=ada, identity=ADA, at=0)
    presence.update([entry(9, {})], owner=ada, identity=ADA, at=0)
    assert [state.client for state in presence.entries()] == [9]


def test_remote_state_is_kept_until_it_is_not_renewed() -> None:
    """Another server's people are forgotten when it goes silent; one's own are not."""
    presence, ada = Presence(Limits(presence_age_s=30)), object()
    presence.update([entry(5, {})], owner=ada, identity=ADA, at=0)
    assert presence.merge_remote([entry(9, STAMPED, clock=4)], at=0)
    assert presence.merge_remote([entry(9, STAMPED, clock=3)], at=20) == []
    assert presence.expire(at=29) == []
    assert presence.expire(at=31) == [AwarenessEntry(9, 5, "null")]
    assert [state.client for state in presence.entries()] == [5]


def test_remote_state_never_replaces_a_local_one() -> None:
    """What is on this server's own socket is known better here."""
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
    """An older server passes on what its clients sent; it must not reach the pages here."""
    presence = Presence(Limits())
    assert presence.merge_remote([entry(9, state, clock), entry(8, STAMPED)], at=0) == [
        AwarenessEntry(8, 1, json.dumps(STAMPED, separators=(",", ":")))
    ]
