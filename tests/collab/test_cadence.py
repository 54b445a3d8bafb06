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


def test_busy_process_has_longer_intervals_until_it_is_idle_again() -> None:
    """In between, where another measurement may show either, they stay."""
    policy = CadencePolicy()
    shares = [0.84, 0.85, 1.0, 0.7, 1.2, 1.0, 0.49, 0.5, 0.0, 0.1, 0.2]
    changes = [(policy.observe(share), policy.cadence(2).interval_ms) for share in shares]
    assert changes == [
        (False, 84),
        (True, 168),
        (True, 336),
        (False, 336),
        (True, 672),
        (False, 672),
        (True, 336),
        (False, 336),
        (True, 168),
        (True, 84),
        (False, 84),
    ]
    policy.slowdown = 8
    assert policy.cadence(100).interval_ms == 2_000
    assert policy.cadence(1) == Cadence(200, 2_000, 20)


def test_event_has_the_names_of_the_protocol() -> None:
    """Frame 104."""
    assert Cadence(1, 2, 3).to_event() == {
        "type": "cadence",
        "pause_ms": 1,
        "interval_ms": 2,
        "characters": 3,
    }
