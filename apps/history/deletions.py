"""Who deleted what: the words that are gone, by the operation that took them."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import nlargest
from itertools import groupby

from apps.crdt.codec.contents import STRING
from apps.crdt.codec.structs import Span, read_pieces, text_of
from apps.crdt.ids.utf16 import Utf16Text
from apps.history.attribution import AttributionIndex, Origin, attribution_load
from apps.history.authorship import AttributedText
from apps.history.states import state_at
from apps.oplog.compaction_point import log_first_seq
from apps.oplog.selectors import head_seq, operations_since


@dataclass(frozen=True, slots=True)
class Deletion:
    """What one operation deleted: its text, by who had written it, in no order of the document."""

    origin: Origin
    pieces: list[AttributedText]


def deletions_page(
    *, document_id: str, lineage: str, before: int | None, limit: int
) -> list[Deletion]:
    """Return the operations below seq ``before`` that deleted something, the latest first.

    Elements and marks have no text: who deletes only such is there with no pieces. What a
    compacted log has no more is left out: its words are gone. Raises ``LogGapError``.
    """
    clocks = attribution_load(
        document_id=document_id, lineage=lineage, up_to=head_seq(document_id=document_id)
    )
    spans = clocks.deleted_spans()
    begins = log_first_seq(document_id=document_id)
    places = (
        place
        for place in spans
        if begins <= (seq := clocks.origin(place).seq) and (before is None or seq < before)
    )
    page = nlargest(limit, places)
    if not page:
        return []
    first, last = clocks.origin(page[-1]).seq, clocks.origin(page[0]).seq
    texts = _Texts(_updates(document_id, first, last))
    return [
        Deletion(clocks.origin(place), list(_pieces(spans[place], texts, clocks))) for place in page
    ]


def _updates(document_id: str, first: int, last: int) -> Iterator[bytes]:
    """Yield all that has been written when the operations from ``first`` to ``last`` came."""
    yield state_at(document_id=document_id, seq=first - 1).state
    after, limit = first - 1, last - first + 1
    for operation in operations_since(document_id=document_id, after=after, limit=limit):
        yield operation.update


class _Texts:
    """The text of some updates, by its clocks."""

    def __init__(self, updates: Iterable[bytes]) -> None:
        self._runs: dict[int, list[tuple[int, Utf16Text]]] = {}
        for update in updates:
            for piece in read_pieces(update):
                if piece.kind == STRING and piece.content:
                    run = piece.clock, Utf16Text(text_of(piece))
                    self._runs.setdefault(piece.client, []).append(run)
        for runs in self._runs.values():
            runs.sort(key=_clock)

    def text(self, client: int, clock: int, end: int) -> str:
        """Return the text of some clocks; those of elements, marks and the like have none."""
        runs = self._runs.get(client, [])
        found = ""
        for first, units in runs[max(bisect_right(runs, clock, key=_clock) - 1, 0) :]:
            if first >= end:
                break
            begin, behind = max(clock, first), min(end, first + units.count)
            if begin < behind:
                found += units.cut(begin - first, behind - first)
                clock = behind
        return found


def _clock(run: tuple[int, Utf16Text]) -> int:
    return run[0]


def _pieces(
    spans: Iterable[Span], texts: _Texts, clocks: AttributionIndex
) -> Iterator[AttributedText]:
    """Cut what was deleted where who wrote it is another."""
    for (client, first), length in spans:
        end = first
        for place, run in groupby(clocks.places(client, first, length)):
            begin, end = end, end + sum(1 for _ in run)
            text = texts.text(client, begin, end)
            if text:
                yield AttributedText(text, clocks.origin(place))
