"""Diff of two states of a document, with authors (docs/system-flow.md, §7)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from apps.core.errors import InvalidInputError
from apps.crdt.analysis.diff import ContentChange, content_changes_list
from apps.crdt.codec.structs import Id, Span
from apps.crdt.ids.id_ranges import NO_VALUE
from apps.crdt.ids.utf16 import Utf16Text
from apps.history.attribution import AttributionIndex, Origin, attribution_load
from apps.history.conversions import conversion_run
from apps.history.snapshot import Snapshot


class DiffOrderError(InvalidInputError):
    """The state to compare with is the later one of the two; ``extra`` has the seq of both."""

    code = "wrong_way_round"


@dataclass(slots=True)
class DiffSegment:
    """A segment of text or an element, as ``content_changes`` returns it, with its author.

    ``origin`` is the latest operation that inserted it or, in a deletion, deleted it; None where
    no operation did so by itself. A segment has one author. ``spans`` are its ids in order, as
    (id, units).
    """

    change: ContentChange
    text: str
    origin: Origin | None
    spans: list[Span] = field(default_factory=list)

    @property
    def author_id(self) -> str | None:
        """Return the author of the insertion or deletion."""
        return None if self.origin is None else self.origin.author_id

    def merge_with(self, following: "DiffSegment") -> bool:
        """Append the following segment if both look alike to a reader; return whether it was."""
        ours, theirs = self.change, following.change
        is_alike = (
            theirs.tag is None is ours.tag
            and not theirs.starts_text
            and self.author_id == following.author_id
            and (ours.kind, ours.marks, ours.before) == (theirs.kind, theirs.marks, theirs.before)
        )
        if is_alike:
            self.text += following.text
            self._add(*following.spans[0])
            if self.origin is not None and following.origin is not None:
                self.origin = max(self.origin, following.origin)
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
    segments: list[DiffSegment] = []
    changes = conversion_run(content_changes_list, earlier=earlier.state, later=later.state)
    for change in changes:
        for segment in _by_operation(change, index):
            if not segments or not segments[-1].merge_with(segment):
                segments.append(segment)
    return segments


def _by_operation(change: ContentChange, index: AttributionIndex) -> Iterator[DiffSegment]:
    """Cut a change where the operation that made it changes."""
    made_by = index.deleters if change.kind == "delete" else index.inserters
    units = Utf16Text(change.text)
    client, clock = change.id
    for first, end, op_index in made_by(client, clock, change.length):
        origin = None if op_index == NO_VALUE else index.origin(op_index)
        cut = change if first == clock else change._replace(starts_text=False)
        text = units.slice(first - clock, end - clock)
        yield DiffSegment(cut, text, origin, [((client, first), end - first)])
