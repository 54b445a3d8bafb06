"""Copy maps of edits that the server makes: which deleted ids each inserted id is a copy of.

An undo of the engine inserts deleted content again and does not tell where it is from. So the edit
is made a second time, of states in which each character and each element name is replaced by the
number of its id: what is inserted then names its source (ADR 0016).
"""

import secrets
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, Final, NamedTuple

import pycrdt

from apps.crdt.analysis.content_ids import Element, iter_content_with_ids
from apps.crdt.codec.contents import ELEMENT, STRING, TYPE
from apps.crdt.codec.copy_map import (
    MAX_COPIED_RANGES,
    CopiedRange,
    copy_map_encode,
    copy_map_join,
)
from apps.crdt.codec.lib0 import encode_var_uint, write_var_string
from apps.crdt.codec.structs import EMPTY_UPDATE, Id, iter_structs, with_deletes
from apps.crdt.codec.update_reader import read_state
from apps.crdt.engine.errors import engine_panics
from apps.crdt.ids.id_set import deleted_spans

#: A number is written in digits of this base, each as one character of the basic plane that is not
#: half of a surrogate pair.
_DIGIT_BASE: Final = 50_000
_FIRST_DIGIT: Final = 0x100

#: Returns an update whose content is encoded, or as it is.
Encode = Callable[[bytes], bytes]
#: Makes an edit of encoded states, by a document with a client id; None where nothing changes.
Make = Callable[[Encode, int], bytes | None]


class MadeEdit(NamedTuple):
    """An edit that the server makes: its v1 update and its copy map."""

    update: bytes
    copies: bytes


def edit_with_copies(make: Make, updates: Sequence[bytes]) -> MadeEdit | None:
    """Return the edit that ``make`` makes, with its copy map; None where nothing changes.

    ``updates`` are the present document: all content that the edit may insert again is in one of
    them. It is made twice, of more than 50,000 ids three times. The engine chooses the order of the
    ids by chance, so the edits are compared in the order of the document.
    """
    client = secrets.randbits(32)
    update = make(_as_it_is, client)
    if update is None:
        return None
    numbers = _IdNumbers(updates)
    digits = []
    for place in numbers.places:
        encode = numbers.encoder(place)
        encoded = make(encode, client) or EMPTY_UPDATE
        digits.append(_digits(_shown(map(encode, updates), encoded, client)))
    runs = _runs(_shown(updates, update, client))
    is_alike = all(len(row) == runs[-1][2] for row in digits) if runs else False
    copies = copy_map_join(numbers.copies(runs, digits, client)) if is_alike else []
    return MadeEdit(update, copy_map_encode(copies[:MAX_COPIED_RANGES]))


def _as_it_is(update: bytes) -> bytes:
    return update


@engine_panics()
def _shown(updates: Iterable[bytes], edit: bytes, client: int) -> bytes:
    """Return the state after an edit that shows all that it inserts."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    for update in updates:
        doc.apply_update(update)
    others = [span for span in deleted_spans(edit) if span[0][0] != client]
    doc.apply_update(with_deletes(edit, others))
    return doc.get_update()


def _runs(state: bytes) -> list[tuple[Id, int, int]]:
    """Return ``(first id, start, end)`` of the content, counted in ids in document order."""
    runs: list[tuple[Id, int, int]] = []
    end = 0
    for node in iter_content_with_ids(state):
        start, end = end, end + (1 if isinstance(node, Element) else node.length)
        runs.append((node.id, start, end))
    return runs


def _digits(state: bytes) -> str:
    """Return the digit of each id of an encoded state, in document order."""
    return "".join(
        chr(_FIRST_DIGIT + int(node.tag)) if isinstance(node, Element) else node.text
        for node in iter_content_with_ids(state)
    )


class _IdNumbers:
    """A number for each id of some updates."""

    def __init__(self, updates: Iterable[bytes]) -> None:
        ends: dict[int, int] = {}
        for update in updates:
            for client, ranges in read_state(update).ranges.items():
                ends[client] = max(ends.get(client, 0), ranges[-1][1])
        self._clients = sorted(ends)
        #: The number of the first id of each client, and at last the number of all ids.
        self._firsts = [0, *accumulate(ends[client] for client in self._clients)]
        self._first_of = dict(zip(self._clients, self._firsts, strict=False))

    @property
    def places(self) -> list[int]:
        """Return the value of each digit that the numbers need."""
        places = [1]
        while places[-1] * _DIGIT_BASE < self._firsts[-1]:
            places.append(places[-1] * _DIGIT_BASE)
        return places

    def encoder(self, place: int) -> Encode:
        """Return what replaces text by one digit of its numbers, and names of elements by them."""
        return lambda update: self._encoded(update, place)

    def _encoded(self, update: bytes, place: int) -> bytes:
        out, copied = bytearray(), 0
        for struct in iter_structs(update):
            first = self._first_of.get(struct.client, 0) + struct.clock
            if struct.kind == STRING:
                out += update[copied : struct.content_start]
                digits = (
                    chr(_FIRST_DIGIT + number // place % _DIGIT_BASE)
                    for number in range(first, first + struct.length)
                )
                write_var_string(out, "".join(digits))
                copied = struct.end
            elif struct.kind == TYPE and update[struct.content_start] == ELEMENT:
                out += update[copied : struct.content_start] + encode_var_uint(ELEMENT)
                write_var_string(out, str(first // place % _DIGIT_BASE))
                copied = struct.end
        return bytes(out + update[copied:])

    def copies(
        self, runs: Iterable[tuple[Id, int, int]], digits: Sequence[str], client: int
    ) -> Iterator[CopiedRange]:
        """Yield the copy of each id of a client; ``digits`` has those of each place."""
        for (owner, clock), start, end in runs:
            for unit in range(start, end) if owner == client else ():
                number = sum(
                    (ord(row[unit]) - _FIRST_DIGIT) * place
                    for row, place in zip(digits, self.places, strict=True)
                )
                if number < self._firsts[-1]:
                    yield CopiedRange(client, clock + unit - start, 1, *self._id(number))

    def _id(self, number: int) -> Id:
        position = bisect_right(self._firsts, number) - 1
        return self._clients[position], number - self._firsts[position]
