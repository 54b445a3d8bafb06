"""The random schedule of faults repeats by its seed, and a round of it passes."""

from itertools import islice

import pytest

from tests.crash.chaos import Diary, one_round
from tests.crash.harm import staged
from tests.crash.schedule import KINDS, Fault, rounds
from tests.support.launcher import Launched

#: Enough rounds for every kind of fault.
MANY = 100


def _first(seed: int) -> list[tuple[Fault, ...]]:
    return list(islice(rounds(seed), MANY))


def test_schedule_repeats_by_its_seed() -> None:
    """Kinds, targets and times depend on the seed only."""
    assert _first(7) == _first(7)
    assert _first(7) != _first(8)


def test_schedule_has_every_kind_of_fault_and_every_target() -> None:
    """In a bounded number of rounds."""
    hit = {(fault.kind, name) for faults in _first(7) for fault in faults for name in fault.targets}
    assert hit == {(kind, name) for kind, names in KINDS.items() for name in names}


async def test_round_of_faults_loses_nothing_and_prints_each(
    stack: Launched, capsys: pytest.CaptureFixture[str]
) -> None:
    """One fault that ends at once, and one with a duration."""
    faults = (Fault("kill", ("beat",), 0.5, 0.0), Fault("freeze", ("mongo", "web"), 0.5, 0.5))
    with staged(stack, "web-chaos") as stage:
        assert await one_round(stage, faults, Diary()) > 0
    output = capsys.readouterr().out
    assert all(str(fault) in output for fault in faults)
