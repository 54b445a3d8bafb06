"""What is kept of operations whose content a snapshot holds: name, author, moment, clocks. Pure.

Many operations in one row, in columns, compressed: enough to answer one that is sent again, and to
say who wrote each letter of the snapshot. What an operation wrote is not in it.
"""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from apps.core.errors import ConflictError
from apps.crdt.codec.update_reader import read_update
from apps.oplog.operation import Operation

#: ClockRuns by client: of clocks ``(first, end)``, or of deletes ``(clock, length)``.
ClientRanges = dict[int, tuple[tuple[int, int], ...]]

#: Changes when the form does.
_FORM = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


class CompactedDamagedError(ConflictError):
    """A row of packed operations is not what was written."""

    code = "packed_damaged"


@dataclass(frozen=True, slots=True)
class CompactedOperation:
    """One operation without its content: the clocks that it brought, and what it deleted."""

    seq: int
    unique_id: str
    author_id: str
    received_at: datetime
    ranges: ClientRanges
    deletes: ClientRanges

    @classmethod
    def of(cls, operation: Operation) -> "CompactedOperation":
        """Return what is kept of an operation. Raises ``MalformedUpdateError``."""
        header = read_update(operation.update)
        return cls(
            seq=operation.seq,
            unique_id=operation.unique_id,
            author_id=operation.author_id,
            received_at=operation.received_at,
            ranges=header.ranges,
            deletes=header.deletes,
        )


def operations_encode(operations: Sequence[CompactedOperation]) -> bytes:
    """Return operations that follow each other as the bytes of one row."""
    authors = sorted({each.author_id for each in operations})
    numbers = {author_id: number for number, author_id in enumerate(authors)}
    moments = [(each.received_at - _EPOCH) // _MS for each in operations]
    columns = [
        _FORM,
        operations[0].seq,
        [each.unique_id for each in operations],
        authors,
        [numbers[each.author_id] for each in operations],
        [now - before for now, before in zip(moments, [0, *moments], strict=False)],
        [_flat(each.ranges) for each in operations],
        [_flat(each.deletes) for each in operations],
    ]
    return zlib.compress(json.dumps(columns, separators=(",", ":")).encode(), 9)


def operations_decode(packed: bytes) -> list[CompactedOperation]:
    """Read what ``operations_encode`` made. Raises ``CompactedDamagedError``."""
    try:
        return _operations(*_columns(packed))
    except _UNREADABLE as err:
        raise _damaged(err) from err


def unique_ids_decode(packed: bytes) -> tuple[int, list[str]]:
    """Return the first seq of a row and the unique ids from there on, at a tenth of the cost.

    Raises ``CompactedDamagedError``.
    """
    try:
        first_seq, columns = _columns(packed)
        return first_seq, [str(unique_id) for unique_id in columns[0]]
    except _UNREADABLE as err:
        raise _damaged(err) from err


#: What bytes that somebody has changed make the libraries raise.
_UNREADABLE = (zlib.error, ValueError, TypeError, IndexError, KeyError, OverflowError)


def _damaged(error: Exception) -> CompactedDamagedError:
    return CompactedDamagedError(f"A row of packed operations cannot be read: {error}.")


def _columns(packed: bytes) -> tuple[int, list[Any]]:
    form, first_seq, *columns = json.loads(zlib.decompress(packed))
    if form != _FORM:
        raise ValueError(f"form {form}")
    return first_seq, columns


def _operations(first_seq: int, columns: list[Any]) -> list[CompactedOperation]:
    unique_ids, authors, numbers, pauses, ranges, deletes = columns
    operations, moment = [], _EPOCH
    rows = zip(unique_ids, numbers, pauses, ranges, deletes, strict=True)
    for place, (unique_id, number, pause, brought, deleted) in enumerate(rows):
        moment += pause * _MS
        operations.append(
            CompactedOperation(
                seq=first_seq + place,
                unique_id=unique_id,
                author_id=authors[number],
                received_at=moment,
                ranges=_runs(brought),
                deletes=_runs(deleted),
            )
        )
    return operations


def _flat(runs: ClientRanges) -> list[list[int]]:
    """Return ``[client, one, two, one, two, …]`` for each client."""
    return [[client, *(number for run in own for number in run)] for client, own in runs.items()]


def _runs(flat: Any) -> ClientRanges:
    return {
        client: tuple(zip(numbers[::2], numbers[1::2], strict=True)) for client, *numbers in flat
    }
