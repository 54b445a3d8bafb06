"""Structs of an update: the bits of their info byte, and a lazy reader for analyses and edits.

The info byte and what follows it: https://github.com/yjs/yjs/blob/v13.6.33/src/structs/Item.js
Two hot loops read structs by themselves, with the constants of this module: the strict one of
``apps.crdt.codec.update_reader``, and ``apps.crdt.analysis.id_encoding``.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from apps.crdt.codec.contents import STRING, read_content, read_uint, refuse, skip_text, text_length
from apps.crdt.codec.lib0 import write_var_uint

#: The id of a struct: its client and its first clock.
Id = tuple[int, int]
#: An id range: the first id, and the number of clocks.
Span = tuple[Id, int]

#: The update without structs and deletes.
EMPTY_UPDATE: Final = b"\x00\x00"

#: Info byte of a struct: the lowest five bits are its kind (``apps.crdt.codec.contents``, or one of
#: ``GAPS``), the upper three bits name the fields before its content.
KIND_MASK: Final = 31
HAS_PARENT_KEY: Final = 32
HAS_RIGHT_ORIGIN: Final = 64
HAS_LEFT_ORIGIN: Final = 128
HAS_BOTH_ORIGINS: Final = HAS_LEFT_ORIGIN | HAS_RIGHT_ORIGIN

#: Kinds without fields and content: garbage collected clocks, and clocks that an update leaves out.
GC: Final = 0
SKIP: Final = 10
GAPS: Final = (GC, SKIP)

#: One id and two ids as they are written, two unsigned integers each. A regular expression passes
#: them faster than calls of ``read_uint``.
ONE_ID: Final = re.compile(rb"(?:[\x80-\xff]*[\x00-\x7f]){2}")
TWO_IDS: Final = re.compile(rb"(?:[\x80-\xff]*[\x00-\x7f]){4}")


class RawStruct(NamedTuple):
    """One struct of an update; origins, parent and content are decoded when they are asked for.

    ``length`` counts its clocks. ``update[start:content_start]`` has the info byte with the origins
    or the parent, ``update[content_start:end]`` the content, which is empty in a gap.
    """

    client: int
    clock: int
    length: int
    kind: int
    update: bytes
    start: int
    content_start: int
    end: int

    @property
    def id(self) -> Id:
        """Return the id of its first clock."""
        return self.client, self.clock

    @property
    def span(self) -> Span:
        """Return its id range."""
        return (self.client, self.clock), self.length

    @property
    def prefix(self) -> bytes:
        """Return the bytes before the content: the info byte with the origins or the parent."""
        return self.update[self.start : self.content_start]

    @property
    def content(self) -> bytes:
        """Return the bytes of the content."""
        return self.update[self.content_start : self.end]

    @property
    def origins(self) -> tuple[Id | None, Id | None]:
        """Return the left and the right origin: the neighbours of the item when it was inserted."""
        info, pos = self.update[self.start], self.start + 1
        left = right = None
        if info & HAS_LEFT_ORIGIN:
            left, pos = read_id(self.update, pos)
        if info & HAS_RIGHT_ORIGIN:
            right, pos = read_id(self.update, pos)
        return left, right

    @property
    def sibling(self) -> Id | None:
        """Return the left origin, or the right one if there is no left; None if there is neither.

        The struct has the parent of its sibling.
        """
        if self.update[self.start] < HAS_RIGHT_ORIGIN:
            return None
        return read_id(self.update, self.start + 1)[0]

    @property
    def parent(self) -> Id | str | None:
        """Return the parent as it is written: the id of an item, or the name of a root type.

        None where an origin is written in its place, and in a gap.
        """
        update, start = self.update, self.start
        info = update[start]
        if info >= HAS_RIGHT_ORIGIN or info in GAPS:
            return None
        if not update[start + 1]:
            return read_id(update, start + 2)[0]
        size, name_start = read_uint(update, start + 2)
        return update[name_start : name_start + size].decode()

    @property
    def text(self) -> str:
        """Return the text of a string; empty for any other kind."""
        if self.kind != STRING:
            return ""
        text_start = read_uint(self.update, self.content_start)[1]
        return self.update[text_start : self.end].decode()


def iter_structs(update: bytes) -> Iterator[RawStruct]:
    """Yield the structs of an update in its own order, gaps included.

    Only for updates that ``apps.crdt.codec.update_reader.read_update`` has read, or that the engine
    has written: nothing is validated again.
    """
    clients, pos = read_uint(update, 0)
    for _ in range(clients):
        count, pos = read_uint(update, pos)
        client, pos = read_uint(update, pos)
        clock, pos = read_uint(update, pos)
        for _ in range(count):
            start = pos
            info = update[pos]
            if info in GAPS:
                length, pos = read_uint(update, pos + 1)
                yield RawStruct(client, clock, length, info, update, start, pos, pos)
            else:
                kind = info & KIND_MASK
                content_start = skip_prefix(update, pos + 1, info)
                if kind == STRING:
                    size, text_start = read_uint(update, content_start)
                    pos = text_start + size
                    length = text_length(update, text_start, pos)
                else:
                    length, pos = read_content(update, content_start, kind)
                yield RawStruct(client, clock, length, kind, update, start, content_start, pos)
            clock += length


def structs_by_client(update: bytes) -> dict[int, list[RawStruct]]:
    """Return client to its structs, in order of their clocks; for updates as ``iter_structs``."""
    clients: dict[int, list[RawStruct]] = {}
    for struct in iter_structs(update):
        clients.setdefault(struct.client, []).append(struct)
    return clients


def with_deletes(update: bytes, spans: Iterable[Span]) -> bytes:
    """Return an update with the same structs, and with these deletes in place of its own."""
    structs_end = max((struct.end for struct in iter_structs(update)), default=1)
    out = bytearray(update[:structs_end])
    clients: dict[int, list[tuple[int, int]]] = {}
    for (client, clock), length in spans:
        clients.setdefault(client, []).append((clock, length))
    write_var_uint(out, len(clients))
    for client, ranges in clients.items():
        write_var_uint(out, client)
        write_var_uint(out, len(ranges))
        for clock, length in ranges:
            write_var_uint(out, clock)
            write_var_uint(out, length)
    return bytes(out)


def root_names(update: bytes) -> set[str]:
    """Return the names of the root types that an update has as written parents."""
    parents = (struct.parent for struct in iter_structs(update))
    return {parent for parent in parents if isinstance(parent, str)}


def match_end(pattern: re.Pattern[bytes], data: bytes, pos: int) -> int:
    """Return the end of the pattern at ``pos``, where it must match."""
    found = pattern.match(data, pos)
    if found is None:
        refuse("The update ends too early.")
    return found.end()


def skip_prefix(data: bytes, pos: int, info: int) -> int:
    """Pass the origins of an item, or its parent where it has none."""
    if info >= HAS_RIGHT_ORIGIN:
        return match_end(TWO_IDS if info >= HAS_BOTH_ORIGINS else ONE_ID, data, pos)
    in_root = data[pos]
    pos = skip_text(data, pos + 1) if in_root else match_end(ONE_ID, data, pos + 1)
    return skip_text(data, pos) if info & HAS_PARENT_KEY else pos


def read_id(data: bytes, pos: int) -> tuple[Id, int]:
    """Read the id of a struct; return it and the position behind it."""
    client, pos = read_uint(data, pos)
    clock, pos = read_uint(data, pos)
    return (client, clock), pos
