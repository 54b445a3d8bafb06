"""What an undo would bring back a second time.

An undo writes a copy of what was deleted, directly before the place where it stood. Nothing else
says that it is a copy, so the next undo of the same deletion would write another one.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from apps.crdt.codec.contents import STRING, TYPE
from apps.crdt.codec.structs import Id, RawStruct, Span, iter_structs, with_deletes
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
    structs = list(iter_structs(update))
    found = [(struct, right) for struct in structs if (right := _right(struct))]
    if rights is not None:
        found = [(struct, right) for struct, right in found if right in rights]
    inside = _texts_inside(update, structs, found, gone)
    copies: dict[Id, list[_Copy]] = {}
    for struct, right in found:
        text = inside[struct.id] if struct.kind == TYPE else _seen_text(struct, gone)
        copies.setdefault(right, []).append(_Copy(struct.kind, struct.id, text))
    return copies


def _right(struct: RawStruct) -> Id | None:
    """Return what a text or an element was put directly before, if it was."""
    return struct.origins[1] if struct.kind in (STRING, TYPE) else None


def _texts_inside(
    update: bytes, structs: Iterable[RawStruct], found: Iterable[tuple[RawStruct, Id]], gone: IdSet
) -> dict[Id, str]:
    """Return the text in each of the elements that were found."""
    texts = {struct.id: "" for struct, _ in found if struct.kind == TYPE}
    if texts:
        parents = ParentIndex(update)
        for struct in structs:
            if struct.kind == STRING:
                for ancestor in parents.ancestors(struct.id):
                    if ancestor in texts:
                        texts[ancestor] += _seen_text(struct, gone)
    return texts


def _seen_text(struct: RawStruct, gone: IdSet) -> str:
    units = Utf16Text(struct.text)
    return "".join(
        units.cut(clock - struct.clock, clock - struct.clock + length)
        for (_, clock), length in gone.cut(struct.id, units.count, marked=False)
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
