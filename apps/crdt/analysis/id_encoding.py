"""A state with other words: its letters say which struct they are of, its elements their ids.

The engine knows the order of a document and hides the ids. So it is given the state once more, in
this form. For states that ``apps.crdt.codec.update_reader.read_update`` has passed: nothing is
checked again.
"""

import re
from typing import Final, Self

from apps.crdt.codec.contents import (
    DELETED,
    ELEMENT,
    STRING,
    TYPE,
    read_content,
    read_uint,
    skip_text,
)
from apps.crdt.codec.lib0 import encode_var_uint, write_var_string
from apps.crdt.codec.structs import Id
from apps.crdt.codec.update_reader import KIND

#: Digits of a struct's number; none is half of a surrogate pair.
BASE: Final = 50_000
_FIRST_DIGIT: Final = 0x100
ZERO: Final = chr(_FIRST_DIGIT)

_GAPS: Final = (0, 10)
_HAS_PARENT_KEY: Final = 32
_HAS_RIGHT_ORIGIN: Final = 64
_HAS_BOTH_ORIGINS: Final = 192
#: One id, and two: two unsigned integers each. No call of ours passes them as fast.
_ID: Final = re.compile(rb"(?:[\x80-\xff]*[\x00-\x7f]){2}")
_TWO_IDS: Final = re.compile(rb"(?:[\x80-\xff]*[\x00-\x7f]){4}")


class IdEncodedState:
    """The runs of text of a state by their numbers, and the state in the other form.

    ``ids``, ``texts`` and ``lengths`` (in UTF-16 units) have one entry for each run, in the
    state's order. ``roots`` are the names of its roots.
    """

    def __init__(self) -> None:
        self.ids: list[Id] = []
        self.texts: list[str] = []
        self.lengths: list[int] = []
        self.roots: set[str] = set()
        #: The bytes before each run of text, and those behind the last one.
        self._between: list[bytes] = []

    @classmethod
    def read(cls, state: bytes) -> Self:
        """Read a whole state."""
        numbered = cls()
        clients, pos = read_uint(state, 0)
        out = bytearray(state[:pos])
        for _ in range(clients):
            pos = numbered._read_client(state, pos, out)
        out += state[pos:]
        numbered._between.append(bytes(out))
        return numbered

    def _read_client(self, data: bytes, pos: int, out: bytearray) -> int:
        """Read the structs of one client; return where the next one's begin."""
        kept = pos  # what is before it is in ``out``
        structs, pos = read_uint(data, pos)
        client, pos = read_uint(data, pos)
        clock, pos = read_uint(data, pos)
        for _ in range(structs):
            info = data[pos]
            if info in _GAPS:
                length, pos = read_uint(data, pos + 1)
                clock += length
                continue
            pos = self._skip_place(data, pos + 1, info)
            kind = info & KIND
            if kind == STRING:
                out += data[kept:pos]
                self._between.append(bytes(out))
                out.clear()
                size, pos = read_uint(data, pos)
                kept = pos + size
                length = self._take(client, clock, data[pos:kept])
                pos = kept
            elif kind == DELETED:
                length, pos = read_uint(data, pos)
            elif kind == TYPE and data[pos] == ELEMENT:
                out += data[kept : pos + 1]
                size, start = read_uint(data, pos + 1)
                kept = pos = start + size
                write_var_string(out, f"{client}.{clock}.{data[start:pos].decode()}")
                length = 1
            else:
                length, pos = read_content(data, pos, kind)
            clock += length
        out += data[kept:pos]
        return pos

    def _take(self, client: int, clock: int, raw: bytes) -> int:
        """Take a run of text; return how many clocks it has."""
        text = raw.decode()
        length = len(text) if raw.isascii() else len(text.encode("utf-16-le")) // 2
        self.ids.append((client, clock))
        self.texts.append(text)
        self.lengths.append(length)
        return length

    def _skip_place(self, data: bytes, pos: int, info: int) -> int:
        """Pass the neighbours of an item, or its parent where it has none."""
        if info >= _HAS_RIGHT_ORIGIN:
            ids = _TWO_IDS if info >= _HAS_BOTH_ORIGINS else _ID
            return _end(ids, data, pos)
        if data[pos]:
            end = skip_text(data, pos + 1)
            self.roots.add(data[read_uint(data, pos + 1)[1] : end].decode())
        else:
            end = _end(_ID, data, pos + 1)
        return skip_text(data, end) if info & _HAS_PARENT_KEY else end

    # --- the other form ----------------------------------------------------------------------

    def states(self) -> list[bytes]:
        """Return the state with the lower digit of each number for letters, then the upper one.

        The upper one only where there is any. An element's name is ``client.clock.name``.
        """
        digits = [1, BASE] if len(self.ids) > BASE else [1]
        return [self._state(unit) for unit in digits]

    def number(self, low: str, high: str) -> int:
        """Return the number that has these letters; ``ZERO`` where there is no upper one."""
        return (ord(high) - _FIRST_DIGIT) * BASE + ord(low) - _FIRST_DIGIT

    def _state(self, unit: int) -> bytes:
        """Return the state with the digit of this worth for letters."""
        out = [self._between[0]]
        for number, length in enumerate(self.lengths):
            letter = chr(_FIRST_DIGIT + number // unit % BASE).encode()
            out.append(encode_var_uint(length * len(letter)))
            out.append(letter * length)
            out.append(self._between[number + 1])
        return b"".join(out)


def _end(pattern: re.Pattern[bytes], data: bytes, pos: int) -> int:
    found = pattern.match(data, pos)
    assert found is not None  # noqa: S101 - the update was read before
    return found.end()
