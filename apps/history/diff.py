"""Diff of two states of a document, with authors (docs/system-flow.md, §7)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from apps.core.errors import InvalidInputError
from apps.crdt.analysis.diff import ContentChange, content_changes_list
from apps.crdt.codec.structs import Id, Span
from apps.crdt.ids.id_ranges import NO_VALUE, joined_runs
from apps.crdt.ids.utf16 import Utf16Text
from apps.history.attribution import AttributionIndex, Origin, attribution_load
from apps.history.conversions import conversion_run
from apps.history.returned_text import ReturnedText
from apps.history.snapshot import Snapshot


class DiffOrderError(InvalidInputError):
    """The state to compare with is the later one of the two; ``extra`` has the seq of both."""

    code = "wrong_way_round"


@dataclass(slots=True)
class DiffSegment:
    """A segment of text or an element, as ``content_changes`` returns it, with its author.

    ``origin`` is the latest operation that wrote it first or, in a deletion, deleted it; None where
    no operation did so by itself. A segment has one author. ``spans`` are its ids in order, as
    (id, units). ``brought_back`` is the latest operation that inserted it again, where another one
    wrote it, or of a deletion the first one that did so; ``is_moved`` whether that deleted it as
    well.
    """

    change: ContentChange
    text: str
    origin: Origin | None
    spans: list[Span] = field(default_factory=list)
    brought_back: Origin | None = None
    is_moved: bool = False

    @property
    def author_id(self) -> str | None:
        """Return the author of the insertion or deletion."""
        return None if self.origin is None else self.origin.author_id

    @property
    def author_ids(self) -> set[str]:
        """Return the author, and who brought it back."""
        return {origin.author_id for origin in (self.origin, self.brought_back) if origin}

    @property
    def people(self) -> tuple[str | None, str | None, bool]:
        """Return the author, who brought it back, and whether by a move."""
        back = self.brought_back
        return self.author_id, None if back is None else back.author_id, self.is_moved

    def merge_with(self, following: "DiffSegment") -> bool:
        """Append the following segment if both look alike to a reader; return whether it was."""
        ours, theirs = self.change, following.change
        is_alike = (
            theirs.tag is None is ours.tag
            and not theirs.starts_text
            and self.people == following.people
            and (ours.kind, ours.marks, ours.before) == (theirs.kind, theirs.marks, theirs.before)
        )
        if is_alike:
            self.text += following.text
            self._add(*following.spans[0])
            if self.origin is not None and following.origin is not None:
                self.origin = max(self.origin, following.origin)
            if self.brought_back is not None and following.brought_back is not None:
                self.brought_back = max(self.brought_back, following.brought_back)
        return is_alike

    def _add(self, id_: Id, units: int) -> None:
        (client, clock), before = self.spans[-1]
        if id_ == (client, clock + before):
            self.spans[-1] = ((client, clock), before + units)
        else:
            self.spans.append((id_, units))


def states_diff(
    *, document_id: str, lineage: str, earlier: Snapshot, later: Snapshot
) -> list[DiffSegment]:
    """Return the segments of two states of a document, in document order.

    Raises ``DiffOrderError``, and as ``attribution_load`` and ``conversion_run`` do.
    """
    if earlier.seq > later.seq:
        raise DiffOrderError(
            f"The moment to compare with (operation {earlier.seq}) comes after the other one "
            f"(operation {later.seq}). Swap the two.",
            extra={"against": earlier.seq, "seq": later.seq},
        )
    index = attribution_load(document_id=document_id, lineage=lineage, up_to=later.seq)
    returned = ReturnedText(index)
    segments: list[DiffSegment] = []
    changes = conversion_run(content_changes_list, earlier=earlier.state, later=later.state)
    for change in changes:
        for segment in _by_operation(change, index, returned):
            if not segments or not segments[-1].merge_with(segment):
                segments.append(segment)
    return segments


def _by_operation(
    change: ContentChange, index: AttributionIndex, returned: ReturnedText
) -> Iterator[DiffSegment]:
    """Cut a change where the operation that made it changes."""
    units = Utf16Text(change.text)
    client, clock = change.id
    for first, end, op_index, bringer, is_moved in _makers(change, index, returned):
        origin = None if op_index == NO_VALUE else index.origin(op_index)
        brought_back = None if bringer == NO_VALUE else index.origin(bringer)
        cut = change if first == clock else change._replace(starts_text=False)
        text = units.slice(first - clock, end - clock)
        spans = [((client, first), end - first)]
        yield DiffSegment(cut, text, origin, spans, brought_back, is_moved)


def _makers(
    change: ContentChange, index: AttributionIndex, returned: ReturnedText
) -> Iterator[tuple[int, int, int, int, bool]]:
    """Yield ``(first, end, op index, op index of who brought it back, whether moved)``.

    One as a rule.
    """
    ids = *change.id, change.length
    if change.kind == "insert":
        for first, end, (writer, inserter, move) in joined_runs(
            index.writers(*ids), index.inserters(*ids), returned.moves(*ids)
        ):
            bringer = NO_VALUE if inserter == writer else inserter
            yield first, end, writer, bringer, bringer != NO_VALUE and move != NO_VALUE
    elif change.kind == "delete":
        for first, end, (deleter, bringer) in joined_runs(
            index.deleters(*ids), returned.bringers(*ids)
        ):
            yield first, end, deleter, bringer, bringer == deleter != NO_VALUE
    else:
        for first, end, writer in index.writers(*ids):
            yield first, end, writer, NO_VALUE, False
