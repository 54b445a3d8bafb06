"""Costly calls of one person take turns."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from apps.core.api.costly import WAITING_MAX, PersonBusyError, PersonGate
from tests.support.eventually import eventually

#: How long a call waits where the test expects that its turn comes.
PATIENT_S = 60.0


def call(gate: PersonGate, person: int, started: Event, end: Event) -> None:
    """Hold a person's turn until ``end``."""
    with gate.enter(person, wait_s=PATIENT_S):
        started.set()
        assert end.wait(PATIENT_S)


def test_second_call_of_a_person_waits_and_another_person_does_not() -> None:
    """The turn ends with the call."""
    gate, started, end = PersonGate(), Event(), Event()
    second_started, second_end = Event(), Event()
    second_end.set()
    with ThreadPoolExecutor() as executor:
        first = executor.submit(call, gate, 1, started, end)
        assert started.wait(PATIENT_S)
        second = executor.submit(call, gate, 1, second_started, second_end)
        with gate.enter(2, wait_s=0):
            assert not second_started.is_set()
        eventually(lambda: gate._waiting[1] == 1)
        assert not second_started.is_set()
        end.set()
        first.result(PATIENT_S)
        second.result(PATIENT_S)
    assert second_started.is_set()
    assert not gate._waiting
    assert not gate._inside


def test_person_may_have_as_many_calls_at_once_as_the_share() -> None:
    """One more is refused, and is let in when one of them has ended."""
    gate = PersonGate()
    first, second, third = (gate.enter(1, wait_s=0, at_once=2) for _ in range(3))
    with first:
        with second, pytest.raises(PersonBusyError), third:
            pass
        with gate.enter(1, wait_s=0, at_once=2):
            pass
    assert not gate._inside


def test_call_that_waits_too_long_is_refused_with_a_time() -> None:
    """And so is one more than may wait, at once."""
    gate = PersonGate()
    with gate.enter(1, wait_s=0):
        with pytest.raises(PersonBusyError) as refused, gate.enter(1, wait_s=0):
            pass
        assert refused.value.retry_after_s == 5
        gate._waiting[1] = WAITING_MAX
        with pytest.raises(PersonBusyError), gate.enter(1, wait_s=PATIENT_S):
            pass


def test_call_whose_caller_is_gone_does_not_wait() -> None:
    """Its thread is free at once."""
    gate, gone = PersonGate(), Event()
    gone.set()
    inside = gate.enter(1, wait_s=0)
    with inside, pytest.raises(PersonBusyError), gate.enter(1, wait_s=PATIENT_S, gone=gone):
        pass
