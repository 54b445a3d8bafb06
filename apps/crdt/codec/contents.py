"""Contents of Yjs structs: their length in clocks, and their end.

No values are built. Each function gets the update and a position, and returns the position behind
the content that it passes. Each raises MalformedUpdateError for bytes that no honest client writes,
and IndexError at the end of the data, which ``apps.crdt.codec.update_reader`` catches in one place.
"""

import json
from typing import Final, NoReturn

from apps.core.errors import InvalidInputError
from apps.crdt.codec.lib0 import read_long_uint

#: Maximum nesting of a value inside an update; the engine recurses on it.
MAX_DEPTH: Final = 64

#: Kinds of content: the lowest five bits of a struct's info byte.
DELETED: Final = 1
JSON: Final = 2
BINARY: Final = 3
STRING: Final = 4
EMBED: Final = 5
FORMAT: Final = 6
TYPE: Final = 7
ANY: Final = 8
SUBDOCUMENT: Final = 9

#: Shared types, from 0: array, map, text, XML element, XML fragment, XML hook, XML text.
_LAST_TYPE: Final = 6
MAP: Final = 1
#: An XML element, the only supported shared type with a name; and an XML text.
ELEMENT: Final = 3
XML_TEXT: Final = 6
_HOOK: Final = 5

#: Frequent JSON texts, which are not parsed.
_PLAIN_JSON: Final = frozenset({b"true", b"false", b"null", b"{}", b'""'})


class MalformedUpdateError(InvalidInputError):
    """The bytes are not an update that an honest client would send."""

    code = "malformed"


def refuse(message: str) -> NoReturn:
    """Raise MalformedUpdateError."""
    raise MalformedUpdateError(message)


def read_uint(data: bytes, pos: int) -> tuple[int, int]:
    """Read an unsigned integer of at most 53 bits."""
    number = data[pos]
    pos += 1
    if number > 127:
        return read_long_uint(data, pos, number)
    return number, pos


def text_length(data: bytes, pos: int, end: int) -> int:
    """Return the length of a text in UTF-16 units, as Yjs counts."""
    if end > len(data):
        refuse("The update ends too early.")
    raw = data[pos:end]
    if raw.isascii():
        return end - pos
    try:
        return len(raw.decode().encode("utf-16-le")) // 2
    except UnicodeDecodeError:
        refuse("A text is not UTF-8.")


def skip_text(data: bytes, pos: int) -> int:
    """Pass a text that is preceded by its length in bytes."""
    size, pos = read_uint(data, pos)
    end = pos + size
    text_length(data, pos, end)
    return end


def _skip_json(data: bytes, pos: int) -> int:
    """Pass a JSON text; text that is not JSON would break Yjs clients."""
    size, pos = read_uint(data, pos)
    end = pos + size
    if end > len(data):
        refuse("The update ends too early.")
    raw = data[pos:end]
    if raw not in _PLAIN_JSON:
        _check_json(raw)
    return end


def _check_json(raw: bytes) -> None:
    """Refuse text that is not JSON, or nests too deep for the engine."""
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH:
        depth = deepest = 0
        inside = False
        text = iter(raw)
        for byte in text:
            if inside:
                if byte == 92:  # a backslash: the next byte is escaped
                    next(text, None)
                inside = byte != 34
            elif byte == 34:  # a quotation mark
                inside = True
            elif byte in b"[{":
                depth += 1
                deepest = max(deepest, depth)
            elif byte in b"]}":
                depth -= 1
        if deepest > MAX_DEPTH:
            refuse("A value nests too deep.")
    try:
        json.loads(raw.decode(), parse_constant=refuse)
    except ValueError:
        refuse("A value is not JSON.")


def read_content(data: bytes, pos: int, kind: int) -> tuple[int, int]:
    """Pass the content of an item that is not text; return its length in clocks."""
    if kind == FORMAT:
        return 1, _skip_json(data, skip_text(data, pos))
    if kind == TYPE:
        return 1, _skip_type(data, pos)
    if kind == ANY:
        length, pos = read_uint(data, pos)
        return length, skip_any(data, pos, length)
    if kind == DELETED:
        return read_uint(data, pos)
    if kind == EMBED:
        return 1, _skip_json(data, pos)
    if kind == BINARY:
        return 1, _skip_bytes(data, pos)
    if kind == JSON:  # written only by old versions of Yjs; the engine reads one value too many
        refuse("Content in the encoding of old versions of Yjs is not supported.")
    if kind == SUBDOCUMENT:
        refuse("Documents inside documents are not supported.")
    refuse("The update has content of an unknown kind.")


def _skip_bytes(data: bytes, pos: int) -> int:
    size, pos = read_uint(data, pos)
    if pos + size > len(data):
        refuse("The update ends too early.")
    return pos + size


def _skip_type(data: bytes, pos: int) -> int:
    kind, pos = read_uint(data, pos)
    if kind > _LAST_TYPE:
        refuse("The update has a shared type of an unknown kind.")
    if kind == _HOOK:  # the engine does not read the name that follows it
        refuse("XML hooks are not supported.")
    return skip_text(data, pos) if kind == ELEMENT else pos


def skip_any(data: bytes, pos: int, count: int, depth: int = 1) -> int:
    """Pass ``count`` lib0 "any" values."""
    if depth > MAX_DEPTH:
        refuse("A value nests too deep.")
    for _ in range(count):
        kind = data[pos]
        pos += 1
        if kind == 119:
            pos = skip_text(data, pos)
        elif kind == 125:
            pos = _skip_integer(data, pos)
        elif kind in _FIXED_SIZES:
            pos += _FIXED_SIZES[kind]
            if pos > len(data):
                refuse("The update ends too early.")
        elif kind in (117, 118):
            pos = _skip_container(data, pos, keyed=kind == 118, depth=depth + 1)
        elif kind == 116:
            pos = _skip_bytes(data, pos)
        else:
            refuse("A value is of an unknown kind.")
    return pos


def _skip_container(data: bytes, pos: int, *, keyed: bool, depth: int) -> int:
    """Pass an "any" array, or an object when ``keyed``."""
    count, pos = read_uint(data, pos)
    if not keyed:
        return skip_any(data, pos, count, depth)
    for _ in range(count):
        pos = skip_any(data, skip_text(data, pos), 1, depth)
    return pos


#: Sizes of "any" values in bytes: undefined, null, float32, float64, bigint, false, true.
_FIXED_SIZES: Final = {127: 0, 126: 0, 124: 4, 123: 8, 122: 8, 121: 0, 120: 0}


def _skip_integer(data: bytes, pos: int) -> int:
    """Pass a signed integer of at most 53 bits: six in the first byte, seven in each other one."""
    start = pos
    while data[pos] > 127:
        pos += 1
    size = pos + 1 - start
    if size > 8 or (size == 8 and data[pos] > 31):
        refuse("An integer has more than 53 bits.")
    if size > 1 and not data[pos]:
        refuse("An integer is written longer than needed.")
    return pos + 1
