"""Updates made of single structs, and what the bare engine makes of updates."""

from collections.abc import Sequence
from typing import Any

import pycrdt

from apps.crdt.codec.update_reader import UpdateHeader, read_update
from apps.crdt.codec.vectors import covers, decode_vector
from tests.crdt.samples import written


def one(*structs: bytes, client: int = 1, clock: int = 0) -> bytes:
    """Return an update of one client."""
    return written([(client, clock, structs)])


def applied(*updates: bytes) -> pycrdt.Doc[Any]:
    """Return a document of the bare engine with these updates, without any gate."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    for update in updates:
        doc.apply_update(update)
    return doc


def joined(runs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return (clock, length) ranges as (clock, end), with adjacent ranges joined."""
    ends: list[tuple[int, int]] = []
    for clock, length in sorted(runs):
        first, end = ends.pop() if ends and ends[-1][1] >= clock else (clock, clock)
        ends.append((first, max(end, clock + length)))
    return ends


def took_all(doc: pycrdt.Doc[Any], header: UpdateHeader) -> bool:
    """Return whether a document has every struct and every delete of an update."""
    deleted = read_update(doc.get_update()).deletes
    return covers(decode_vector(doc.get_state()), header.end_vector()) and all(
        any(first <= clock and end <= last for first, last in joined(deleted.get(client, ())))
        for client, runs in header.deletes.items()
        for clock, end in joined(runs)
    )
