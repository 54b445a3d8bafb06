"""The log stream: operations in a compact binary form (docs/protocol.md). Pure."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from apps.crdt.codec.lib0 import write_var_bytes, write_var_string, write_var_uint
from apps.oplog.operation import Operation


def log_stream_encode(
    operations: Iterable[Operation],
    *,
    authors: Mapping[str, Mapping[str, Any]],
    quarantined: Collection[int] = (),
) -> bytes:
    """Return the authors, then each operation with the index of its author.

    ``authors`` has ``username`` by author id. The operations of ``quarantined`` seqs are not part
    of the document: their update is empty.
    """
    indexes = {author_id: index for index, author_id in enumerate(authors)}
    out = bytearray()
    write_var_uint(out, len(indexes))
    for author_id, author in authors.items():
        write_var_string(out, author_id)
        write_var_string(out, author["username"] or "")
    for operation in operations:
        write_var_uint(out, indexes[operation.author_id])
        write_var_uint(out, round(operation.received_at.timestamp() * 1000))
        write_var_bytes(out, b"" if operation.seq in quarantined else operation.update)
    return bytes(out)
