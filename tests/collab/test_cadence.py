"""How densely a page sends what is typed, by who is here."""

import pytest

from apps.collab.cadence import Cadence, CadencePolicy


@pytest.mark.parametrize(
    ("sessions", "interval_ms"), [(2, 84), (19, 84), (20, 168), (100, 840), (1_000, 2_000)]
)
def test_interval_grows_with_the_crowd(sessions: int, interval_ms: int) -> None:
    """What a room receives in a second grows linearly; nobody waits longer than alone."""
    cadence = CadencePolicy().cadence(sessions)
    assert cadence == Cadence(0, interval_ms, 20)


@pytest.mark.parametrize("sessions", [0, 1])
def test_cadence_of_one_session_is_slow(sessions: int) -> None:
    """The log of whoever is alone stays small."""
    assert CadencePolicy().cadence(sessions) == Cadence(200, 2_000, 20)


def test_event_has_the_names_of_the_protocol() -> None:
    """Frame 104."""
    assert Cadence(1, 2, 3).to_event() == {
        "type": "cadence",
        "pause_ms": 1,
        "interval_ms": 2,
        "characters": 3,
    }
