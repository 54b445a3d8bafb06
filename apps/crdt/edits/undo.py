"""The edit that takes back what one person did since a moment, and leaves what others did.

What they wrote is deleted and what they deleted comes back, as one undo of their own would do it.
But an element that they made and in which others have written since stays, with its attributes.
"""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import pycrdt

from apps.crdt.codec.contents import ANY, EMBED, STRING, TYPE
from apps.crdt.codec.structs import NOTHING, Id, Span, root_names, with_deletes
from apps.crdt.edits.duplicate_inserts import duplicate_spans, with_only_these_deletes
from apps.crdt.ids.id_ranges import NONE
from apps.crdt.ids.id_set import IdSet, brought_spans, cut_spans, deleted_spans
from apps.crdt.ids.parents import ParentIndex

#: What a reader sees or what holds it.
_CONTENT: Final = frozenset({STRING, EMBED, TYPE})
_THEIRS: Final = "theirs"


class Edit(NamedTuple):
    """An update of the log, and whether it is to be taken back."""

    update: bytes
    is_theirs: bool


def undoing_update(*, earlier: bytes, edits: Iterable[Edit]) -> bytes | None:
    """Return the v1 update that takes back those of ``edits`` that are theirs.

    ``earlier`` is the whole state before the first of them, ``edits`` all that came since, in the
    log's order. The update is for the state after the last. None when there is nothing to do.
    """
    edits = list(edits)
    deeds = _Deeds(earlier, edits)
    shown = _with_what_they_deleted(earlier, edits, deeds)
    kept = _sheltering(shown, deeds.written)
    undo = _Undo(earlier, edits)
    for edit in edits:
        undo.take(edit, deeds, kept)
    present = IdSet(deleted_spans(undo.doc.get_update()))
    update = undo.update()
    gone = [span for span in deleted_spans(update) if span[0][0] == undo.doc.client_id]
    gone += duplicate_spans(
        update, state=shown, came_after=deeds.came_after, hidden=deeds.written.spans()
    )
    for id_, units in deeds.written.spans():
        for part, length in present.cut(id_, units, marked=False):
            gone += kept.cut(part, length, marked=False)
    return with_only_these_deletes(update, gone)


class _Deeds:
    """What they wrote and what they deleted of others', by who was first."""

    def __init__(self, earlier: bytes, edits: Iterable[Edit]) -> None:
        self.written = IdSet()
        self.deleted = IdSet()
        #: With the number of the edit that did it, 0 for what was before.
        self._brought = IdSet(brought_spans(earlier))
        self._deleted = IdSet(deleted_spans(earlier))
        for number, edit in enumerate(edits, 1):
            written = _take(brought_spans(edit.update), self._brought, number)
            deleted = _take(deleted_spans(edit.update), self._deleted, number)
            if edit.is_theirs:
                self.written.add_all(written)
                self.deleted.add_all(cut_spans(deleted, self.written, marked=False))

    def came_after(self, copy: Id, original: Id) -> bool:
        """Tell whether one was written after the other was deleted."""
        return self._brought.number(copy) > self._deleted.number(original) != NONE


def _take(spans: Iterable[Span], known: IdSet, number: int) -> list[Span]:
    """Mark what is not yet, and return it."""
    new = cut_spans(spans, known, marked=False)
    known.add_all(new, number)
    return new


def _with_what_they_deleted(earlier: bytes, edits: Iterable[Edit], deeds: _Deeds) -> bytes:
    """Return the present state as if they had deleted nothing of what others wrote."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    with doc.transaction():
        doc.apply_update(earlier)
        for edit in edits:
            spans = cut_spans(deleted_spans(edit.update), deeds.deleted, marked=False)
            doc.apply_update(with_deletes(edit.update, spans))
    return doc.get_update()


def _sheltering(state: bytes, theirs: IdSet) -> IdSet:
    """Return those of their elements in which others' is to be seen, with their attributes."""
    structure = ParentIndex(state)
    deleted = IdSet(deleted_spans(state))
    kept = IdSet()
    for struct in structure.structs():
        span = (struct.client, struct.clock), struct.length
        if struct.kind in _CONTENT and not all(
            mine or gone for mine, gone in zip(theirs.of(*span), deleted.of(*span), strict=True)
        ):
            for ancestor in structure.ancestors(span[0]):
                if theirs.touches(ancestor, 1):
                    kept.add(ancestor, 1)
    for struct in structure.structs():
        id_ = struct.client, struct.clock
        if struct.kind == ANY and _stands_in(structure, id_, kept):
            kept.add(id_, struct.length)
    return kept


def _stands_in(structure: ParentIndex, id_: Id, kept: IdSet) -> bool:
    parent = next(structure.ancestors(id_), None)
    return parent is not None and kept.touches(parent, 1)


class _Undo:
    """A document that remembers what they did to it, but for the elements that shelter others'."""

    def __init__(self, earlier: bytes, edits: Iterable[Edit]) -> None:
        self.doc: pycrdt.Doc[Any] = pycrdt.Doc()
        self.doc.apply_update(earlier)
        names = set(self.doc.keys()).union(*(root_names(edit.update) for edit in edits))
        # To the manager a root is a root, of whatever type.
        roots = [self.doc.get(name, type=pycrdt.XmlFragment) for name in sorted(names)]
        self._manager = pycrdt.UndoManager(scopes=roots)
        self._manager.include_origin(_THEIRS)
        #: Written by them, and not remembered as such.
        self._forgotten = IdSet()

    def take(self, edit: Edit, deeds: _Deeds, kept: IdSet) -> None:
        """Apply an edit."""
        if not edit.is_theirs:
            self.doc.apply_update(edit.update)
            return
        update, deletes = edit.update, list(deleted_spans(edit.update))
        brought = cut_spans(brought_spans(update), deeds.written, marked=True)
        if any(kept.touches(*span) for span in brought):
            self.doc.apply_update(with_deletes(update, ()))
            self._forgotten.add_all(brought)
            update = NOTHING
        with self.doc.transaction(origin=_THEIRS):
            remembered = cut_spans(deletes, self._forgotten, marked=False)
            self.doc.apply_update(with_deletes(update, remembered))
        forgotten = cut_spans(deletes, self._forgotten, marked=True)
        self.doc.apply_update(with_deletes(NOTHING, forgotten))

    def update(self) -> bytes:
        """Return what takes back all that is remembered."""
        updates: list[bytes] = []
        subscription = self.doc.observe(lambda event: updates.append(bytes(event.update)))
        while self._manager.can_undo():
            self._manager.undo()
        self.doc.unobserve(subscription)
        return pycrdt.merge_updates(*updates) if updates else NOTHING
