"""Re-encodes a state so that the engine reveals ids.

The engine knows the order of a document and hides the ids. In the re-encoded state, text is
replaced by characters that encode the index of their struct, and element names by
``client.clock.name``. Only for states that ``apps.crdt.codec.update_reader.read_update`` has read:
nothing is validated again.
"""

from typing import Final, Self

from apps.crdt.codec.contents import (
    DELETED,
    ELEMENT,
    EMBED,
    STRING,
    TYPE,
    read_content,
    read_uint,
    skip_text,
)
from apps.crdt.codec.lib0 import encode_var_uint, write_var_string
from apps.crdt.codec.structs import (
    GAPS,
    HAS_BOTH_ORIGINS,
    HAS_PARENT_KEY,
    HAS_RIGHT_ORIGIN,
    KIND_MASK,
    ONE_ID,
    TWO_IDS,
    Id,
    match_end,
)

#: A struct's index is written in digits of this base, each digit as one character of the basic
#: plane that is not half of a surrogate pair.
DIGIT_BASE: Final = 50_000
_FIRST_DIGIT: Final = 0x100
ZERO_DIGIT: Final = chr(_FIRST_DIGIT)


class IdEncodedState:
    """The text structs of a state by their index, and the re-encoded state.

    ``ids``, ``texts`` and ``lengths`` (in UTF-16 units) have one entry for each text struct, in the
    state's order. ``roots`` are the names of its root types.
    """

    def __init__(self) -> None:
        self.ids: list[Id] = []
        self.texts: list[str] = []
        self.lengths: list[int] = []
        self.roots: set[str] = set()
        #: The bytes before each text, and those behind the last one.
        self._between: list[bytes] = []

    @classmethod
    def read(cls, state: bytes) -> Self:
        """Read a whole state."""
        encoded = cls()
        clients, pos = read_uint(state, 0)
        out = bytearray(state[:pos])
        for _ in range(clients):
            pos = encoded._read_client(state, pos, out)
        out += state[pos:]
        encoded._between.append(bytes(out))
        return encoded

    def _read_client(self, data: bytes, pos: int, out: bytearray) -> int:
        """Read the structs of one client; return the position behind them."""
        copied = pos  # the bytes before it are in ``out``
        structs, pos = read_uint(data, pos)
        client, pos = read_uint(data, pos)
        clock, pos = read_uint(data, pos)
        for _ in range(structs):
            info = data[pos]
            if info in GAPS:
                length, pos = read_uint(data, pos + 1)
                clock += length
                continue
            pos = self._skip_prefix(data, pos + 1, info)
            kind = info & KIND_MASK
            if kind == STRING:
                out += data[copied:pos]
                self._between.append(bytes(out))
                out.clear()
                size, pos = read_uint(data, pos)
                copied = pos + size
                length = self._add_text(client, clock, data[pos:copied])
                pos = copied
            elif kind == EMBED:
                # A JSON text as an embed would look like characters.
                out += data[copied:pos]
                write_var_string(out, "{}")
                copied = pos = skip_text(data, pos)
                length = 1
            elif kind == DELETED:
                length, pos = read_uint(data, pos)
            elif kind == TYPE and data[pos] == ELEMENT:
                out += data[copied : pos + 1]
                size, start = read_uint(data, pos + 1)
                copied = pos = start + size
                write_var_string(out, f"{client}.{clock}.{data[start:pos].decode()}")
                length = 1
            else:
                length, pos = read_content(data, pos, kind)
            clock += length
        out += data[copied:pos]
        return pos

    def _add_text(self, client: int, clock: int, raw: bytes) -> int:
        """Add a text struct; return its length in clocks."""
        text = raw.decode()
        length = len(text) if raw.isascii() else len(text.encode("utf-16-le")) // 2
        self.ids.append((client, clock))
        self.texts.append(text)
        self.lengths.append(length)
        return length

    def _skip_prefix(self, data: bytes, pos: int, info: int) -> int:
        """Pass the origins of an item, or its parent where it has none; collect root names."""
        if info >= HAS_RIGHT_ORIGIN:
            return match_end(TWO_IDS if info >= HAS_BOTH_ORIGINS else ONE_ID, data, pos)
        if data[pos]:
            end = skip_text(data, pos + 1)
            self.roots.add(data[read_uint(data, pos + 1)[1] : end].decode())
        else:
            end = match_end(ONE_ID, data, pos + 1)
        return skip_text(data, end) if info & HAS_PARENT_KEY else end

    # --- the re-encoded state ----------------------------------------------------------------

    def states(self) -> list[bytes]:
        """Return the re-encoded state with the lower digit of each index, then the upper digit.

        The second state is there only if any index has two digits.
        """
        digit_values = [1, DIGIT_BASE] if len(self.ids) > DIGIT_BASE else [1]
        return [self._state(digit_value) for digit_value in digit_values]

    def struct_index(self, low: str, high: str) -> int:
        """Return the index that two digits encode; ``high`` is ``ZERO_DIGIT`` if there is one."""
        return (ord(high) - _FIRST_DIGIT) * DIGIT_BASE + ord(low) - _FIRST_DIGIT

    def _state(self, digit_value: int) -> bytes:
        """Return the state with the digit of this value in place of each character."""
        out = [self._between[0]]
        for index, length in enumerate(self.lengths):
            digit = chr(_FIRST_DIGIT + index // digit_value % DIGIT_BASE).encode()
            out.append(encode_var_uint(length * len(digit)))
            out.append(digit * length)
            out.append(self._between[index + 1])
        return b"".join(out)
