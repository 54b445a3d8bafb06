"""Checks over the whole of an update that has been read: keyed runs, and the order of structs."""

from collections.abc import Iterable
from heapq import heappop, heappush
from typing import Final

from apps.crdt.codec.contents import refuse

#: A reference from a struct to one of another client: client, clock, other client, its clock end.
Link = tuple[int, int, int, int]
#: No clock is as high.
_ALL_CLOCKS: Final = 2**32


def check_keyed_runs(
    runs: list[tuple[int, int, int]], deletes: dict[int, tuple[tuple[int, int], ...]]
) -> None:
    """Refuse values of several clocks under one key that the update does not delete.

    Yjs writes one clock for each value of a key, and each value deletes the one before it. So it
    joins such values only when all of them are deleted, and writes their deletes with them. One
    that stays visible beside its successor is left behind when its parent is deleted, and the
    engine then reads freed memory.
    """
    if not all_deleted(runs, deletes):
        refuse("The update has several values at once under one key.")


def all_deleted(
    runs: Iterable[tuple[int, int, int]], deletes: dict[int, tuple[tuple[int, int], ...]]
) -> bool:
    """Return whether an update's ``deletes`` have all of ``runs``: client, first clock, end."""
    by_client: dict[int, list[tuple[int, int]]] = {}
    for client, first, end in runs:
        by_client.setdefault(client, []).append((first, end))
    return all(
        _covers(sorted(deletes.get(client, ())), sorted(own)) for client, own in by_client.items()
    )


def _covers(deletes: list[tuple[int, int]], runs: list[tuple[int, int]]) -> bool:
    """Return whether ``(clock, length)`` ranges have all of ``(first, end)``; both are sorted."""
    reached = at = 0
    for first, end in runs:
        reached = max(reached, first)
        while at < len(deletes) and deletes[at][0] <= reached < end:
            reached = max(reached, sum(deletes[at]))
            at += 1
        if reached < end:
            return False
    return True


def check_order(ranges: dict[int, tuple[tuple[int, int], ...]], links: list[Link]) -> None:
    """Refuse structs that depend on each other in a cycle: the engine would never apply them.

    ``links`` are in order of clock within each client. Each client advances to its first link
    that is not resolved; its advance resumes the clients that wait for it.
    """
    inner: dict[int, list[Link]] = {}
    for link in links:
        other = ranges.get(link[2])
        if other is not None and link[3] <= other[-1][1]:
            inner.setdefault(link[0], []).append(link)
    position = dict.fromkeys(inner, 0)
    #: Per client a heap of (clock end that is needed, client that needs it).
    waiting: dict[int, list[tuple[int, int]]] = {client: [] for client in inner}
    ready = list(inner)
    while ready:
        client = ready.pop()
        own = inner[client]
        at = position[client]
        while at < len(own) and own[at][3] <= _reached(own[at][2], inner, position):
            at += 1
        position[client] = at
        if at < len(own):
            heappush(waiting[own[at][2]], (own[at][3], client))
        heap = waiting[client]
        reached = _reached(client, inner, position)
        while heap and heap[0][0] <= reached:
            ready.append(heappop(heap)[1])
    if any(waiting.values()):
        refuse("The update's structs depend on each other in a cycle.")


def _reached(client: int, inner: dict[int, list[Link]], position: dict[int, int]) -> int:
    """Return the clock up to which a client's structs depend on nothing unresolved."""
    own = inner.get(client)
    if own is None or position[client] == len(own):
        return _ALL_CLOCKS
    return own[position[client]][1]
