"""Placements: the structs of an update, each with what names its container."""

from typing import Final, NamedTuple

from apps.crdt.codec.contents import (
    STRING,
    read_content,
    read_uint,
    skip_text,
    text_length,
)
from apps.crdt.codec.structs import (
    GAPS,
    HAS_LEFT_ORIGIN,
    HAS_PARENT_KEY,
    HAS_RIGHT_ORIGIN,
    KIND_MASK,
    Id,
    read_id,
    skip_prefix,
)

#: The name of the root of the content (``apps.crdt.engine.text.ROOT``), as it is written.
CONTENT_ROOT: Final = b"\x07default"


class Placement(NamedTuple):
    """One struct of an update: its clocks, its kind, and what names its container.

    ``parent`` is the id of the shared type around it; None with an origin, and in a root.
    ``written_key``: whether it has a key in a parent that it names. ``in_content``: whether it
    names the root of the content. ``content_start``: position of its content in the update.
    ``whole``: the struct as it is written, if the document has its first clocks already.
    """

    client: int
    clock: int
    end: int
    kind: int
    left: Id | None
    right: Id | None
    parent: Id | None
    written_key: bool
    in_content: bool
    content_start: int
    whole: "Placement | None" = None

    @property
    def length(self) -> int:
        """Return the number of its clocks."""
        return self.end - self.clock

    @property
    def right_origin(self) -> Id | None:
        """Return the right origin; of a struct whose first clocks are known, that of the whole."""
        return self.right if self.whole is None else self.whole.right


def skip_struct(data: bytes, pos: int, clock: int) -> tuple[int, int]:
    """Return the clock and the position behind a struct."""
    info = data[pos]
    if info in GAPS:
        length, pos = read_uint(data, pos + 1)
        return clock + length, pos
    return _skip_content(data, skip_prefix(data, pos + 1, info), info & KIND_MASK, clock)


def _skip_content(data: bytes, pos: int, kind: int, clock: int) -> tuple[int, int]:
    if kind == STRING:
        size, pos = read_uint(data, pos)
        return clock + text_length(data, pos, pos + size), pos + size
    length, pos = read_content(data, pos, kind)
    return clock + length, pos


def read_placement(data: bytes, pos: int, client: int, clock: int) -> tuple[Placement, int]:
    """Read a struct that begins at a position; return it and the position behind it."""
    info = data[pos]
    pos += 1
    left = right = parent = None
    written_key = in_content = False
    if info in GAPS:
        end, pos = _skip_gap(data, pos, clock)
        placement = Placement(
            client, clock, end, info, left, right, parent, written_key, in_content, pos
        )
        return placement, pos
    if info >= HAS_RIGHT_ORIGIN:
        if info & HAS_LEFT_ORIGIN:
            left, pos = read_id(data, pos)
        if info & HAS_RIGHT_ORIGIN:
            right, pos = read_id(data, pos)
    else:
        if data[pos]:
            in_content = data.startswith(CONTENT_ROOT, pos + 1)
            pos = skip_text(data, pos + 1)
        else:
            parent, pos = read_id(data, pos + 1)
        written_key = bool(info & HAS_PARENT_KEY)
        pos = skip_text(data, pos) if written_key else pos
    kind, start = info & KIND_MASK, pos
    end, pos = _skip_content(data, pos, kind, clock)
    placement = Placement(
        client, clock, end, kind, left, right, parent, written_key, in_content, start
    )
    return placement, pos


def _skip_gap(data: bytes, pos: int, clock: int) -> tuple[int, int]:
    length, pos = read_uint(data, pos)
    return clock + length, pos
