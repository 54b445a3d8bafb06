"""Times of spans: exact to the microsecond, also on a busy machine."""

import pytest

from apps.core import otlp

#: The wall clock when the performance counter is zero.
EPOCH_NS = 1_900_000_000_000_000_000
MICROSECOND_NS = 1_000


class Clocks:
    """Both clocks of a thread that sometimes has to wait between two reads."""

    def __init__(self, waits_ns: list[int]) -> None:
        self._now_ns = 0
        self._waits_ns = waits_ns

    def perf_counter(self) -> float:
        """Return the one."""
        self._pass()
        return self._now_ns / 1e9

    def time_ns(self) -> int:
        """Return the other."""
        self._pass()
        return EPOCH_NS + self._now_ns

    def _pass(self) -> None:
        self._now_ns += 100 + (self._waits_ns.pop(0) if self._waits_ns else 0)


@pytest.mark.parametrize("place", range(9))
def test_time_is_exact_though_the_thread_had_to_wait(
    place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a hundredth of a second between any two reads."""
    clocks = Clocks([0] * place + [10_000_000])
    monkeypatch.setattr(otlp, "time", clocks)
    moment_ns = 50
    found = otlp._epoch_ns(moment_ns / 1e9)
    assert abs(found - EPOCH_NS - moment_ns) < MICROSECOND_NS
