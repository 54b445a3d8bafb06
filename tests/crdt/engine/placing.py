"""The placement of items as Yjs does it, with a count of its steps; and items at random.

https://github.com/yjs/yjs/blob/v13.6.33/src/structs/Item.js (``integrate``), for one list.
"""

import random
from typing import NamedTuple

from apps.crdt.codec.lib0 import write_var_uint
from apps.crdt.codec.structs import HAS_LEFT_ORIGIN, HAS_RIGHT_ORIGIN, Id

_STRING = 4
_ROOT = b"\x01\x04text"


class Item(NamedTuple):
    """One letter of the list, between its origins."""

    client: int
    clock: int
    left: Id | None
    right: Id | None

    @property
    def id(self) -> Id:
        """Return the id."""
        return self.client, self.clock


def encoded(items: list[Item]) -> bytes:
    """Return the update of items, which may have any clocks of their clients from 0 on."""
    out = bytearray()
    by_client: dict[int, list[Item]] = {}
    for item in items:
        by_client.setdefault(item.client, []).append(item)
    write_var_uint(out, len(by_client))
    for client, own in by_client.items():
        write_var_uint(out, len(own))
        write_var_uint(out, client)
        write_var_uint(out, own[0].clock)
        for item in own:
            out += _encoded(item)
    write_var_uint(out, 0)
    return bytes(out)


def _encoded(item: Item) -> bytes:
    info = _STRING
    info |= HAS_LEFT_ORIGIN if item.left else 0
    info |= HAS_RIGHT_ORIGIN if item.right else 0
    out = bytearray([info])
    for origin in (item.left, item.right):
        if origin is not None:
            write_var_uint(out, origin[0])
            write_var_uint(out, origin[1])
    if info == _STRING:
        out += _ROOT
    return bytes(out) + b"\x01x"


def steps_to_place(items: list[Item]) -> int:
    """Return how many items are compared with others when they are placed in this order."""
    order: list[Item] = []
    steps = 0
    for item in items:
        ids = [placed.id for placed in order]
        at = 0 if item.left is None else ids.index(item.left) + 1
        end = len(order) if item.right is None else ids.index(item.right)
        before: set[Id] = set()
        conflicting: set[Id] = set()
        place = at
        while at < len(order) and at != end:
            other = order[at]
            steps += 1
            before.add(other.id)
            conflicting.add(other.id)
            if other.left == item.left:
                if other.client < item.client:
                    place = at + 1
                    conflicting.clear()
                elif other.right == item.right:
                    break
            elif other.left is not None and other.left in before:
                if other.left not in conflicting:
                    place = at + 1
                    conflicting.clear()
            else:
                break
            at += 1
        order.insert(place, item)
    return steps


def any_items(chance: random.Random, *, count: int, clients: int) -> list[Item]:
    """Return items with any origins among those before them, in an order in which they can come."""
    items: list[Item] = []
    clocks = dict.fromkeys(range(1, clients + 1), 0)
    for _ in range(count):
        client = chance.choice(list(clocks))
        left, right = _any_origins(chance, items, client)
        items.append(Item(client, clocks[client], left, right))
        clocks[client] += 1
    return items


def _any_origins(
    chance: random.Random, items: list[Item], client: int
) -> tuple[Id | None, Id | None]:
    """Return two origins: a typed letter's, somewhere at random, or those of another item."""
    what = chance.random()
    own = [item for item in items if item.client == client]
    if what < 0.4 and own:
        return own[-1].id, own[-1].right
    if what < 0.6 and items:
        other = chance.choice(items)
        return other.left, chance.choice([other.id, other.right])
    pick = [None, *(item.id for item in items)]
    return chance.choice(pick), chance.choice(pick)


def shuffled(chance: random.Random, items: list[Item]) -> list[Item]:
    """Return the items in another order in which they can come."""
    waiting = list(items)
    placed: set[Id | None] = {None}
    out = []
    while waiting:
        ready = [
            item
            for item in waiting
            if {item.left, item.right} <= placed
            and (item.clock == 0 or (item.client, item.clock - 1) in placed)
        ]
        item = chance.choice(ready)
        waiting.remove(item)
        placed.add(item.id)
        out.append(item)
    return out
