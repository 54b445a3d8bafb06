"""What an undo would bring back a second time.

An undo writes a copy of what was deleted, directly before the place where it stood. Nothing else
says that it is a copy, so the next undo of the same deletion would write another one.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from apps.crdt.codec.contents import STRING, TYPE
from apps.crdt.codec.structs import (
    Id,
    RawStruct,
    Span,
    read_neighbours,
    read_pieces,
    text_of,
    with_deletes,
)
from apps.crdt.ids.id_set import IdSet, brought_spans, cut_spans, deleted_spans
from apps.crdt.ids.parents import ParentIndex
from apps.crdt.ids.utf16 import Utf16Text


class _Copy(NamedTuple):
    """A run of text, or an element, with all the text that is in it, in no order."""

    kind: int
    id: Id
    text: str


#: Tells whether a struct came after another one had been deleted.
CameAfter = Callable[[Id, Id], bool]


def duplicate_spans(
    update: bytes, *, state: bytes, came_after: CameAfter, hidden: Iterable[Span] = ()
) -> list[Span]:
    """Return the clocks that an undo's ``update`` brings and of which ``state`` has a copy.

    ``state``, a whole one, shows what will be seen beside the update, but for ``hidden``. What
    says the same in the same place and came after the deletion counts as a copy, whoever wrote it.
    """
    gone = IdSet(hidden)
    gone.add_all(deleted_spans(state))
    brought = _copies(update, IdSet())
    known = _copies(state, gone, set(brought))
    repeated = IdSet()
    for right, copies in brought.items():
        for copy in copies:
            others = [each for each in known.get(right, ()) if came_after(each.id, right)]
            if copy.text and any(_says(other, copy) for other in others):
                repeated.add(copy.id, Utf16Text(copy.text).count if copy.kind == STRING else 1)
    return _with_all_inside(update, repeated)


def with_only_these_deletes(update: bytes, deletes: Sequence[Span]) -> bytes | None:
    """Return an update that brings the same and deletes these clocks instead.

    None where it would bring nothing but what it deletes, and delete nothing else.
    """
    brought = list(brought_spans(update))
    stays = cut_spans(brought, IdSet(deletes), marked=False)
    goes = cut_spans(deletes, IdSet(brought), marked=False)
    return with_deletes(update, deletes) if stays or goes else None


def _copies(update: bytes, gone: IdSet, rights: set[Id] | None = None) -> dict[Id, list[_Copy]]:
    """Return what could be copies by what they were put before, if that is one of ``rights``.

    With the text of them that is not gone.
    """
    pieces = list(read_pieces(update))
    found = [(piece, right) for piece in pieces if (right := _right(piece))]
    if rights is not None:
        found = [(piece, right) for piece, right in found if right in rights]
    inside = _texts_inside(update, pieces, found, gone)
    copies: dict[Id, list[_Copy]] = {}
    for piece, right in found:
        id_ = piece.client, piece.clock
        text = inside[id_] if piece.kind == TYPE else _seen_text(piece, gone)
        copies.setdefault(right, []).append(_Copy(piece.kind, id_, text))
    return copies


def _right(piece: RawStruct) -> Id | None:
    """Return what a text or an element was put directly before, if it was."""
    return read_neighbours(piece)[1] if piece.kind in (STRING, TYPE) and piece.content else None


def _texts_inside(
    update: bytes, pieces: Iterable[RawStruct], found: Iterable[tuple[RawStruct, Id]], gone: IdSet
) -> dict[Id, str]:
    """Return the text in each of the elements that were found."""
    texts = {(piece.client, piece.clock): "" for piece, _ in found if piece.kind == TYPE}
    if texts:
        structure = ParentIndex(update)
        for piece in pieces:
            if piece.kind == STRING and piece.content:
                for ancestor in structure.ancestors((piece.client, piece.clock)):
                    if ancestor in texts:
                        texts[ancestor] += _seen_text(piece, gone)
    return texts


def _seen_text(piece: RawStruct, gone: IdSet) -> str:
    units = Utf16Text(text_of(piece))
    id_ = piece.client, piece.clock
    return "".join(
        units.cut(clock - piece.clock, clock - piece.clock + length)
        for (_, clock), length in gone.cut(id_, units.count, marked=False)
    )


def _says(other: _Copy, copy: _Copy) -> bool:
    """Tell whether the other one says the same; to a run of text more may have been typed since."""
    if other.kind != copy.kind:
        return False
    if copy.kind == STRING:
        return copy.text in other.text
    return sorted(copy.text) == sorted(other.text)  # an undo writes the words in no order


def _with_all_inside(update: bytes, repeated: IdSet) -> list[Span]:
    structure = ParentIndex(update)
    spans = list(repeated.spans())
    for struct in structure.structs():
        id_ = struct.client, struct.clock
        if any(repeated.touches(each, 1) for each in structure.ancestors(id_)):
            spans.append((id_, struct.length))
    return spans
