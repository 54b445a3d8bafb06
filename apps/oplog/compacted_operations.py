"""What is kept of operations whose content a snapshot holds: name, author, moment, clocks. Pure.

Many operations in one row, in columns, compressed: enough to answer one that is sent again, and to
say who wrote each letter of the snapshot. What an operation wrote is not in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.core.columns import columns_decode, columns_encode, datetime_of_ms, epoch_ms
from apps.core.errors import ConflictError
from apps.crdt.codec.update_reader import read_update
from apps.oplog.operation import Operation

#: ClockRuns by client: of clocks ``(first, end)``, or of deletes ``(clock, length)``.
ClientRanges = dict[int, tuple[tuple[int, int], ...]]

#: Changes when the form does.
_FORM = 1


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
    moments = [epoch_ms(operation.received_at) for operation in operations]
    columns = [
        operations[0].seq,
        [each.unique_id for each in operations],
        authors,
        [numbers[each.author_id] for each in operations],
        [now - before for now, before in zip(moments, [0, *moments], strict=False)],
        [_flat(each.ranges) for each in operations],
        [_flat(each.deletes) for each in operations],
    ]
    return columns_encode(columns, form=_FORM, level=9)


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


#: Errors that damaged bytes raise.
_UNREADABLE = (ValueError, TypeError, IndexError, KeyError, OverflowError)


def _damaged(error: Exception) -> CompactedDamagedError:
    return CompactedDamagedError(f"A row of packed operations cannot be read: {error}.")


def _columns(packed: bytes) -> tuple[int, list[Any]]:
    first_seq, *columns = columns_decode(packed, form=_FORM)
    return first_seq, columns


def _operations(first_seq: int, columns: list[Any]) -> list[CompactedOperation]:
    unique_ids, authors, numbers, pauses, ranges, deletes = columns
    operations, received_ms = [], 0
    rows = zip(unique_ids, numbers, pauses, ranges, deletes, strict=True)
    for place, (unique_id, number, pause, brought, deleted) in enumerate(rows):
        received_ms += pause
        operations.append(
            CompactedOperation(
                seq=first_seq + place,
                unique_id=unique_id,
                author_id=authors[number],
                received_at=datetime_of_ms(received_ms),
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
