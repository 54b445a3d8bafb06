"""Fragments of a document, named by the id ranges of their elements and text."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from apps.core.errors import InvalidInputError
from apps.crdt.codec.structs import Id, Span
from apps.crdt.codec.update_reader import MAX_CLOCK
from apps.crdt.ids.id_set import IdSet, spans_in
from apps.crdt.ids.parents import ParentIndex

_SPAN: Final = re.compile(r"(\d{1,16})-(\d{1,10})-(\d{1,10})")


class FragmentInvalidError(InvalidInputError):
    """The name of a fragment is malformed."""

    code = "bad_part"


def fragment_encode(spans: Iterable[Span]) -> str:
    """Return a fragment's name: its id ranges as ``client-clock-length``, joined by commas."""
    return ",".join(f"{client}-{clock}-{length}" for (client, clock), length in spans)


def fragment_decode(name: str) -> list[Span]:
    """Return the id ranges that a fragment's name has. Raises ``FragmentInvalidError``."""
    spans = [_span(text) for text in name.split(",")]
    if any(clock + length > MAX_CLOCK or not length for (_, clock), length in spans):
        raise FragmentInvalidError("A part has clocks that no document has. Take it from a diff.")
    return spans


def _span(text: str) -> Span:
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise FragmentInvalidError("A part is named as client-clock-units. Take it from a diff.")
    return (int(found[1]), int(found[2])), int(found[3])


def fragment_expand(state: bytes, spans: Iterable[Span]) -> IdSet:
    """Return a fragment with the content of its elements, and with the elements around it.

    ``state`` is a whole state that shows the fragment.
    """
    named = IdSet(spans)
    whole = IdSet(named.spans())
    parents = ParentIndex(state)
    #: Whether the fragment has an element or any of the elements around it.
    is_inside: dict[Id, bool] = {}
    for struct in parents.structs():
        ancestors = list(parents.ancestors(struct.id))
        if named.contains_any(*struct.span):
            for ancestor in ancestors:
                whole.add(ancestor, 1)
        elif ancestors:
            parent = ancestors[0]
            if parent not in is_inside:
                is_inside[parent] = any(named.contains_any(id_, 1) for id_ in ancestors)
            if is_inside[parent]:
                whole.add(*struct.span)
    return whole


def fragment_late(state: bytes, spans: Sequence[Span], whole: IdSet) -> list[Span]:
    """Return those of some id ranges that are inside an element of an expanded fragment."""
    if not spans:
        return []
    late, parents = IdSet(spans), ParentIndex(state)
    inside = [
        struct.span
        for struct in parents.structs()
        if late.contains_any(*struct.span)
        and any(whole.contains_any(ancestor, 1) for ancestor in parents.ancestors(struct.id))
    ]
    return spans_in(inside, late)
