"""Compacted operations: the unique id, author, time and ids of operations, without content. Pure.

A snapshot has their content. One row has many operations, in compressed columns: enough to
recognise an operation that is sent again, and to attribute each character of the snapshot.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.core.columns import columns_decode, columns_encode, datetime_of_ms, epoch_ms
from apps.core.errors import ConflictError
from apps.crdt.codec.copy_map import CopiedRange
from apps.crdt.codec.update_reader import read_update
from apps.oplog.operation import Operation

#: Id ranges by client: ``(first, end)`` of inserted ids, ``(clock, length)`` of deleted ones.
ClientRanges = dict[int, tuple[tuple[int, int], ...]]

#: Number of the encoded form; it changes with the form.
_FORM = 1


class CompactedDamagedError(ConflictError):
    """A row of compacted operations is damaged."""

    code = "packed_damaged"


@dataclass(frozen=True, slots=True)
class CompactedOperation:
    """One operation without its content: the id ranges that it inserted and deleted."""

    seq: int
    unique_id: str
    author_id: str
    received_at: datetime
    ranges: ClientRanges
    deletes: ClientRanges

    @classmethod
    def of(cls, operation: Operation) -> "CompactedOperation":
        """Return an operation without its content. Raises ``MalformedUpdateError``."""
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
    """Return consecutive operations as the bytes of one row."""
    authors = sorted({operation.author_id for operation in operations})
    positions = {author_id: position for position, author_id in enumerate(authors)}
    times_ms = [epoch_ms(operation.received_at) for operation in operations]
    columns = [
        operations[0].seq,
        [operation.unique_id for operation in operations],
        authors,
        [positions[operation.author_id] for operation in operations],
        [ms - before for ms, before in zip(times_ms, [0, *times_ms], strict=False)],
        [_flat(operation.ranges) for operation in operations],
        [_flat(operation.deletes) for operation in operations],
    ]
    return columns_encode(columns, form=_FORM, level=9)


def operations_decode(blob: bytes) -> list[CompactedOperation]:
    """Read the bytes of ``operations_encode``. Raises ``CompactedDamagedError``."""
    try:
        return _operations(*_columns(blob))
    except _UNREADABLE as err:
        raise _damaged(err) from err


def unique_ids_decode(blob: bytes) -> tuple[int, list[str]]:
    """Return the first seq of a row, and its unique ids; costs a tenth of ``operations_decode``.

    Raises ``CompactedDamagedError``.
    """
    try:
        first_seq, columns = _columns(blob)
        return first_seq, [str(unique_id) for unique_id in columns[0]]
    except _UNREADABLE as err:
        raise _damaged(err) from err


#: Compressed size of the copies of a log (ADR 0016). Threat: a row that MongoDB refuses, at 16 MiB.
MAX_COPIES_BYTES = 12 * 1024 * 1024


def copies_pack(copies: Sequence[CopiedRange]) -> bytes:
    """Return the checked copies of a log as bytes, none where it has none."""
    if not copies:
        return b""
    return columns_encode([list(column) for column in zip(*copies, strict=True)], form=1, level=9)


def copies_unpack(blob: bytes) -> list[CopiedRange]:
    """Read the bytes of ``copies_pack``. Raises ``CompactedDamagedError``."""
    if not blob:
        return []
    try:
        return [CopiedRange(*row) for row in zip(*columns_decode(blob, form=1), strict=True)]
    except _UNREADABLE as err:
        raise _damaged(err) from err


#: Errors that damaged bytes raise.
_UNREADABLE = (ValueError, TypeError, IndexError, KeyError, OverflowError)


def _damaged(error: Exception) -> CompactedDamagedError:
    return CompactedDamagedError(f"A row of compacted operations cannot be read: {error}.")


def _columns(blob: bytes) -> tuple[int, list[Any]]:
    first_seq, *columns = columns_decode(blob, form=_FORM)
    return first_seq, columns


def _operations(first_seq: int, columns: list[Any]) -> list[CompactedOperation]:
    unique_ids, authors, positions, pauses_ms, ranges, deletes = columns
    operations, received_ms = [], 0
    rows = zip(unique_ids, positions, pauses_ms, ranges, deletes, strict=True)
    for seq, (unique_id, position, pause_ms, inserted, deleted) in enumerate(rows, first_seq):
        received_ms += pause_ms
        operations.append(
            CompactedOperation(
                seq=seq,
                unique_id=unique_id,
                author_id=authors[position],
                received_at=datetime_of_ms(received_ms),
                ranges=_ranges(inserted),
                deletes=_ranges(deleted),
            )
        )
    return operations


def _flat(ranges: ClientRanges) -> list[list[int]]:
    """Return ``[client, one, two, one, two, …]`` for each client."""
    return [
        [client, *(number for own_range in own_ranges for number in own_range)]
        for client, own_ranges in ranges.items()
    ]


def _ranges(flat: Any) -> ClientRanges:
    return {
        client: tuple(zip(numbers[::2], numbers[1::2], strict=True)) for client, *numbers in flat
    }
