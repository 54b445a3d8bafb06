"""Deletions: the text that each operation deleted, with its authors, and text that nobody saw."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import NamedTuple

from apps.crdt.codec.contents import STRING
from apps.crdt.codec.structs import Span, iter_structs
from apps.crdt.edits.fragments import fragment_encode
from apps.crdt.ids.id_ranges import NO_VALUE, joined_runs
from apps.crdt.ids.utf16 import Utf16Text
from apps.history.attribution import AttributionIndex, Origin, attribution_load
from apps.history.lost_text import LostPlaces, lost_spans
from apps.history.returned_text import ReturnedText
from apps.history.states import present_state, state_at
from apps.oplog.compaction_point import log_first_seq
from apps.oplog.selectors import head_seq, operations_since


class DeletedText(NamedTuple):
    """Deleted text, the operation that wrote it first, and the one that inserted it again first."""

    text: str
    origin: Origin
    brought_back: Origin | None


@dataclass(frozen=True, slots=True)
class Deletion:
    """The text that one operation deleted, by its authors, in no order of the document.

    ``lost`` is the text that it wrote into what somebody else had deleted, ``lost_part`` its
    name for a restore, and ``lost_seq`` the state with its place, None where that is not known.
    """

    origin: Origin
    pieces: list[DeletedText]
    lost: list[DeletedText]
    lost_part: str
    lost_seq: int | None


def deletions_page(
    *, document_id: str, lineage: str, before: int | None, limit: int, lost_only: bool = False
) -> list[Deletion]:
    """Return the operations below seq ``before`` that deleted something, the latest first.

    And those that wrote into what somebody else had deleted (``lost_text``), with ``lost_only``
    these alone. An operation that
    deleted only elements and marks has no pieces, because these have no text. Compacted operations
    are left out: their text is gone. Raises ``LogGapError``.
    """
    index = attribution_load(
        document_id=document_id, lineage=lineage, up_to=head_seq(document_id=document_id)
    )
    spans = index.deleted_spans()
    lost = lost_spans(index, present_state(document_id=document_id).state)
    first_seq = log_first_seq(document_id=document_id)
    op_indexes = (
        op_index
        for op_index in (lost if lost_only else spans.keys() | lost.keys())
        if first_seq <= (seq := index.origin(op_index).seq) and (before is None or seq < before)
    )
    page = nlargest(limit, op_indexes)
    if not page:
        return []
    first, last = index.origin(page[-1]).seq, index.origin(page[0]).seq
    places = LostPlaces(index, (span for spans in lost.values() for span in spans))
    texts = _Texts(_updates(document_id, first, last), places)
    returned = ReturnedText(index)
    return [
        Deletion(
            index.origin(op_index),
            list(_pieces(spans.get(op_index, ()), texts, index, returned)),
            list(_pieces(lost.get(op_index, ()), texts, index, returned)),
            fragment_encode(lost.get(op_index, ())),
            _place(lost.get(op_index, ()), places, first_seq),
        )
        for op_index in page
    ]


def _place(spans: Sequence[Span], places: LostPlaces, first_seq: int) -> int | None:
    """Return the seq of a state with the place of lost text; None where the log has none."""
    seq = places.seq_with(spans[0][0]) if spans else None
    return None if seq is None or seq < first_seq - 1 else seq


def _updates(document_id: str, first: int, last: int) -> Iterator[bytes]:
    """Yield updates with all text that the operations ``first`` to ``last`` could delete."""
    yield state_at(document_id=document_id, seq=first - 1).state
    after, limit = first - 1, last - first + 1
    for operation in operations_since(document_id=document_id, after=after, limit=limit):
        yield operation.update


class _Texts:
    """The text of some updates, by its ids; ``places`` gets their structs."""

    def __init__(self, updates: Iterable[bytes], places: LostPlaces) -> None:
        self._runs: dict[int, list[tuple[int, Utf16Text]]] = {}
        for update in updates:
            for struct in iter_structs(update):
                places.add(struct)
                if struct.kind == STRING:
                    run = struct.clock, Utf16Text(struct.text)
                    self._runs.setdefault(struct.client, []).append(run)
        for runs in self._runs.values():
            runs.sort(key=_clock)

    def text(self, client: int, clock: int, end: int) -> str:
        """Return the text of a range of ids; elements and marks have none."""
        runs = self._runs.get(client, [])
        found = ""
        start = max(bisect_right(runs, clock, key=_clock) - 1, 0)
        for index in range(start, len(runs)):
            first, units = runs[index]
            if first >= end:
                break
            begin, behind = max(clock, first), min(end, first + units.length)
            if begin < behind:
                found += units.slice(begin - first, behind - first)
                clock = behind
        return found


def _clock(run: tuple[int, Utf16Text]) -> int:
    return run[0]


def _pieces(
    spans: Iterable[Span], texts: _Texts, index: AttributionIndex, returned: ReturnedText
) -> Iterator[DeletedText]:
    """Cut the deleted text where its author changes, or who brought it back."""
    for (client, first), length in spans:
        ids = client, first, length
        for begin, end, (writer, bringer) in joined_runs(
            index.writers(*ids), returned.bringers(*ids)
        ):
            text = texts.text(client, begin, end)
            if text and writer != NO_VALUE:
                brought_back = None if bringer == NO_VALUE else index.origin(bringer)
                yield DeletedText(text, index.origin(writer), brought_back)
