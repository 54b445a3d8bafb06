"""Diff of two states of a document, with authors (docs/system-flow.md, §7)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from apps.core.errors import InvalidInputError
from apps.crdt.analysis.diff import ContentChange, Kind, content_changes
from apps.crdt.codec.structs import Id, Span
from apps.crdt.content.prosemirror import plain_value
from apps.crdt.edits.fragments import fragment_encode
from apps.crdt.ids.id_ranges import NONE
from apps.crdt.ids.utf16 import Utf16Text
from apps.history.attribution import AttributionIndex, Origin, attribution_load
from apps.history.snapshot import Snapshot


class DiffOrderError(InvalidInputError):
    """The moment to compare with is the later one of the two; ``extra`` has the seq of both."""

    code = "wrong_way_round"


@dataclass(slots=True)
class DiffSegment:
    """A piece of text or an element, as ``apps.crdt.analysis.diff.ContentChange``, with its author.

    ``origin``: the latest operation that wrote it, or deleted it; None where no operation says
    so. All of a piece is of one author. ``spans``: its clocks, as (id, units), in order.
    """

    change: ContentChange
    text: str
    origin: Origin | None
    spans: list[Span] = field(default_factory=list)

    @property
    def author_id(self) -> str | None:
        """Return who wrote it, or deleted it."""
        return None if self.origin is None else self.origin.author_id

    def takes(self, other: "DiffSegment") -> bool:
        """Take in the piece that follows if both are one to a reader; tell whether it did."""
        ours, theirs = self.change, other.change
        is_one = (
            theirs.tag is None is ours.tag
            and not theirs.begins
            and self.author_id == other.author_id
            and (ours.kind, ours.marks, ours.before) == (theirs.kind, theirs.marks, theirs.before)
        )
        if is_one:
            self.text += other.text
            self._add(*other.spans[0])
            if self.origin is not None and other.origin is not None:
                self.origin = max(self.origin, other.origin)
        return is_one

    def _add(self, id_: Id, units: int) -> None:
        (client, clock), before = self.spans[-1]
        if id_ == (client, clock + before):
            self.spans[-1] = ((client, clock), before + units)
        else:
            self.spans.append((id_, units))


def states_diff(
    *, document_id: str, lineage: str, earlier: Snapshot, later: Snapshot
) -> list[DiffSegment]:
    """Return all pieces of two moments of a document, in document order.

    Raises ``DiffOrderError``, and as ``attribution_load`` does.
    """
    if earlier.seq > later.seq:
        raise DiffOrderError(
            f"The moment to compare with (operation {earlier.seq}) comes after the other one "
            f"(operation {later.seq}). Swap the two.",
            extra={"against": earlier.seq, "seq": later.seq},
        )
    clocks = attribution_load(document_id=document_id, lineage=lineage, up_to=later.seq)
    pieces: list[DiffSegment] = []
    for change in content_changes(earlier=earlier.state, later=later.state):
        for piece in _by_operation(change, clocks):
            if not pieces or not pieces[-1].takes(piece):
                pieces.append(piece)
    return pieces


def _by_operation(change: ContentChange, clocks: AttributionIndex) -> Iterator[DiffSegment]:
    """Cut a change where the operation that made it is another."""
    operations = _operations(change.kind, change.id, change.units, clocks)
    units, place = Utf16Text(change.text), 0
    client, clock = change.id
    for operation, run in groupby(operations):
        end = place + sum(1 for _ in run)
        origin = None if operation == NONE else clocks.origin(operation)
        span = ((client, clock + place), end - place)
        cut = change if not place else change._replace(begins=False)
        yield DiffSegment(cut, units.cut(place, end), origin, [span])
        place = end


def _operations(kind: Kind, id_: Id, units: int, clocks: AttributionIndex) -> Sequence[int]:
    if kind == "delete":
        return clocks.deleters(*id_, units)
    return clocks.places(*id_, units)


def piece_row(piece: DiffSegment, authors: dict[str, Any]) -> dict[str, Any]:
    """Return a piece as REST has it; ``authors`` by their ids."""
    change, origin = piece.change, piece.origin
    row: dict[str, Any] = {
        "kind": change.kind,
        "text": piece.text,
        "depth": change.depth,
        "author": authors[origin.author_id] if origin else None,
        "seq": origin.seq if origin else None,
        "received_at": origin.received_at if origin else None,
    }
    if change.tag is not None:
        row["node"] = {"type": change.tag, **_looks("attributes", change)}
    else:
        row |= _looks("marks", change)
    if change.kind == "delete":
        row["part"] = fragment_encode(piece.spans)
    return row


def _looks(name: str, change: ContentChange) -> dict[str, Any]:
    """Return marks or attributes, and what they were where they changed."""
    looks = {name: plain_value(change.marks)}
    if change.before is not None:
        looks[f"{name}_before"] = plain_value(change.before)
    return looks
