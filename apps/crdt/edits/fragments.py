"""A part of a document, named by the clocks of its elements and letters, and what belongs to it."""

import re
from collections.abc import Iterable
from typing import Final

from apps.core.errors import InvalidInputError
from apps.crdt.codec.structs import Id, Span
from apps.crdt.codec.update_reader import MAX_CLOCK
from apps.crdt.ids.id_set import IdSet
from apps.crdt.ids.parents import ParentIndex

_SPAN: Final = re.compile(r"(\d{1,16})-(\d{1,10})-(\d{1,10})")


class FragmentInvalidError(InvalidInputError):
    """What should name a part of a document does not."""

    code = "bad_part"


def fragment_encode(spans: Iterable[Span]) -> str:
    """Return the name of a part: its spans as ``client-clock-units``, with commas between."""
    return ",".join(f"{client}-{clock}-{units}" for (client, clock), units in spans)


def fragment_decode(name: str) -> list[Span]:
    """Return the spans of a part. Raises ``FragmentInvalidError``."""
    spans = [_span(each) for each in name.split(",")]
    if any(clock + units > MAX_CLOCK or not units for (_, clock), units in spans):
        raise FragmentInvalidError("A part has clocks that no document has. Take it from a diff.")
    return spans


def _span(text: str) -> Span:
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise FragmentInvalidError("A part is named as client-clock-units. Take it from a diff.")
    return (int(found[1]), int(found[2])), int(found[3])


def fragment_whole(state: bytes, spans: Iterable[Span]) -> IdSet:
    """Return a part with all that stands in its elements, and with the elements that it stands in.

    ``state`` is a whole state that shows the part.
    """
    named = IdSet(spans)
    whole = IdSet(named.spans())
    structure = ParentIndex(state)
    inside: dict[Id, bool] = {}
    for struct in structure.structs():
        id_ = struct.client, struct.clock
        ancestors = list(structure.ancestors(id_))
        if named.touches(id_, struct.length):
            for ancestor in ancestors:
                whole.add(ancestor, 1)
        elif ancestors:
            if ancestors[0] not in inside:
                inside[ancestors[0]] = any(named.touches(each, 1) for each in ancestors)
            if inside[ancestors[0]]:
                whole.add(id_, struct.length)
    return whole
