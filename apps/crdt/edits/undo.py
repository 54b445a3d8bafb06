"""The update that undoes what one author did since an earlier state, and leaves others' content.

What the author inserted is deleted, and what the author deleted is inserted again, as one undo in
the author's editor would do. Exception: an element that the author inserted and that holds content
of others stays, with its attributes.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import pycrdt

from apps.crdt.codec.contents import ANY, EMBED, STRING, TYPE
from apps.crdt.codec.structs import EMPTY_UPDATE, Id, Span, root_names, with_deletes
from apps.crdt.edits.copied_ids import Encode, MadeEdit, edit_with_copies
from apps.crdt.edits.duplicate_inserts import duplicate_spans, with_only_these_deletes
from apps.crdt.engine.errors import engine_panics
from apps.crdt.ids.id_ranges import NO_VALUE
from apps.crdt.ids.id_set import IdSet, deleted_spans, inserted_spans, spans_in, spans_not_in
from apps.crdt.ids.parents import ParentIndex

#: Kinds of visible content, and of elements.
_CONTENT: Final = frozenset({STRING, EMBED, TYPE})
#: The transaction origin that the undo manager tracks.
_AUTHOR: Final = "author"


class Edit(NamedTuple):
    """An update of the log, and whether the author to undo made it."""

    update: bytes
    is_by_author: bool


def undoing_edit(*, earlier: bytes, edits: Sequence[Edit]) -> MadeEdit | None:
    """Return ``undoing_update`` with its copy map."""

    def make(encode: Encode, client_id: int) -> bytes | None:
        encoded = [edit._replace(update=encode(edit.update)) for edit in edits]
        return undoing_update(earlier=encode(earlier), edits=encoded, client_id=client_id)

    return edit_with_copies(make, [earlier, *(edit.update for edit in edits)])


@engine_panics()
def undoing_update(
    *, earlier: bytes, edits: Iterable[Edit], client_id: int | None = None
) -> bytes | None:
    """Return the v1 update that undoes the author's ``edits``; None if there is nothing to undo.

    ``earlier`` is the whole state before the first edit, ``edits`` are all edits since, of every
    author, in the log's order. The update applies to the state after the last edit. What it inserts
    has the client id ``client_id``, a random one if it is None.
    """
    edits = list(edits)
    changes = _AuthorChanges(earlier, edits)
    shown = _state_without_deletes(earlier, edits, changes)
    kept = _elements_with_foreign_content(shown, changes.inserted)
    undo = _Undo(earlier, edits, client_id)
    for edit in edits:
        undo.apply(edit, changes, kept)
    present = IdSet(deleted_spans(undo.doc.get_update()))
    update = undo.update()
    deletes = [span for span in deleted_spans(update) if span[0][0] == undo.doc.client_id]
    deletes += duplicate_spans(
        update, state=shown, came_after=changes.came_after, hidden=changes.inserted.spans()
    )
    deletes += spans_not_in(spans_not_in(changes.inserted.spans(), present), kept)
    return with_only_these_deletes(update, deletes)


class _AuthorChanges:
    """Structs that the author inserted, and content of others that the author deleted first."""

    def __init__(self, earlier: bytes, edits: Iterable[Edit]) -> None:
        self.inserted = IdSet()
        self.deleted = IdSet()
        #: By the index of the edit, from 1; 0 for ids of the earlier state.
        self._inserted_by = IdSet(inserted_spans(earlier))
        self._deleted_by = IdSet(deleted_spans(earlier))
        for index, edit in enumerate(edits, 1):
            inserted = _add_new(inserted_spans(edit.update), self._inserted_by, index)
            deleted = _add_new(deleted_spans(edit.update), self._deleted_by, index)
            if edit.is_by_author:
                self.inserted.add_spans(inserted)
                self.deleted.add_spans(spans_not_in(deleted, self.inserted))

    def came_after(self, copy: Id, original: Id) -> bool:
        """Return whether ``copy`` was inserted after ``original`` had been deleted."""
        return self._inserted_by.value(copy) > self._deleted_by.value(original) != NO_VALUE


def _add_new(spans: Iterable[Span], known: IdSet, index: int) -> list[Span]:
    """Add to ``known`` what it does not have yet, and return it."""
    new = spans_not_in(spans, known)
    known.add_spans(new, index)
    return new


def _state_without_deletes(earlier: bytes, edits: Iterable[Edit], changes: _AuthorChanges) -> bytes:
    """Return the present state as if the author had deleted nothing of others' content."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    with doc.transaction():
        doc.apply_update(earlier)
        for edit in edits:
            spans = spans_not_in(deleted_spans(edit.update), changes.deleted)
            doc.apply_update(with_deletes(edit.update, spans))
    return doc.get_update()


def _elements_with_foreign_content(state: bytes, inserted: IdSet) -> IdSet:
    """Return the author's elements that hold visible content of others, with their attributes."""
    parents = ParentIndex(state)
    deleted = IdSet(deleted_spans(state))
    kept = IdSet()
    for struct in parents.structs():
        if struct.kind in _CONTENT and spans_not_in(spans_not_in([struct.span], inserted), deleted):
            for ancestor in parents.ancestors(struct.id):
                if inserted.contains_any(ancestor, 1):
                    kept.add(ancestor, 1)
    for struct in parents.structs():
        if struct.kind == ANY and _has_parent_in(kept, parents, struct.id):
            kept.add(*struct.span)
    return kept


def _has_parent_in(ids: IdSet, parents: ParentIndex, id_: Id) -> bool:
    parent = next(parents.ancestors(id_), None)
    return parent is not None and ids.contains_any(parent, 1)


class _Undo:
    """A document whose undo manager tracks the author's changes, except those of kept elements."""

    def __init__(self, earlier: bytes, edits: Iterable[Edit], client_id: int | None) -> None:
        self.doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=client_id)
        self.doc.apply_update(earlier)
        names = set(self.doc.keys()).union(*(root_names(edit.update) for edit in edits))
        # The undo manager accepts a root of any type as a fragment.
        roots = [self.doc.get(name, type=pycrdt.XmlFragment) for name in sorted(names)]
        self._manager = pycrdt.UndoManager(scopes=roots)
        self._manager.include_origin(_AUTHOR)
        #: Inserted by the author, and not tracked.
        self._untracked = IdSet()

    def apply(self, edit: Edit, changes: _AuthorChanges, kept: IdSet) -> None:
        """Apply an edit; track it if it is the author's and inserts no kept element."""
        if not edit.is_by_author:
            self.doc.apply_update(edit.update)
            return
        update, deletes = edit.update, list(deleted_spans(edit.update))
        inserted = spans_in(inserted_spans(update), changes.inserted)
        if any(kept.contains_any(*span) for span in inserted):
            self.doc.apply_update(with_deletes(update, ()))
            self._untracked.add_spans(inserted)
            update = EMPTY_UPDATE
        with self.doc.transaction(origin=_AUTHOR):
            tracked = spans_not_in(deletes, self._untracked)
            self.doc.apply_update(with_deletes(update, tracked))
        untracked = spans_in(deletes, self._untracked)
        self.doc.apply_update(with_deletes(EMPTY_UPDATE, untracked))

    def update(self) -> bytes:
        """Undo all that is tracked, and return the update that does it."""
        updates: list[bytes] = []
        subscription = self.doc.observe(lambda event: updates.append(bytes(event.update)))
        while self._manager.can_undo():
            self._manager.undo()
        self.doc.unobserve(subscription)
        return pycrdt.merge_updates(*updates) if updates else EMPTY_UPDATE
