"""Compares the structs of an update at known clocks with the content of a document there.

A client id is used by one writer, so what an update brings at clocks that the document has is the
same content again. Another content there would never be shown: the engine ignores it. So an edit
that claims it must not be acknowledged as stored (docs/invariants.md, 12).
"""

from collections.abc import Container, Iterator
from typing import Final

from apps.core.errors import LimitExceededError
from apps.crdt.analysis.equality import ordered_any, ordered_content
from apps.crdt.codec.contents import (
    ANY,
    DELETED,
    STRING,
    MalformedUpdateError,
    read_content,
    read_uint,
    skip_any,
    text_length,
)
from apps.crdt.codec.structs import (
    GAPS,
    GC,
    KIND_MASK,
    SKIP,
    RawStruct,
    iter_structs,
    skip_prefix,
)
from apps.crdt.codec.update_checks import all_deleted
from apps.crdt.codec.update_reader import UpdateHeader
from apps.crdt.codec.vectors import Vector
from apps.crdt.ids.utf16 import Utf16Text

#: How many structs of a document one comparison reads, and how many bytes of values, attributes
#: and marks (text is read faster). Each takes the event loop about 0.1 s. Threat: a few bytes that
#: claim clocks far apart in a large document.
MAX_READ_STRUCTS: Final = 50_000
MAX_READ_VALUE_BYTES: Final = 256 * 1024
#: How much of a content is read at first; most are shorter. Then sixteen times as much.
_FIRST_WINDOW_BYTES: Final = 64

_DEAD: Final = frozenset({GC, DELETED})
#: What a text has in place of half a surrogate pair: the other half may be in another struct.
_HALF: Final = "\ufffd"


class RepeatsTooMuchError(LimitExceededError):
    """An update repeats so much of a large document that it cannot be compared."""


def repeated_vector(header: UpdateHeader, known: Vector) -> Vector:
    """Return the first clock of each client at which an update repeats what is known."""
    found: Vector = {}
    for client, runs in header.ranges.items():
        if runs[0][0] < known.get(client, 0):
            found[client] = runs[0][0]
    return found


def is_contradicted(
    update: bytes,
    header: UpdateHeader,
    known: Vector,
    stored: bytes,
    *,
    foreign: Container[int] = (),
) -> bool:
    """Return whether an update has other content at known clocks than the document.

    ``stored`` is the document's state from ``repeated_vector`` on. Live structs have to be equal,
    content and place, where both have them. What only the document has deleted cannot be compared;
    of a client in ``foreign`` it counts as another content. What the update has deleted or garbage
    collected has to be in its deletes, as Yjs writes it. Costs the length of the update and of the
    structs that it repeats. Raises ``RepeatsTooMuchError``.
    """
    live: dict[int, list[RawStruct]] = {}
    dead: list[tuple[int, int, int]] = []
    for struct in iter_structs(update):
        end = known.get(struct.client, 0)
        if struct.clock >= end or struct.kind == SKIP:
            continue
        if struct.kind in _DEAD:
            dead.append((struct.client, struct.clock, min(end, struct.clock + struct.length)))
        else:
            live.setdefault(struct.client, []).append(struct)
    if not all_deleted(dead, header.deletes):
        return True
    return _differ(live, known, stored, foreign)


class _Values:
    """The values of one struct by clock."""

    def __init__(self, struct: RawStruct) -> None:
        self.kind = struct.kind
        self.clock = struct.clock
        self.end = struct.clock + struct.length
        self._struct = struct
        self._text: Utf16Text | None = None
        self._places: list[int] | None = None

    @property
    def is_dead(self) -> bool:
        """Return whether it is deleted or garbage collected."""
        return self.kind in _DEAD

    def place(self, clock: int) -> tuple[object, ...]:
        """Return the place of a clock: its origins, or its parent and key without any.

        As if the struct were cut there: engines cut and join structs as they like.
        """
        left, right = self._struct.origins
        if clock > self.clock:
            left = (self._struct.client, clock - 1)
        if left or right:
            return left, None if left == right else right  # as it is stored (ADR 0017)
        return self._struct.prefix[:1], self._struct.prefix[1:]

    def differs(self, other: "_Values", first: int, end: int) -> bool:
        """Return whether two live structs differ from one clock to before another."""
        if self.kind != other.kind or self.place(first) != other.place(first):
            return True
        if self.kind == STRING:
            return _texts_differ(self.text(first, end), other.text(first, end))
        if self.kind == ANY:
            return self.values(first, end) != other.values(first, end)
        return self.content() != other.content()

    def content(self) -> bytes:
        """Return the content of a struct of one clock, its keys sorted."""
        return ordered_content(self._struct)

    def text(self, first: int, end: int) -> str:
        """Return the text from one clock to before another."""
        if self._text is None:
            self._text = Utf16Text(self._struct.text)
        return self._text.slice(first - self.clock, end - self.clock)

    def values(self, first: int, end: int) -> bytes:
        """Return the "any" values from one clock to before another, their keys sorted."""
        content = self._struct.content
        if self._places is None:
            self._places = [read_uint(content, 0)[1]]
            for _ in range(self._struct.length):
                self._places.append(skip_any(content, self._places[-1], 1))
        return ordered_any(content, self._places[first - self.clock], end - first)[0]


class _Claims:
    """The live structs that an update has of one client at known clocks, in order."""

    def __init__(self, structs: list[RawStruct], known: int) -> None:
        self._structs = structs
        self._known = known
        self._position = 0
        self._current = _Values(structs[0])

    @property
    def is_compared(self) -> bool:
        """Return whether the document's structs have been compared with all of them."""
        return self._position == len(self._structs)

    def differ(self, have: _Values, *, is_foreign: bool) -> bool:
        """Compare the next struct of the document with those that it overlaps."""
        while not self.is_compared and self._current.clock < have.end:
            own = self._current
            first, end = max(own.clock, have.clock), min(own.end, have.end, self._known)
            if first < end and (is_foreign if have.is_dead else own.differs(have, first, end)):
                return True
            if own.end > have.end:
                break
            self._position += 1
            if not self.is_compared:
                self._current = _Values(self._structs[self._position])
        return False


def _differ(
    live: dict[int, list[RawStruct]], known: Vector, stored: bytes, foreign: Container[int]
) -> bool:
    """Walk over the document's structs until every claimed struct has been compared."""
    waiting = {client: _Claims(structs, known[client]) for client, structs in live.items()}
    if not waiting:
        return False
    for struct in _bounded_structs(stored):
        claims = waiting.get(struct.client)
        if claims is None:
            continue
        if claims.differ(_Values(struct), is_foreign=struct.client in foreign):
            return True
        if claims.is_compared:
            del waiting[struct.client]
            if not waiting:
                return False
    return False


def _bounded_structs(stored: bytes) -> Iterator[RawStruct]:
    """Yield the structs of a state like ``iter_structs``; raise where that would take too long."""
    clients, pos = read_uint(stored, 0)
    structs = value_bytes = 0
    for _ in range(clients):
        count, pos = read_uint(stored, pos)
        client, pos = read_uint(stored, pos)
        clock, pos = read_uint(stored, pos)
        for _ in range(count):
            structs += 1
            if structs > MAX_READ_STRUCTS:
                raise _too_much("repeated_structs", MAX_READ_STRUCTS)
            start, info = pos, stored[pos]
            kind = info & KIND_MASK
            if info in GAPS:
                length, pos = read_uint(stored, pos + 1)
                content_start = pos
            else:
                content_start = skip_prefix(stored, pos + 1, info)
                if kind == STRING:
                    size, text_start = read_uint(stored, content_start)
                    pos = text_start + size
                    length = text_length(stored, text_start, pos)
                else:
                    length, size = _content_end(
                        stored, content_start, kind, MAX_READ_VALUE_BYTES - value_bytes
                    )
                    value_bytes += size
                    pos = content_start + size
            yield RawStruct(client, clock, length, kind, stored, start, content_start, pos)
            clock += length


def _content_end(data: bytes, pos: int, kind: int, max_bytes: int) -> tuple[int, int]:
    """Return the length of a content in clocks and in bytes; read no more than ``max_bytes``."""
    window = _FIRST_WINDOW_BYTES
    while True:
        try:
            return read_content(data[pos : pos + min(window, max_bytes)], 0, kind)
        except (IndexError, MalformedUpdateError) as err:
            if window >= max_bytes:
                raise _too_much("repeated_value_bytes", MAX_READ_VALUE_BYTES) from err
        window *= 16


def _too_much(limit: str, value: int) -> RepeatsTooMuchError:
    return RepeatsTooMuchError(
        "The edit repeats too much of the document. Send only what the server lacks.",
        extra={"limit": limit, "value": value},
    )


def _texts_differ(one: str, other: str) -> bool:
    if one == other:
        return False
    if _HALF not in one and _HALF not in other:
        return True
    ones, others = _units(one), _units(other)
    return len(ones) != len(others) or any(
        a != b and _HALF not in (a, b) for a, b in zip(ones, others, strict=True)
    )


def _units(text: str) -> list[str]:
    """Return the UTF-16 units of a text, each as a character."""
    raw = text.encode("utf-16-le")
    return [chr(raw[at] | raw[at + 1] << 8) for at in range(0, len(raw), 2)]
