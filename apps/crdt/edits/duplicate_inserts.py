"""Duplicate inserts: deleted content that an undo would insert a second time.

An undo inserts a copy of deleted content directly before the deleted original. Nothing marks it as
a copy, so the next undo of the same deletion would insert another one.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from apps.crdt.codec.contents import STRING, TYPE
from apps.crdt.codec.structs import Id, RawStruct, Span, iter_structs, with_deletes
from apps.crdt.ids.id_ranges import NO_VALUE, IdRanges
from apps.crdt.ids.id_set import IdSet, deleted_spans, inserted_spans, spans_not_in
from apps.crdt.ids.parents import ParentIndex
from apps.crdt.ids.utf16 import Utf16Text


class _Copy(NamedTuple):
    """Text, or an element with all the text inside it, in no order."""

    kind: int
    id: Id
    text: str


#: Returns whether a struct was inserted after another one had been deleted.
CameAfter = Callable[[Id, Id], bool]


class InsertionOrder(NamedTuple):
    """The order in which ids of a document were inserted and deleted, as plain data.

    ``inserted`` has, by client, the ends of its id ranges and the index of the operation that
    inserted each; ``deleted`` the index of the operation that was the first to delete an id.
    """

    inserted: dict[int, tuple[list[int], list[int]]]
    deleted: dict[int, IdRanges]

    def came_after(self, copy: Id, original: Id) -> bool:
        """Return whether ``copy`` was inserted after ``original`` had been deleted."""
        ends, inserters = self.inserted.get(copy[0], ([], []))
        position = bisect_right(ends, copy[1])
        inserter = inserters[position] if position < len(ends) else NO_VALUE
        deletes = self.deleted.get(original[0], IdRanges())
        [deleted] = deletes.runs(original[1], original[1] + 1)
        return inserter > deleted.value != NO_VALUE


def duplicate_spans(
    update: bytes, *, state: bytes, came_after: CameAfter, hidden: Iterable[Span] = ()
) -> list[Span]:
    """Return the id ranges of an undo's ``update`` that ``state`` has a copy of already.

    ``state`` is the whole state that the update applies to; content in ``hidden`` does not count.
    Equal content in the same place that was inserted after the deletion counts as a copy, by any
    author.
    """
    invisible = IdSet(hidden)
    invisible.add_spans(deleted_spans(state))
    inserted = _copies(update, IdSet())
    known = _copies(state, invisible, set(inserted))
    duplicates = IdSet()
    for right, copies in inserted.items():
        for copy in copies:
            others = [other for other in known.get(right, ()) if came_after(other.id, right)]
            if copy.text and any(_has_content_of(other, copy) for other in others):
                duplicates.add(copy.id, Utf16Text(copy.text).length if copy.kind == STRING else 1)
    return _with_descendants(update, duplicates)


def with_only_these_deletes(update: bytes, deletes: Sequence[Span]) -> bytes | None:
    """Return an update with the same structs, and with these deletes in place of its own.

    None if it would have no effect: it deletes all that it inserts, and nothing else.
    """
    inserted = list(inserted_spans(update))
    shown = spans_not_in(inserted, IdSet(deletes))
    removed = spans_not_in(deletes, IdSet(inserted))
    return with_deletes(update, deletes) if shown or removed else None


def _copies(
    update: bytes, invisible: IdSet, rights: set[Id] | None = None
) -> dict[Id, list[_Copy]]:
    """Return the possible copies in an update, with their visible text, by right origin.

    Only those whose right origin is one of ``rights``, if it is given.
    """
    structs = list(iter_structs(update))
    found = [(struct, right) for struct in structs if (right := _right(struct))]
    if rights is not None:
        found = [(struct, right) for struct, right in found if right in rights]
    inside = _texts_inside(update, structs, found, invisible)
    copies: dict[Id, list[_Copy]] = {}
    for struct, right in found:
        text = inside[struct.id] if struct.kind == TYPE else _visible_text(struct, invisible)
        copies.setdefault(right, []).append(_Copy(struct.kind, struct.id, text))
    return copies


def _right(struct: RawStruct) -> Id | None:
    """Return the right origin of a text or an element."""
    return struct.origins[1] if struct.kind in (STRING, TYPE) else None


def _texts_inside(
    update: bytes,
    structs: Iterable[RawStruct],
    found: Iterable[tuple[RawStruct, Id]],
    invisible: IdSet,
) -> dict[Id, str]:
    """Return the visible text inside each element of ``found``."""
    texts = {struct.id: "" for struct, _ in found if struct.kind == TYPE}
    if texts:
        parents = ParentIndex(update)
        for struct in structs:
            if struct.kind == STRING:
                for ancestor in parents.ancestors(struct.id):
                    if ancestor in texts:
                        texts[ancestor] += _visible_text(struct, invisible)
    return texts


def _visible_text(struct: RawStruct, invisible: IdSet) -> str:
    text = Utf16Text(struct.text)
    return "".join(
        text.slice(clock - struct.clock, clock - struct.clock + length)
        for (_, clock), length in spans_not_in([(struct.id, text.length)], invisible)
    )


def _has_content_of(other: _Copy, copy: _Copy) -> bool:
    """Return whether ``other`` has the content of ``copy``; text may have been typed into it."""
    if other.kind != copy.kind:
        return False
    if copy.kind == STRING:
        return copy.text in other.text
    return sorted(copy.text) == sorted(other.text)  # an undo writes them in no order


def _with_descendants(update: bytes, ids: IdSet) -> list[Span]:
    """Return the id ranges of a set and of all structs of the update inside its elements."""
    parents = ParentIndex(update)
    descendants = [
        struct.span
        for struct in parents.structs()
        if any(ids.contains_any(ancestor, 1) for ancestor in parents.ancestors(struct.id))
    ]
    return [*ids.spans(), *descendants]
