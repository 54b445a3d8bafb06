"""A state in slices that are loaded one after another, each after those that it needs.

The engine holds the interpreter during a call. A load that takes long is made in many calls, so
that the other threads of the process get their turn.
"""

import math
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from functools import partial

from apps.crdt.codec.causal_order import causal_order
from apps.crdt.codec.contents import read_uint
from apps.crdt.codec.lib0 import write_var_uint
from apps.crdt.codec.structs import (
    GAPS,
    HAS_LEFT_ORIGIN,
    HAS_RIGHT_ORIGIN,
    Id,
    iter_structs,
    read_id,
)


class _Structs:
    """The structs of one client: the clock of each, and its position in the state."""

    def __init__(self, client: int) -> None:
        self.client = client
        self.clocks = array("Q")
        self.positions = array("Q")
        #: The end of the clocks, and of the structs in the state.
        self.end = 0
        self.last = 0
        #: How many of them are in a slice.
        self.placed = 0

    def count_up_to(self, clock: int) -> int:
        """Return how many structs there are up to the one with a clock; 0 if none has it."""
        return 0 if clock >= self.end else bisect_right(self.clocks, clock)


def state_slices(state: bytes, count: int) -> Iterator[bytes]:
    """Yield about ``count`` updates that are a state together; the deletes are in the last one.

    Only for states that the engine has written.
    """
    clients, structs_end = _read(state)
    pieces: dict[int, tuple[int, list[bytes]]] = {}
    total = sum(len(structs.clocks) for structs in clients.values())
    max_structs = math.ceil(total / count)
    taken = 0
    for structs in causal_order(clients.values(), partial(_needed, state, clients)):
        index = structs.placed
        start = structs.positions[index]
        _, piece = pieces.setdefault(structs.client, (structs.clocks[index], []))
        is_last = index + 1 == len(structs.positions)
        piece.append(state[start : structs.last if is_last else structs.positions[index + 1]])
        taken += 1
        if taken == max_structs:
            yield _written(pieces) + b"\x00"
            pieces, taken = {}, 0
    yield _written(pieces) + state[structs_end:]


def _read(state: bytes) -> tuple[dict[int, _Structs], int]:
    """Return the structs of each client, and the position of the deletes."""
    found: dict[int, _Structs] = {}
    end = read_uint(state, 0)[1]
    for struct in iter_structs(state):
        structs = found.get(struct.client)
        if structs is None:
            structs = found[struct.client] = _Structs(struct.client)
        structs.clocks.append(struct.clock)
        structs.positions.append(struct.start)
        structs.end, end = struct.clock + struct.length, struct.end
        structs.last = end
    return found, end


def _needed(
    state: bytes, clients: dict[int, _Structs], structs: _Structs, waiting: set[int]
) -> tuple[_Structs, int] | None:
    """Return a client, and the number of its structs that the next one of another refers to."""
    for client, clock in _needs(state, structs.positions[structs.placed]):
        other = clients.get(client)
        if other is None or client in waiting:
            continue
        count = other.count_up_to(clock)
        if other.placed < count:
            return other, count
    return None


def _needs(state: bytes, pos: int) -> list[Id]:
    """Return the ids that a struct refers to."""
    info = state[pos]
    pos += 1
    if info in GAPS:
        return []
    needs = []
    for flag in (HAS_LEFT_ORIGIN, HAS_RIGHT_ORIGIN):
        if info & flag:
            id_, pos = read_id(state, pos)
            needs.append(id_)
    if not needs and not state[pos]:
        needs.append(read_id(state, pos + 1)[0])
    return needs


def _written(pieces: dict[int, tuple[int, list[bytes]]]) -> bytes:
    """Return structs by client as the beginning of an update."""
    out = bytearray()
    write_var_uint(out, len(pieces))
    for client, (clock, structs) in pieces.items():
        write_var_uint(out, len(structs))
        write_var_uint(out, client)
        write_var_uint(out, clock)
        out += b"".join(structs)
    return bytes(out)
