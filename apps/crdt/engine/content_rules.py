"""The structure of a document's content: what may stand in the root ``default``, and where.

The editor's binding throws at anything else, so each page that opens the document stops. The root
holds elements; an element holds elements and texts, and attributes under keys; a text holds
strings, embeds and marks. Attributes, embeds and marks are plain values. Names of elements,
attributes and marks are free: a page shows those that it does not know. Other roots are free, too.

The binding: https://github.com/yjs/y-prosemirror/blob/v1.3.7/src/plugins/sync-plugin.js
"""

import json
import math
import struct
from typing import Any, Final

from apps.crdt.codec.contents import (
    ANY,
    DELETED,
    ELEMENT,
    EMBED,
    FORMAT,
    STRING,
    TYPE,
    XML_TEXT,
    read_uint,
    refuse,
    skip_any,
    skip_text,
)
from apps.crdt.codec.structs import GC
from apps.crdt.ids.containers import (
    FRAGMENT,
    INSIDE_ELEMENT,
    INSIDE_TEXT,
    MIXED,
    NO_TYPE,
    Container,
)
from apps.crdt.ids.placement import Placement

#: Nesting of objects and arrays in one value. Threat: values that views and pages recurse on.
MAX_VALUE_DEPTH: Final = 2
#: Bytes of one value: a picture as a data URL fits. Threat: an attribute that each page compares at
#: each change of its element.
MAX_VALUE_BYTES: Final = 256 * 1024

#: Of the "any" values: floats by their struct format, an array, an object, and what JSON lacks:
#: bytes and big integers.
_FLOATS: Final = {123: ">d", 124: ">f"}
_ARRAY: Final = 117
_OBJECT: Final = 118
_NO_JSON: Final = (116, 122)


def check_content(update: bytes, placement: Placement, container: Container) -> None:
    """Refuse a struct that may not stand in its container; raises ``MalformedUpdateError``."""
    kind = container.kind
    if kind == NO_TYPE:
        refuse("An item is in something that is no shared type.")
    if kind == MIXED:
        refuse("The neighbours of an item are in different places.")
    if placement.kind in (GC, DELETED):
        return
    if kind == FRAGMENT:
        if placement.kind != TYPE or container.keyed or _type(update, placement) != ELEMENT:
            refuse("The content of a document holds elements only.")
    elif kind in (INSIDE_ELEMENT, INSIDE_TEXT):
        _check_inside(update, placement, container)


def _check_inside(update: bytes, placement: Placement, container: Container) -> None:
    kind = placement.kind
    if container.keyed:
        if kind != ANY:
            refuse("An attribute is a plain value.")
        _check_values(update, placement)
    elif container.kind == INSIDE_ELEMENT:
        if kind != TYPE or _type(update, placement) not in (ELEMENT, XML_TEXT):
            refuse("An element holds elements and texts only.")
    elif kind in (FORMAT, EMBED):
        _check_json(update, placement)
    elif kind != STRING:
        refuse("A text holds characters, embeds and marks only.")


def _type(update: bytes, placement: Placement) -> int:
    return update[placement.content_start]


def _check_values(update: bytes, placement: Placement) -> None:
    """Check the values of an attribute."""
    count, pos = read_uint(update, placement.content_start)
    start = pos
    for _ in range(count):
        pos = _check_any(update, pos, 0)
    _check_size(pos - start)


def _check_any(data: bytes, pos: int, depth: int) -> int:
    """Check an "any" value; return the position behind it."""
    kind = data[pos]
    if kind in _NO_JSON:
        refuse("A value of an attribute cannot be written as JSON.")
    if kind in _FLOATS:
        (number,) = struct.unpack_from(_FLOATS[kind], data, pos + 1)
        _check_number(number)
    if kind not in (_ARRAY, _OBJECT):
        return skip_any(data, pos, 1)
    _check_depth(depth + 1)
    count, pos = read_uint(data, pos + 1)
    for _ in range(count):
        pos = skip_text(data, pos) if kind == _OBJECT else pos
        pos = _check_any(data, pos, depth + 1)
    return pos


def _check_json(update: bytes, placement: Placement) -> None:
    """Check the value of a mark or an embed."""
    pos = placement.content_start
    if placement.kind == FORMAT:
        pos = skip_text(update, pos)
    size, pos = read_uint(update, pos)
    _check_size(size)
    _check_json_value(json.loads(update[pos : pos + size]), 0)


def _check_json_value(value: Any, depth: int) -> None:
    if isinstance(value, float):
        _check_number(value)
    elif isinstance(value, dict | list):
        _check_depth(depth + 1)
        for member in value.values() if isinstance(value, dict) else value:
            _check_json_value(member, depth + 1)


def _check_depth(depth: int) -> None:
    if depth > MAX_VALUE_DEPTH:
        refuse(f"A value nests deeper than {MAX_VALUE_DEPTH} levels.")


def _check_number(number: float) -> None:
    if not math.isfinite(number):
        refuse("A number is not finite.")


def _check_size(size_bytes: int) -> None:
    if size_bytes > MAX_VALUE_BYTES:
        refuse(f"A value has more than {MAX_VALUE_BYTES} bytes.")
