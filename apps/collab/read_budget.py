"""The budget of one session for frames that change nothing and still cost work. Pure."""

from typing import Final

#: Bytes of a document, bytes of a version vector, and presence states, whose answer costs a unit.
BYTES_PER_UNIT: Final = 256 * 1024
VECTOR_BYTES_PER_UNIT: Final = 8 * 1024
STATES_PER_UNIT: Final = 64


class ReadBudget:
    """A token bucket of work units: full at first, refilled with time."""

    def __init__(self, units: int, per_s: int, *, at: float) -> None:
        self._most = units
        self._per_s = per_s
        self._units = float(units)
        self._at = at

    def spend(self, units: float, *, at: float) -> bool:
        """Take units out; return False, and take none, where there are too few.

        ``at`` is a monotonic time in seconds. An answer dearer than a full budget costs all of it.
        """
        self._units = min(self._most, self._units + (at - self._at) * self._per_s)
        self._at = at
        price = min(units, self._most)
        if price > self._units:
            return False
        self._units -= price
        return True


def sync_price(document_bytes: int, vector_bytes: int = 0) -> float:
    """Return the units of an answer to sync step 1, and of the reading of its vector."""
    return 1 + document_bytes / BYTES_PER_UNIT + vector_bytes / VECTOR_BYTES_PER_UNIT


def presence_price(states: int) -> float:
    """Return the units of an answer to query awareness."""
    return 1 + states / STATES_PER_UNIT
