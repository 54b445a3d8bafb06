"""Diff of two states of one document, in document order.

Content is compared by its ids. So content that only moved because of an insertion before it is
equal, and a character that was deleted and typed again is one deletion and one insertion.
"""

from collections.abc import Iterator
from typing import Any, Final, Literal, NamedTuple

import pycrdt

from apps.crdt.analysis.content_ids import Element, TextRun, iter_content_with_ids
from apps.crdt.codec.structs import Id, with_deletes
from apps.crdt.codec.vectors import Vector, decode_vector
from apps.crdt.engine.errors import engine_panics
from apps.crdt.ids.id_ranges import NO_VALUE, Run, joined_runs
from apps.crdt.ids.id_set import IdSet, deleted_spans
from apps.crdt.ids.utf16 import Utf16Text

Kind = Literal["equal", "insert", "delete"]

_KINDS: Final[tuple[Kind, ...]] = ("equal", "insert", "delete")
_EQUAL, _INSERT, _DELETE = range(len(_KINDS))


class ContentChange(NamedTuple):
    """A run of text or the start of an element, and whether it was inserted, deleted or neither.

    ``depth`` counts the elements around it. ``id`` and ``length`` are its id range. ``marks`` (an
    element's attributes) are those of the later state, or of the earlier state for a deletion;
    ``before`` has the earlier ones where equal content has other marks now. ``tag`` is None for
    text.
    """

    kind: Kind
    depth: int
    id: Id
    length: int
    text: str
    marks: dict[str, Any]
    before: dict[str, Any] | None = None
    tag: str | None = None
    #: Whether a text starts with it, so that it does not continue the text before.
    starts_text: bool = False


def content_changes(*, earlier: bytes, later: bytes) -> Iterator[ContentChange]:
    """Yield the changes between two whole states of one document, in document order.

    The ``equal`` and ``insert`` ones together are the later state, the ``equal`` and ``delete``
    ones the earlier state. ``later`` must contain everything that ``earlier`` contains, deleted or
    not. Of roots other than ``default`` only the texts are compared.
    """
    union = _UnionState(earlier, later)
    before, after = _FormattingIndex(earlier), _FormattingIndex(later)
    for node in iter_content_with_ids(union.state):
        if isinstance(node, Element):
            [run] = union.kinds(node.id, 1)
            yield _element_change(node, _KINDS[run.value], before, after)
        else:
            yield from _text_changes(node, union, before, after)


def content_changes_list(*, earlier: bytes, later: bytes) -> list[ContentChange]:
    """Return all changes at once, as a child process does."""
    return list(content_changes(earlier=earlier, later=later))


@engine_panics()
def union_state(*, earlier: bytes, later: bytes) -> tuple["pycrdt.Doc[Any]", bytes]:
    """Return the union of two whole states of a document, and the encoded vector of the earlier.

    The union shows what either state shows: also what ``later`` has deleted, and what ``earlier``
    does not have yet.
    """
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(earlier)
    vector = doc.get_state()
    after: pycrdt.Doc[Any] = pycrdt.Doc()
    after.apply_update(later)
    doc.apply_update(with_deletes(after.get_update(vector), ()))
    return doc, vector


class _UnionState:
    """The union of two states, and the kind of change of each of its ids."""

    def __init__(self, earlier: bytes, later: bytes) -> None:
        doc, vector = union_state(earlier=earlier, later=later)
        self.state: bytes = doc.get_update()
        self._vector: Vector = decode_vector(vector)
        self._deleted = IdSet(deleted_spans(later))

    def kinds(self, id_: Id, length: int) -> Iterator[Run]:
        """Yield the kinds of change of ``length`` ids; the value of a run is an index of _KINDS."""
        client, clock = id_
        known = min(max(self._vector.get(client, 0) - clock, 0), length)
        for first, end, value in self._deleted.runs(id_, known):
            yield Run(first, end, _EQUAL if value == NO_VALUE else _DELETE)
        if known < length:
            yield Run(clock + known, clock + length, _INSERT)


_NO_MARKS: Final[dict[str, Any]] = {}


class _FormattingIndex:
    """The marks of each character and the attributes of each element of a state, by id."""

    def __init__(self, state: bytes) -> None:
        self._attributes: dict[Id, dict[str, Any]] = {}
        self._marks: list[dict[str, Any]] = []
        #: Marked ids; the value is an index of ``_marks``.
        self._marked = IdSet()
        for node in iter_content_with_ids(state):
            if isinstance(node, Element):
                self._attributes[node.id] = node.attributes
            elif node.marks:
                self._add_marks(node)

    def _add_marks(self, run: TextRun) -> None:
        if not self._marks or self._marks[-1] != run.marks:
            self._marks.append(run.marks)
        self._marked.add(run.id, run.length, len(self._marks) - 1)

    def attributes(self, id_: Id) -> dict[str, Any]:
        return self._attributes.get(id_, _NO_MARKS)

    def mark_indexes(self, run: TextRun) -> Iterator[Run]:
        """Yield where the marks of a text change; the value of a run is for ``marks``."""
        return self._marked.runs(run.id, run.length)

    def marks(self, index: int) -> dict[str, Any]:
        return _NO_MARKS if index == NO_VALUE else self._marks[index]


def _element_change(
    node: Element, kind: Kind, before: _FormattingIndex, after: _FormattingIndex
) -> ContentChange:
    attributes = (before if kind == "delete" else after).attributes(node.id)
    earlier = before.attributes(node.id) if kind == "equal" else attributes
    changed = None if earlier == attributes else earlier
    return ContentChange(kind, node.depth, node.id, 1, "", attributes, changed, node.tag)


def _text_changes(
    node: TextRun, union: _UnionState, before: _FormattingIndex, after: _FormattingIndex
) -> Iterator[ContentChange]:
    """Split a run of text where the kind of change or the marks change."""
    text, (client, start) = Utf16Text(node.text), node.id
    for first, end, (kind, old_index, new_index) in joined_runs(
        union.kinds(node.id, node.length), before.mark_indexes(node), after.mark_indexes(node)
    ):
        old, new = before.marks(old_index), after.marks(new_index)
        marks = old if kind == _DELETE else new
        changed = old if kind == _EQUAL and old != new else None
        yield ContentChange(
            _KINDS[kind],
            node.depth,
            (client, first),
            end - first,
            text.slice(first - start, end - start),
            marks,
            changed,
            starts_text=node.starts_text and first == start,
        )
