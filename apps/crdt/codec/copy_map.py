"""Copy maps: which ids of an operation are copies of content that was deleted (ADR 0016).

An undo, a split or a moved block inserts deleted content again, under new ids. The author of an
operation claims that by a copy map: varUint ``count``, then for each range five varUint: client and
clock of the new ids, their number, client and clock of the deleted ids that they are copies of. A
claim proves nothing: ``apps.history.copies`` compares the content. Yjs has ``item.redone``.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from apps.crdt.codec.lib0 import DecodeError, Decoder, write_var_uint
from apps.crdt.codec.structs import Id
from apps.crdt.codec.update_reader import MAX_CLOCK

#: Ranges of one copy map. Threat: an analysis of the log that one operation makes slow.
MAX_COPIED_RANGES: Final = 32_768
#: Bytes of one copy map: so many ranges of long numbers fit.
MAX_COPY_MAP_BYTES: Final = 1024 * 1024
#: A range takes about as many bytes as the struct with its ids. Threat: a log that grows by claims.
MAX_BYTES_PER_UPDATE_BYTE: Final = 4


class CopiedRange(NamedTuple):
    """``length`` ids from (``client``, ``clock``) on, copies of as many ids from the source on."""

    client: int
    clock: int
    length: int
    source_client: int
    source_clock: int

    @property
    def end(self) -> int:
        """Return the clock behind the new ids."""
        return self.clock + self.length

    @property
    def source_end(self) -> int:
        """Return the clock behind the ids of the source."""
        return self.source_clock + self.length

    def part(self, first: int, end: int) -> "CopiedRange":
        """Return the copies from clock ``first`` to before ``end``."""
        source_clock = self.source_clock + first - self.clock
        return self._replace(clock=first, length=end - first, source_clock=source_clock)


def copy_map_encode(ranges: Sequence[CopiedRange]) -> bytes:
    """Return the bytes of a copy map, none where it has no range."""
    if not ranges:
        return b""
    out = bytearray()
    write_var_uint(out, len(ranges))
    for copied in ranges:
        for number in copied:
            write_var_uint(out, number)
    return bytes(out)


def copy_map_decode(data: bytes) -> list[CopiedRange]:
    """Read a copy map. Raises ``DecodeError``, also for one that is above the limits."""
    if not data:
        return []
    if len(data) > MAX_COPY_MAP_BYTES:
        raise DecodeError(f"A copy map has at most {MAX_COPY_MAP_BYTES} bytes.")
    decoder = Decoder(data)
    count = decoder.var_uint()
    if count > MAX_COPIED_RANGES:
        raise DecodeError(f"A copy map has at most {MAX_COPIED_RANGES} ranges.")
    ranges = [CopiedRange(*(decoder.var_uint() for _ in range(5))) for _ in range(count)]
    decoder.expect_end()
    if any(not one.length or max(one.end, one.source_end) > MAX_CLOCK for one in ranges):
        raise DecodeError("A copy map has clocks that no document has.")
    return ranges


def copy_map_fits(data: bytes, update: bytes) -> bool:
    """Return whether a copy map has no more bytes than its update allows. Costs nothing."""
    return len(data) <= min(MAX_BYTES_PER_UPDATE_BYTE * len(update), MAX_COPY_MAP_BYTES)


def copy_map_join(ranges: Iterable[CopiedRange]) -> list[CopiedRange]:
    """Return ranges in order, those joined that continue each other."""
    joined: list[CopiedRange] = []
    for copied in sorted(ranges):
        last = joined[-1] if joined else None
        if last is not None and _continues(last, copied):
            joined[-1] = last._replace(length=last.length + copied.length)
        else:
            joined.append(copied)
    return joined


def _continues(last: CopiedRange, copied: CopiedRange) -> bool:
    ids: tuple[Id, Id] = (last.client, last.end), (last.source_client, last.source_end)
    return ids == ((copied.client, copied.clock), (copied.source_client, copied.source_clock))
