"""Joins the pieces of a text in an update, before the engine does.

Yjs joins structs that continue each other, and its clients send them joined. The engine joins them
one by one at the end of a transaction, and copies the whole text before each one: 250 kB of single
letters take 900 MB, and so do 500 letters behind a text of 2 MB. The update means the same with
them joined (https://github.com/yjs/yjs/blob/v13.6.33/src/structs/Item.js, ``mergeWith``).
"""

from typing import Final

from apps.crdt.codec.contents import STRING, read_uint
from apps.crdt.codec.lib0 import write_var_uint
from apps.crdt.codec.structs import RawStruct, iter_structs

#: The smallest struct that continues another one, in bytes.
CONTINUING_MIN_BYTES: Final = 5


def text_joined(update: bytes) -> bytes:
    """Return an update with the strings joined that continue each other.

    For updates that ``apps.crdt.codec.update_reader.read_update`` has read.
    """
    sections: list[tuple[int, int, list[bytes]]] = []
    structs_end = 1
    joined = False
    run: list[RawStruct] = []
    for struct in iter_structs(update):
        structs_end = struct.end
        if run and _continues(run[-1], struct):
            run.append(struct)
            joined = True
            continue
        if run:
            sections[-1][2].append(_join(run))
        if not sections or sections[-1][0] != struct.client:
            sections.append((struct.client, struct.clock, []))
        run = [struct]
    if not joined:
        return update
    sections[-1][2].append(_join(run))
    out = bytearray()
    write_var_uint(out, len(sections))
    for client, clock, pieces in sections:
        write_var_uint(out, len(pieces))
        write_var_uint(out, client)
        write_var_uint(out, clock)
        out += b"".join(pieces)
    return bytes(out + update[structs_end:])


def _continues(before: RawStruct, struct: RawStruct) -> bool:
    if struct.kind != STRING or before.kind != STRING or struct.client != before.client:
        return False
    left, right = struct.origins
    return left == (struct.client, struct.clock - 1) and right == before.origins[1]


def _join(run: list[RawStruct]) -> bytes:
    """Return the bytes of structs as one: the first one's origins or parent, all texts."""
    first = run[0]
    if len(run) == 1:
        return first.update[first.start : first.end]
    text = b"".join(struct.content[read_uint(struct.content, 0)[1] :] for struct in run)
    out = bytearray(first.prefix)
    write_var_uint(out, len(text))
    return bytes(out + text)
