"""The random schedule of faults of ``make chaos``, determined by its seed. Pure."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from tests.support.control import PROCESSES

#: The kinds of faults, and their targets.
KINDS: dict[str, tuple[str, ...]] = {
    "kill": PROCESSES,
    "freeze": PROCESSES,
    "take away": PROCESSES,
    "flush": ("redis",),
    "fill the disk of": ("mongo",),
    "slow down": ("mongo",),
    "flip a byte in": ("redis", "mongo"),
}
#: Faults with a duration; the others end at once.
_LASTING = ("freeze", "take away", "fill the disk of", "slow down")
#: Number of targets that are hit at once.
_AT_ONCE = (1, 1, 1, 2, 3, len(PROCESSES))
#: Faults in one round, at most.
_FAULTS = 4
#: Pause before a fault, and duration of a fault, in seconds.
_PAUSE_S = (0.5, 3.0)
_LASTS_S = (0.5, 6.0)


@dataclass(frozen=True)
class Fault:
    """A fault of one or more processes, ``after_s`` after the end of the previous one."""

    kind: str
    targets: tuple[str, ...]
    after_s: float
    lasts_s: float

    def __str__(self) -> str:
        lasting = f" for {self.lasts_s} s" if self.lasts_s else ""
        return f"{self.kind} {', '.join(self.targets)}{lasting}"


def rounds(seed: int) -> Iterator[tuple[Fault, ...]]:
    """Yield the faults of one round after the other, without limit."""
    chance = random.Random(seed)
    while True:
        yield tuple(_fault(chance) for _ in range(chance.randint(1, _FAULTS)))


def _fault(chance: random.Random) -> Fault:
    kind = chance.choice(list(KINDS))
    among = KINDS[kind]
    count = min(chance.choice(_AT_ONCE), len(among))
    return Fault(
        kind=kind,
        targets=tuple(chance.sample(among, count)),
        after_s=round(chance.uniform(*_PAUSE_S), 1),
        lasts_s=round(chance.uniform(*_LASTS_S), 1) if kind in _LASTING else 0.0,
    )
