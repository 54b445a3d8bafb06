"""How deep shared types nest: the engine recurses when it deletes, and dies of it.

With 8 MiB of stack it dies somewhere over 30,000 levels (ADR 0001). One update can bring that
many, or many updates one each, so the bound must be kept for the whole document; and as the log
is replayed, one such operation would kill every server that loads the document.
"""

from bisect import bisect_right
from typing import Final

from apps.core.errors import LimitExceededError
from apps.crdt.codec.contents import TYPE
from apps.crdt.codec.update_reader import Struct, UpdateHeader, read_structs
from apps.crdt.engine.base import EngineDocument

#: How deep shared types may nest in a document. A list item costs two or three levels.
MAX_NESTING: Final = 1_000


class NestingTooDeepError(LimitExceededError):
    """The update would nest shared types deeper than the engine can stand."""

    code = "nesting_too_deep"


class NestingGuard:
    """Keeps one document's shared types from nesting too deep.

    It counts the types that come, which bounds the depth from above, and measures only when the
    count reaches the limit: so an honest document pays once in about ``MAX_NESTING`` new blocks.
    A new guard knows nothing, so its first update with types measures.
    """

    __slots__ = ("_bound",)

    def __init__(self) -> None:
        self._bound = MAX_NESTING

    def check(self, header: UpdateHeader, update: bytes, document: EngineDocument) -> None:
        """Call before ``document.apply(update)``; raise NestingTooDeepError."""
        if not header.types:
            return
        bound = self._bound + header.types
        if bound > MAX_NESTING:
            bound = nesting(update) + nesting(document.encode())
            if bound > MAX_NESTING:
                raise NestingTooDeepError(
                    "The document's structure is nested too deep.",
                    extra={"limit": "nesting", "value": MAX_NESTING},
                )
        self._bound = bound

    def note(self, header: UpdateHeader) -> None:
        """Count an update that is in the log already, and so cannot be refused."""
        self._bound += header.types


def nesting(update: bytes) -> int:
    """Return how many shared types stand inside each other at most, as far as the update says.

    ``update`` has been read by ``read_update``, or comes from the engine.
    """
    clients = read_structs(update)
    starts = {client: [one.clock for one in own] for client, own in clients.items()}
    levels: dict[Struct, int] = {}
    for own in clients.values():
        for struct in own:
            _settle(struct, clients, starts, levels)
    return max(
        (level + (struct.kind == TYPE) for struct, level in levels.items()),
        default=0,
    )


def _settle(
    struct: Struct,
    clients: dict[int, list[Struct]],
    starts: dict[int, list[int]],
    levels: dict[Struct, int],
) -> None:
    """Find the level of a struct: its sibling's, or one more than its parent's.

    The chain of siblings is as long as the text, so it is followed by a loop.
    """
    chain: list[Struct] = []
    at: Struct | None = struct
    while at is not None and at not in levels:
        chain.append(at)
        at = _anchor(at, clients, starts)
    level = 0
    for one in reversed(chain):
        if at is not None:
            level = levels[at] + one.inside
        levels[one] = level
        at = one


def _anchor(
    struct: Struct, clients: dict[int, list[Struct]], starts: dict[int, list[int]]
) -> Struct | None:
    """Return the struct beside or inside which this one was made, if the update has it."""
    if struct.anchor is None:
        return None
    client, clock = struct.anchor
    own = starts.get(client)
    if own is None or clock < own[0]:
        return None
    return clients[client][bisect_right(own, clock) - 1]
