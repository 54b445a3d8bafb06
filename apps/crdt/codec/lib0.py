"""The lib0 encoding, which Yjs, its protocols and our frames use.

Decoding is strict: bytes that an honest encoder does not write are refused. Integers have at most
53 bits, because clients are written in JavaScript.
"""

from apps.core.errors import InvalidInputError

#: The largest integer that JavaScript holds exactly.
MAX_SAFE_INTEGER = 2**53 - 1


class DecodeError(InvalidInputError):
    """The bytes do not follow the format."""

    code = "malformed"


def read_long_uint(data: bytes, pos: int, first: int) -> tuple[int, int]:
    """Read the rest of a varUint whose first byte, which has been read, is over 127.

    Return the integer and the position behind it. Raise IndexError at the end of ``data``, so that
    a caller with many reads catches it once, and DecodeError for more than 53 bits or an encoding
    longer than needed.
    """
    number = first & 127
    shift = 7
    while True:
        byte = data[pos]
        pos += 1
        if byte < 128:
            break
        number |= (byte & 127) << shift
        shift += 7
        if shift > 42:
            if data[pos] > 15:
                raise DecodeError("An integer has more than 53 bits.")
            byte = data[pos]
            pos += 1
            break
    if byte == 0:
        raise DecodeError("An integer is written longer than needed.")
    return number | byte << shift, pos


class Decoder:
    """Reads lib0 values from ``data``, from ``pos`` onward; each read advances ``pos``."""

    __slots__ = ("data", "pos")

    def __init__(self, data: bytes, pos: int = 0) -> None:
        self.data = data
        self.pos = pos

    def var_uint(self) -> int:
        """Read an unsigned integer of at most 53 bits."""
        data = self.data
        pos = self.pos
        try:
            number = data[pos]
            pos += 1
            if number > 127:
                number, pos = read_long_uint(data, pos, number)
        except IndexError:
            raise DecodeError("The data ends inside an integer.") from None
        self.pos = pos
        return number

    def var_bytes(self) -> bytes:
        """Read bytes that are preceded by their length."""
        size = self.var_uint()
        start = self.pos
        end = start + size
        if end > len(self.data):
            raise DecodeError("The data ends before the length that it declares.")
        self.pos = end
        return self.data[start:end]

    def var_string(self) -> str:
        """Read UTF-8 text that is preceded by its length in bytes."""
        try:
            return self.var_bytes().decode()
        except UnicodeDecodeError:
            raise DecodeError("A text is not UTF-8.") from None

    def done(self) -> bool:
        """Return whether everything has been read."""
        return self.pos >= len(self.data)

    def expect_end(self) -> None:
        """Raise unless everything has been read."""
        if self.pos < len(self.data):
            raise DecodeError("There is more data than the format allows.")


def write_var_uint(out: bytearray, number: int) -> None:
    """Append an unsigned integer."""
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)


def write_var_bytes(out: bytearray, data: bytes) -> None:
    """Append bytes, preceded by their length."""
    write_var_uint(out, len(data))
    out += data


def write_var_string(out: bytearray, text: str) -> None:
    """Append UTF-8 text, preceded by its length in bytes."""
    write_var_bytes(out, text.encode())


def encode_var_uint(number: int) -> bytes:
    """Return the encoding of an unsigned integer."""
    out = bytearray()
    write_var_uint(out, number)
    return bytes(out)
