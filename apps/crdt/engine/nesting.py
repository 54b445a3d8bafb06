"""Bounds how deep shared types nest: the engine recurses when it deletes, and its stack overflows.

With a stack of 8 MiB the process dies at somewhat over 30,000 levels (ADR 0001). One update can
add that many levels, or many updates one level each, so the bound applies to the whole document.
As the log is replayed, one such operation would kill every server that loads the document.
"""

from typing import Final

from apps.core.errors import LimitExceededError
from apps.crdt.codec.contents import TYPE
from apps.crdt.codec.structs import Id
from apps.crdt.codec.update_reader import UpdateHeader
from apps.crdt.engine.base import EngineDocument
from apps.crdt.ids.parents import ParentIndex

#: How deep shared types may nest in a document. A list item costs two or three levels.
MAX_NESTING: Final = 1_000


class NestingTooDeepError(LimitExceededError):
    """The update would nest shared types deeper than ``MAX_NESTING``."""

    code = "nesting_too_deep"


class NestingGuard:
    """Keeps the shared types of one document from nesting too deep.

    The guard counts new types, an upper bound of the depth, and measures the depth only when the
    count reaches the limit. So an honest document is measured once in about ``MAX_NESTING`` new
    blocks. The count of a new guard starts at the limit, so its first update with types measures.
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
            bound = nesting_depth(update) + nesting_depth(document.encode())
            if bound > MAX_NESTING:
                raise NestingTooDeepError(
                    "The document's structure is nested too deep.",
                    extra={"limit": "nesting", "value": MAX_NESTING},
                )
        self._bound = bound

    def count_logged(self, header: UpdateHeader) -> None:
        """Count the types of an update of the log, which cannot be refused any more."""
        self._bound += header.types


def nesting_depth(update: bytes) -> int:
    """Return the depth of the shared types that an update nests inside each other.

    A parent that the update does not have counts as a root. ``update`` has been read by
    ``read_update``, or comes from the engine.
    """
    index = ParentIndex(update)
    levels: dict[Id | None, int] = {None: 0}
    return max(
        (
            _level(index.parent(struct), index, levels) + (struct.kind == TYPE)
            for struct in index.structs()
        ),
        default=0,
    )


def _level(parent: Id | None, index: ParentIndex, levels: dict[Id | None, int]) -> int:
    """Return the number of types of the update around content of ``parent``, itself included.

    ``levels`` has the levels found so far. A loop, because a hostile update nests very deep.
    """
    chain: list[Id] = []
    while parent is not None and parent not in levels:
        struct = index.find(parent)
        if struct is None:
            levels[parent] = 0
            break
        chain.append(parent)
        parent = index.parent(struct)
    level = levels[parent]
    for inner in reversed(chain):
        level += 1
        levels[inner] = level
    return level
