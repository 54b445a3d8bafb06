"""The log in few bytes, for a page that plays it: docs/protocol.md, *The log as bytes*. Pure."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from apps.crdt.codec.lib0 import write_var_bytes, write_var_string, write_var_uint
from apps.oplog.operation import Operation


def pack_log(
    operations: Iterable[Operation],
    *,
    authors: Mapping[str, Mapping[str, Any]],
    set_aside: Collection[int] = (),
) -> bytes:
    """Return the authors, then each operation with its author's place among them.

    ``authors`` has ``username`` by author id; ``set_aside`` the seqs whose update is no part of
    the document, which are written with an empty one.
    """
    places = {author_id: place for place, author_id in enumerate(authors)}
    out = bytearray()
    write_var_uint(out, len(places))
    for author_id, author in authors.items():
        write_var_string(out, author_id)
        write_var_string(out, author["username"] or "")
    for each in operations:
        write_var_uint(out, places[each.author_id])
        write_var_uint(out, round(each.received_at.timestamp() * 1000))
        write_var_bytes(out, b"" if each.seq in set_aside else each.update)
    return bytes(out)
