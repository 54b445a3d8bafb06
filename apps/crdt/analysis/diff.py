"""What changed between two states of one document: the pieces of both, in document order.

By the ids of elements and letters, so what moved because of text before it is no change, and a
letter that was deleted and typed again is one deletion and one insertion.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final, Literal, NamedTuple

from apps.crdt.analysis.content_ids import Element, Words, iter_content_with_ids
from apps.crdt.analysis.union import union_state
from apps.crdt.codec.structs import Id
from apps.crdt.codec.vectors import Vector, decode_vector
from apps.crdt.ids.id_ranges import NONE
from apps.crdt.ids.id_set import IdSet, deleted_spans
from apps.crdt.ids.utf16 import Utf16Text

Kind = Literal["equal", "insert", "delete"]


class ContentChange(NamedTuple):
    """A piece of text, or where an element begins, and what became of it.

    ``depth``: how many elements it stands in. ``id`` and ``units``: whose clocks it has, from
    which on, and how many. ``marks``, or an element's ``attributes``, are those of the later
    state, of the earlier one for what was deleted; ``before`` has the earlier ones where the piece
    stayed and they changed. ``tag`` is None for text.
    """

    kind: Kind
    depth: int
    id: Id
    units: int
    text: str
    marks: dict[str, Any]
    before: dict[str, Any] | None = None
    tag: str | None = None
    #: Whether a text begins with it: it does not stand together with the text before.
    begins: bool = False


def content_changes(*, earlier: bytes, later: bytes) -> Iterator[ContentChange]:
    """Yield every piece of two whole states of one document, in document order.

    ``equal`` and ``insert`` are all of the later one, ``equal`` and ``delete`` all of the earlier
    one. ``later`` has everything that ``earlier`` has, deleted or not. Only the texts of other
    roots than ``default`` are looked at.
    """
    both = _Both(earlier, later)
    was, now = _Looks(earlier), _Looks(later)
    for node in iter_content_with_ids(both.state):
        if isinstance(node, Element):
            yield _element(node, both.kinds(node.id, 1)[0], was, now)
        else:
            yield from _words(node, both.kinds(node.id, node.units), was, now)


class _Both:
    """A document with everything that either state shows, and which of the two shows what."""

    def __init__(self, earlier: bytes, later: bytes) -> None:
        doc, vector = union_state(earlier=earlier, later=later)
        self.state: bytes = doc.get_update()
        self._vector: Vector = decode_vector(vector)
        self._deleted = IdSet(deleted_spans(later))

    def kinds(self, id_: Id, units: int) -> list[Kind]:
        """Return what became of each of ``units`` clocks."""
        client, clock = id_
        old = min(max(self._vector.get(client, 0) - clock, 0), units)
        kinds: list[Kind] = [
            "delete" if is_deleted else "equal" for is_deleted in self._deleted.of(id_, old)
        ]
        return kinds + ["insert"] * (units - old)


_NO_MARKS: Final[dict[str, Any]] = {}


class _Looks:
    """The marks of each letter and the attributes of each element of a state, by id."""

    def __init__(self, state: bytes) -> None:
        self._attributes: dict[Id, dict[str, Any]] = {}
        self._marks: list[dict[str, Any]] = []
        #: With the places in ``_marks``.
        self._marked = IdSet()
        for node in iter_content_with_ids(state):
            if isinstance(node, Element):
                self._attributes[node.id] = node.attributes
            elif node.marks:
                self._mark(node)

    def _mark(self, words: Words) -> None:
        if not self._marks or self._marks[-1] != words.marks:
            self._marks.append(words.marks)
        self._marked.add(words.id, words.units, len(self._marks) - 1)

    def attributes(self, id_: Id) -> dict[str, Any]:
        return self._attributes.get(id_, _NO_MARKS)

    def marks(self, id_: Id, units: int) -> list[dict[str, Any]]:
        numbers = self._marked.numbers(id_, units)
        return [_NO_MARKS if each == NONE else self._marks[each] for each in numbers]


def _element(node: Element, kind: Kind, was: _Looks, now: _Looks) -> ContentChange:
    attributes = (was if kind == "delete" else now).attributes(node.id)
    before = was.attributes(node.id) if kind == "equal" else attributes
    changed = None if before == attributes else before
    return ContentChange(kind, node.depth, node.id, 1, "", attributes, changed, node.tag)


def _words(node: Words, kinds: Sequence[Kind], was: _Looks, now: _Looks) -> Iterator[ContentChange]:
    units, place = Utf16Text(node.text), 0
    before, after = was.marks(node.id, node.units), now.marks(node.id, node.units)
    for (kind, old, new), run in groupby(zip(kinds, before, after, strict=True)):
        end = place + sum(1 for _ in run)
        marks = old if kind == "delete" else new
        changed = old if kind == "equal" and old != new else None
        client, clock = node.id
        yield ContentChange(
            kind,
            node.depth,
            (client, clock + place),
            end - place,
            units.cut(place, end),
            marks,
            changed,
            begins=node.begins and not place,
        )
        place = end
