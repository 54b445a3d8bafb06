"""Move conflicts: what two edits at one time did to text that at least one of them moved.

Text that both moved stands twice, text that one moved and the other erased stands again, text that
one typed behind what the other moved stays where that was. They are found in the log and the
present state, whichever pages were open when the edits met, for as long as they stand.
"""

import logging
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from django.conf import settings
from django_redis import get_redis_connection
from redis.exceptions import RedisError

from apps.core.columns import columns_decode, columns_encode
from apps.crdt.codec.structs import Id, Span
from apps.crdt.ids.parents import ParentIndex
from apps.history.attribution import AttributionIndex, Origin, attribution_load
from apps.history.misplaced_text import MisplacedText
from apps.history.moved_text import MovedText, StandingText, TooManyCopiesError
from apps.history.states import present_state
from apps.oplog.quarantine import quarantined_seqs
from apps.oplog.selectors import head_seq

logger = logging.getLogger(__name__)

#: Parts of text in one list; the rest follows when these are ended. Threat: an answer, and an edit
#: of a page, without end.
MAX_PARTS: Final = 1_000
#: Characters of these parts, for the same threat.
MAX_CHARS: Final = 200_000
#: A larger state is not searched, in bytes. Threat: a document of very many structs, each of which
#: takes 250 bytes of memory here, whose pages ask for its conflicts.
MAX_STATE_BYTES: Final = 4 * 1024 * 1024
#: Number of the cached form; it changes with the form.
_FORM: Final = 1


class DoubledText(NamedTuple):
    """Two standing copies of one text."""

    text: str
    one: Span
    other: Span


class MisplacedSpan(NamedTuple):
    """Text, and the character that it belongs behind."""

    text: str
    ids: Span
    after: Id


class ReturnedSpan(NamedTuple):
    """Text that was erased and stands again."""

    text: str
    ids: Span


@dataclass(slots=True)
class MoveConflict:
    """What two operations at one time did; ``origin`` is the later one in the log."""

    origin: Origin
    other: Origin
    doubled: list[DoubledText] = field(default_factory=list)
    misplaced: list[MisplacedSpan] = field(default_factory=list)
    returned: list[ReturnedSpan] = field(default_factory=list)


def move_conflicts(*, document_id: str, lineage: str) -> list[MoveConflict]:
    """Return the move conflicts of a document that still stand, the latest first.

    Costs the attribution index and the present state, once for each seq; a document without copies
    costs the index. Raises as ``attribution_load`` does.
    """
    seq = head_seq(document_id=document_id)
    key = _key(document_id, lineage)
    found = _cached(key, seq)
    if found is None:
        found = _find(document_id, lineage, seq)
        _cache(key, seq, found)
    return found


def _find(document_id: str, lineage: str, seq: int) -> list[MoveConflict]:
    index = attribution_load(document_id=document_id, lineage=lineage, up_to=seq)
    if not index.copies.copies:
        return []
    present = present_state(document_id=document_id)
    if len(present.state) > MAX_STATE_BYTES:
        return []
    if present.seq > index.seq:  # the index has to reach as far as the state
        index = attribution_load(document_id=document_id, lineage=lineage, up_to=present.seq)
    try:
        return conflicts_find(index, present.state)
    except TooManyCopiesError:
        logger.warning("too many copies to search %s for move conflicts", document_id)
        return []


def conflicts_find(index: AttributionIndex, state: bytes) -> list[MoveConflict]:
    """Return the move conflicts of a log in a whole state, the latest first.

    ``index`` has the log of the state, or more of it. Raises ``TooManyCopiesError``.
    """
    structs = ParentIndex(state)
    standing = StandingText(structs.by_client())
    moved = MovedText(index, standing)
    found = _Conflicts(index, standing)
    for one, other in moved.pairs():
        first, end = max(one.source, other.source), min(one.source_end, other.source_end)
        found.add_doubled(
            (one.part(first, end), other.part(first, end)), (one.branch.mover, other.branch.mover)
        )
    for span, mover, eraser in moved.erased_moves():
        found.add_returned(span, (mover, eraser))
    for misplaced in MisplacedText(index, structs, moved).find():
        found.add_misplaced(misplaced.span, misplaced.after, (misplaced.writer, misplaced.mover))
    return found.rows()


class _Conflicts:
    """Collects conflicts by the two operations."""

    def __init__(self, index: AttributionIndex, standing: StandingText) -> None:
        self._index = index
        self._standing = standing
        self._rows: dict[tuple[int, int], MoveConflict] = {}
        self._parts = self._chars = 0

    def add_doubled(self, spans: tuple[Span, Span], operations: tuple[int, int]) -> None:
        one, other = spans
        if row := self._row(operations, one):
            row.doubled.append(DoubledText(self._standing.text(one), one, other))

    def add_misplaced(self, span: Span, after: Id, operations: tuple[int, int]) -> None:
        if row := self._row(operations, span):
            row.misplaced.append(MisplacedSpan(self._standing.text(span), span, after))

    def add_returned(self, span: Span, operations: tuple[int, int]) -> None:
        if row := self._row(operations, span):
            row.returned.append(ReturnedSpan(self._standing.text(span), span))

    def rows(self) -> list[MoveConflict]:
        return [self._rows[operations] for operations in sorted(self._rows, reverse=True)]

    def _row(self, operations: tuple[int, int], span: Span) -> MoveConflict | None:
        """Return the row of another part; None above the limits."""
        if self._parts == MAX_PARTS or self._chars + span[1] > MAX_CHARS:
            return None
        self._parts += 1
        self._chars += span[1]
        later, earlier = max(operations), min(operations)
        if (later, earlier) not in self._rows:
            origins = self._index.origin(later), self._index.origin(earlier)
            self._rows[later, earlier] = MoveConflict(*origins)
        return self._rows[later, earlier]


# --- the cache, by seq ---


def _key(document_id: str, lineage: str) -> str:
    """Return the cache key, which quarantined operations change, as they change the index."""
    quarantined = sorted(quarantined_seqs(document_id=document_id))
    mark = zlib.crc32(repr(quarantined).encode())
    return f"scriptorium:conflicts:{{{document_id}}}:{lineage}:{mark:08x}"


def _cached(key: str, seq: int) -> list[MoveConflict] | None:
    """Return what was found at a seq; None where it is not cached, or Redis is away."""
    try:
        blob = get_redis_connection("default").get(key)
        if blob is None:
            return None
        cached_seq, rows = columns_decode(blob, form=_FORM)
        return [_conflict(row) for row in rows] if cached_seq == seq else None
    except (RedisError, ValueError) as err:
        logger.warning("%s not read from Redis: %s", key, err)
        return None


def _cache(key: str, seq: int, conflicts: Sequence[MoveConflict]) -> None:
    rows = [[row.origin, row.other, row.doubled, row.misplaced, row.returned] for row in conflicts]
    blob = columns_encode([seq, rows], form=_FORM, level=1)
    try:
        get_redis_connection("default").set(key, blob, ex=settings.SNAPSHOT_CACHE_S)
    except RedisError as err:
        logger.warning("%s not cached: %s", key, err)


def _conflict(row: Sequence[Any]) -> MoveConflict:
    origin, other, doubled, misplaced, returned = row
    return MoveConflict(
        Origin(*origin),
        Origin(*other),
        [DoubledText(text, _span(one), _span(two)) for text, one, two in doubled],
        [MisplacedSpan(text, _span(ids), (after[0], after[1])) for text, ids, after in misplaced],
        [ReturnedSpan(text, _span(ids)) for text, ids in returned],
    )


def _span(row: Sequence[Any]) -> Span:
    (client, clock), length = row
    return (client, clock), length
