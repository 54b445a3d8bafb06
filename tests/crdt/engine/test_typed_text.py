"""Typed text stands where the last character of its client stands: no index is needed for it."""

from typing import Any

import pytest

from apps.crdt.codec.contents import MalformedUpdateError
from apps.crdt.codec.update_reader import read_update
from apps.crdt.engine.causal_gate import advance
from apps.crdt.ids import containers
from tests.crdt.engine.test_content_rules import BASE, ELEMENT, Guarded, shared_type
from tests.crdt.samples import (
    letters,
    written,
)


class _Counted:
    """Counts the structs that a guard looks at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        original = containers.ContainerIndex.containers

        def counted(index: containers.ContainerIndex, update: bytes) -> Any:
            self.count += 1
            return original(index, update)

        monkeypatch.setattr(containers.ContainerIndex, "containers", counted)


def test_typing_needs_no_index_after_its_first_character(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new client begins in the middle of a text, types on, and jumps."""
    guarded = Guarded()
    guarded.add(BASE)
    counted = _Counted(monkeypatch)
    guarded.add(written([(8, 0, [letters("x", left=(7, 2), right=(7, 3))])]))
    assert counted.count == 1
    for clock in range(1, 100):
        place = {"left": (8, clock - 1), "right": (7, 3)}
        guarded.add(written([(8, clock, [letters("y", **place)])]))
    assert counted.count == 1
    guarded.add(written(deletes=[(8, [(5, 2)])]))
    assert counted.count == 1
    guarded.add(written([(8, 100, [letters("z", left=(7, 3))])]))
    assert counted.count == 2
    guarded.add(written([(8, 101, [letters("several", left=(8, 100))])]))
    assert counted.count == 2


def test_letter_behind_an_element_is_refused_however_its_client_has_typed() -> None:
    """The short way of typing believes only the last characters of a client."""
    guarded = Guarded()
    guarded.add(BASE)
    guarded.add(written([(8, 0, [letters("x", left=(7, 4))])]))
    guarded.add(written([(8, 1, [shared_type(ELEMENT, left=(7, 0))])]))
    with pytest.raises(MalformedUpdateError):
        guarded.add(written([(8, 2, [letters("y", left=(8, 1))])]))
    guarded.add(written([(8, 2, [letters("y", left=(8, 0))])]))
    # Known clocks in front: the engine puts the new one behind the last known one.
    guarded.add(written([(8, 3, [shared_type(ELEMENT, left=(8, 1))])]))
    with pytest.raises(MalformedUpdateError):
        guarded.add(written([(8, 2, [letters("yyy", left=(8, 0))])]))


def test_refused_typing_is_not_remembered() -> None:
    """Its clocks may come again with something else."""
    guarded = Guarded()
    guarded.add(BASE)
    typed = written([(8, 0, [letters("x", left=(7, 4))])])
    guarded.guard.check(read_update(typed), typed, guarded.document, guarded.vector)
    guarded.add(written([(8, 0, [shared_type(ELEMENT, left=(7, 0))])]))
    with pytest.raises(MalformedUpdateError):
        guarded.add(written([(9, 0, [letters("y", left=(8, 0))])]))


def test_update_that_was_checked_before_others_is_indexed() -> None:
    """As one that a thread has checked; typing is looked up again afterwards."""
    guarded = Guarded()
    guarded.add(BASE)
    guarded.add(written([(8, 0, [letters("x", left=(7, 4))])]))
    large = written([(9, 0, [shared_type(ELEMENT, left=(7, 0))])])
    typed = written([(8, 1, [letters("y", left=(8, 0))])])
    for update in (large, typed):
        guarded.guard.check(read_update(update), update, guarded.document, guarded.vector)
    for update in (large, typed):
        guarded.document.apply(update)
        guarded.guard.add(update)
        advance(guarded.vector, read_update(update))
    with pytest.raises(MalformedUpdateError):
        guarded.add(written([(8, 2, [letters("y", left=(9, 0))])]))
    guarded.add(written([(8, 2, [letters("y", left=(8, 1))])]))


def test_tails_are_bounded() -> None:
    """By clients that come once each."""
    guarded = Guarded()
    guarded.add(BASE)
    for client in range(100, 100 + 1_200):
        guarded.add(written([(client, 0, [letters("x", left=(7, 4))])]))
    assert len(guarded.guard._tails) <= 1_000
