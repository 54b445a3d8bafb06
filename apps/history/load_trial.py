"""The trial of a load: a state or operations that may break the engine, in a child process first.

A load holds the interpreter of its process, and a crash of the engine ends it. Small states cannot
be slow. What a process has tried is not tried again (``apps.history.tried_loads``).
"""

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from threading import Lock
from typing import Final

from apps.core.errors import AppError, TransientError
from apps.crdt.codec.update_reader import UpdateHeader, read_update
from apps.crdt.engine.merge_cost import (
    MAX_BYTES_COPIED,
    MAX_JOIN_BYTES,
    MAX_VALUES_COPIED,
    MergeCost,
)
from apps.crdt.engine.placements import placements_of
from apps.history.rehearsals import RehearsalFailedError, load_rehearse
from apps.history.tried_loads import load_mark, tried_load_find, tried_load_store
from apps.oplog.document_quarantine import document_quarantine

#: States of fewer bytes take the engine 0.1 s at most, whatever their items are.
TRIAL_MIN_BYTES: Final = 16 * 1024
#: Loads that this process remembers as tried.
_MAX_TRIED: Final = 10_000

#: Operations that are larger, in bytes, are surveyed as a room does, and the largest are tried: a
#: survey of more takes longer than a trial. Threat: what a server without the limits of today has
#: logged.
_SURVEY_MIN_BYTES: Final = 14 * 1024
TRIAL_MIN_UPDATE_BYTES: Final = 256 * 1024

#: Milliseconds that each tried load took, by its mark.
_tried: OrderedDict[str, int] = OrderedDict()
_lock = Lock()


class LoadCost:
    """The cost of the operations of a log that are loaded after a state."""

    def __init__(self, *, state_bytes: int) -> None:
        self._cost = MergeCost(state_bytes=state_bytes)
        #: The headers of the surveyed updates of the last call, for their merge.
        self.headers: dict[bytes, UpdateHeader] = {}
        #: Bytes of the document, and values in its lists at most.
        self._size_bytes = state_bytes
        self._values = state_bytes

    def add(self, updates: Sequence[bytes]) -> bool:
        """Count operations; return whether to try them, as where an update cannot be read."""
        self.headers.clear()
        if any(len(update) > TRIAL_MIN_UPDATE_BYTES for update in updates):
            return True
        try:
            return any(self._add(update) for update in updates)
        except (AppError, IndexError, UnicodeDecodeError):
            return True

    def _add(self, update: bytes) -> bool:
        self._size_bytes += len(update)
        if len(update) <= _SURVEY_MIN_BYTES:
            self._values += len(update)
            return self._cost.add(update, len(update))
        header, placements = read_update(update), placements_of([update])
        self.headers[update] = header
        self._values += header.values
        return (
            self._cost.add_placements(placements)
            or header.is_unusual
            or placements.joins * len(update) > MAX_JOIN_BYTES
            or placements.cuts * self._values > MAX_VALUES_COPIED
            or placements.cuts * self._size_bytes > MAX_BYTES_COPIED
        )


def load_try(
    *, document_id: str, state: bytes, updates: Sequence[bytes] = (), is_suspect: bool = False
) -> int:
    """Load a state with the updates after it in a child process, unless it cannot be slow.

    Return the milliseconds of processor time that the load took; 0 where it was not tried. A
    document whose load dies or is too slow is quarantined: raises ``DocumentQuarantinedError``. An
    error of the engine is left to the load itself, which quarantines the operation alone. Raises
    ``TransientError`` when no child process is free.
    """
    if not is_suspect and not updates and len(state) < TRIAL_MIN_BYTES:
        return 0
    mark = load_mark(state, updates)
    known_ms = None if is_suspect else _find_tried(mark)
    if known_ms is not None:
        return known_ms
    took_ms = 0
    try:
        took_ms = round(load_rehearse(state, updates) * 1_000)
    except RehearsalFailedError as err:
        if err.reason is not None:
            raise document_quarantine(document_id=document_id, reason=err.reason) from err
    _remember(mark, took_ms)
    tried_load_store(mark, took_ms)
    return took_ms


def snapshot_try(*, document_id: str, state: bytes) -> None:
    """Try the load of a new snapshot, so that the next server to open it need not.

    Where no child process is free, that server does. Raises ``DocumentQuarantinedError``.
    """
    with suppress(TransientError):
        load_try(document_id=document_id, state=state)


def _find_tried(mark: str) -> int | None:
    with _lock:
        known_ms = _tried.get(mark)
    if known_ms is None:
        known_ms = tried_load_find(mark)
        if known_ms is not None:
            _remember(mark, known_ms)
    return known_ms


def _remember(mark: str, took_ms: int) -> None:
    with _lock:
        _tried[mark] = took_ms
        if len(_tried) > _MAX_TRIED:
            _tried.popitem(last=False)
