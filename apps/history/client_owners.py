"""The owners of a document's Yjs client ids: the people who brought them first (ADR 0014).

The owner of a client id is the author of the first operation of the log with structs of that id. So
the log decides, on every server alike. A snapshot has the owners of its document beside its version
vector; those of an older snapshot without them are derived from the log.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from apps.crdt.codec.contents import MalformedUpdateError
from apps.crdt.codec.lib0 import DecodeError, Decoder, write_var_string, write_var_uint
from apps.crdt.codec.update_reader import UpdateHeader, read_update
from apps.crdt.codec.vectors import Clocks, Vector
from apps.oplog.compaction_point import compacted_iter, compaction_point_find
from apps.oplog.selectors import operations_iter

#: Client id to the id of its owner.
ClientOwners = dict[int, str]
#: Client id to its id ranges, ``(first, end)``.
ClientRanges = Mapping[int, Sequence[tuple[int, int]]]

#: The owner of a client id of which two people brought structs: nobody may add to it. An older
#: release allowed that, and ``RELAYS_UNTIL`` does.
SHARED: Final = ""


def owners_add(
    owners: ClientOwners, ranges: ClientRanges, author_id: str, *, known: Clocks
) -> None:
    """Add the client ids of an operation's structs; ``known`` is the vector before it."""
    for client, runs in ranges.items():
        if client not in owners:
            owners[client] = sys.intern(author_id)
        elif owners[client] != author_id and runs[-1][1] > known.get(client, 0):
            owners[client] = SHARED


def uses_own_clients(
    header: UpdateHeader, known: Vector, owners: ClientOwners, user_id: str
) -> bool:
    """Return whether no new struct of an update has a client id of another person."""
    return all(
        owners.get(client, user_id) == user_id
        for client, runs in header.ranges.items()
        if runs[-1][1] > known.get(client, 0)
    )


def owners_encode(owners: ClientOwners, vector: Vector) -> bytes:
    """Return owners as bytes, beside a version vector.

    First the people, then for each client of the vector, sorted, the index of its owner, or the
    number of people for none; at last the clients that the vector lacks, because their operations
    are in quarantine, with theirs.
    """
    people = sorted(set(owners.values()))
    positions = {user_id: position for position, user_id in enumerate(people)}
    out = bytearray()
    write_var_uint(out, len(people))
    for user_id in people:
        write_var_string(out, user_id)
    for client in sorted(vector):
        owner = owners.get(client)
        write_var_uint(out, len(people) if owner is None else positions[owner])
    for client in sorted(owners.keys() - vector.keys()):
        write_var_uint(out, client)
        write_var_uint(out, positions[owners[client]])
    return bytes(out)


def owners_decode(data: bytes, vector: Vector) -> ClientOwners:
    """Return the owners that ``owners_encode`` has written. Raises ``DecodeError``."""
    decoder = Decoder(data)
    count = decoder.var_uint()
    if count > len(data):
        raise DecodeError("There are more owners than bytes.")
    people = [sys.intern(decoder.var_string()) for _ in range(count)]
    owners: ClientOwners = {}
    for client in sorted(vector):
        _set_owner(owners, client, people, decoder.var_uint())
    while not decoder.done():
        _set_owner(owners, decoder.var_uint(), people, decoder.var_uint())
    return owners


def _set_owner(owners: ClientOwners, client: int, people: list[str], position: int) -> None:
    if position > len(people):
        raise DecodeError("A client id has an unknown owner.")
    if position < len(people):
        owners[client] = people[position]


def owners_of_log(*, document_id: str, up_to: int) -> ClientOwners:
    """Return the owners of a log up to operation ``up_to``.

    Reads the whole log, so it takes seconds for a long one. An operation in quarantine counts too:
    its release changes no owner. Raises as ``operations_iter`` does, and ``CompactedDamagedError``.
    """
    owners: ClientOwners = {}
    known: Vector = {}
    for author_id, ranges in _ranges_of_log(document_id, up_to):
        owners_add(owners, ranges, author_id, known=known)
        for client, runs in ranges.items():
            known[client] = max(known.get(client, 0), runs[-1][1])
    return owners


def _ranges_of_log(document_id: str, up_to: int) -> Iterator[tuple[str, ClientRanges]]:
    """Yield the author and the id ranges of each operation of a log."""
    point = compaction_point_find(document_id=document_id)
    seq = 0
    if point is not None:
        seq = min(point.seq, up_to)
        for compacted in compacted_iter(document_id=document_id, up_to=seq):
            yield compacted.author_id, compacted.ranges
    if seq < up_to:
        for operation in operations_iter(document_id=document_id, after=seq, limit=up_to - seq):
            yield operation.author_id, ranges_of(operation.update)


def ranges_of(update: bytes) -> ClientRanges:
    """Return the id ranges of an update's structs; none for a malformed update."""
    try:
        return read_update(update).ranges
    except MalformedUpdateError:
        return {}
