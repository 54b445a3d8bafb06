"""A grammar of odd but valid Yjs updates: what no honest client writes, and the format allows.

Each update is built from structs, not mutated from bytes: items under keys and beside them, embeds,
formats, garbage, gaps, nested types, halves of surrogate pairs, origins that are no neighbours,
deletes of anything, several clients in one update. Pure; a seed makes the same document again.
"""

import json
import random
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from apps.core.errors import InvalidInputError
from apps.crdt.codec.contents import ANY, BINARY, DELETED, EMBED, FORMAT, STRING, TYPE
from apps.crdt.codec.update_reader import read_update
from apps.crdt.engine.content_rules import check_content
from apps.crdt.ids.containers import ContainerIndex
from tests.crdt.samples import Id, item, string, uints, written

#: Root types by name, with the shared type that a reader of the document takes each for.
ROOTS: Final = {"default": "xml", "content": "text", "meta": "map", "list": "array"}
#: Shared types by the number that Yjs writes: array, map, text, element, fragment, XML text.
ARRAY, MAP, TEXT, ELEMENT, FRAGMENT, XML_TEXT = 0, 1, 2, 3, 4, 6
NO_TYPE: Final = -1

#: Words of a text; the later ones have characters of two UTF-16 units, which an origin may cut.
WORDS: Final = ("a", "bc", "word ", "hello world ", "\N{GRINNING FACE}", "x\N{GRINNING FACE}y", "ß")
TAGS: Final = ("paragraph", "heading", "bulletList", "listItem", "blockquote", "drawing", "")
KEYS: Final = ("level", "a", "b", "constructor", "__proto__", "")
MARKS: Final = ("bold", "italic", "link", "glow", "comment--abcdefgh")
JSON_VALUES: Final[tuple[Any, ...]] = (
    {},
    None,
    True,
    1,
    1e300,
    "x",
    [],
    [1, [2]],
    {"href": "javascript:x"},
)
#: Values of lib0's "any" encoding: null, undefined, integers, floats (NaN and infinite ones too),
#: a big integer, booleans, a text, bytes, an object, an array.
ANY_VALUES: Final = (
    *(b"\x7e", b"\x7f", b"\x7d\x01", b"\x7d\x41", b"\x7b" + b"\x7f\xf8" + bytes(6)),
    *(b"\x7b\x7f\xf0" + bytes(6), b"\x7b\x3f\xf8" + bytes(6), b"\x7c\x3f\xc0\x00\x00"),
    *(b"\x7a" + bytes(7) + b"\x05", b"\x78", b"\x79", b"\x77\x01v", b"\x74\x01b"),
    *(b"\x76\x01\x01k\x7d\x01", b"\x75\x02\x78\x79", b"\x75\x01\x75\x01\x75\x00"),
)
#: Clients that write in turns; a gap or a refused update takes a client of its own.
CLIENTS: Final = (1, 2, 3, 2**31 + 5, 2**32 - 1, 2**53 - 1)


class Struct(NamedTuple):
    """A struct that the document may have, with its container as far as the grammar knows it."""

    client: int
    clock: int
    length: int
    kind: int
    parent: Id | str
    key: str | None

    def id_at(self, offset: int) -> Id:
        """Return the id of one of its clocks."""
        return self.client, self.clock + offset

    @property
    def last(self) -> Id:
        """Return the id of its last clock."""
        return self.client, self.clock + self.length - 1


class _Place(NamedTuple):
    """Where an item stands: the arguments of ``samples.item``, and its container."""

    arguments: dict[str, Any]
    parent: Id | str
    key: str | None


class UpdateGrammar:
    """Writes the updates of one document. ``oddness`` is the share of places no client writes."""

    def __init__(self, chance: random.Random, *, oddness: float = 0.4) -> None:
        self._chance = chance
        self._oddness = oddness
        self._ends: dict[int, int] = {}
        self._structs: list[Struct] = []
        self._types: list[tuple[Id | str, int]] = []
        self._strangers = 100
        self._index = ContainerIndex()
        #: The client and the length of a gap that was written and not filled.
        self._gap = (0, 0)
        #: Of the update that is being written: its structs in bytes, and what they add.
        self._written: dict[int, tuple[int, list[bytes]]] = {}
        self._new: list[Struct] = []

    def update(self) -> bytes:
        """Return the next update; one that reader or guard refuse leaves no trace here."""
        kept = (dict(self._ends), len(self._structs), len(self._types))
        self._written, self._new = {}, []
        chance = self._chance
        roll = chance.random()
        if roll < 0.05:
            update = self._repeated()
        elif roll < 0.1 and self._structs:
            update = self._deletes_only()
        elif roll < 0.12:
            update = self._with_gap()
        else:
            clients = self._clients()
            for _ in range(chance.choice((1, 1, 2, 3, 6))):
                self._write_struct(chance.choice(clients))
            update = self._encoded(self._deletes(0.15))
        if self._is_refused(update):
            self._ends, structs, types = kept
            del self._structs[structs:], self._types[types:]
        else:
            self._index.add(update)
        return update

    def _is_refused(self, update: bytes) -> bool:
        """Return whether later updates had better not refer to an update."""
        try:
            read_update(update)
            for placement, container in self._index.containers(update):
                check_content(update, placement, container)
        except InvalidInputError:
            return True
        return False

    # --- the parts of an update ---

    def _clients(self) -> list[int]:
        chance = self._chance
        clients = chance.sample(CLIENTS, chance.choice((1, 1, 1, 2, 3)))
        if chance.random() < 0.3:
            self._strangers += 1
            clients.append(self._strangers)
        return clients

    def _write_struct(self, client: int) -> None:
        chance = self._chance
        roll = chance.random()
        if roll < 0.04:
            length = chance.choice((1, 2, 50, 5_000))
            self._add(Struct(client, self._end(client), length, 0, "", None), uints(0, length))
        else:
            kind, length, content = chance.choice(_CONTENTS)(chance)
            type_ = content[0] if kind == TYPE else NO_TYPE
            odd = chance.random() < self._oddness
            place = self._odd_place() if odd else self._place(kind, type_)
            struct = Struct(client, self._end(client), length, kind, place.parent, place.key)
            self._add(struct, item(kind, content, **place.arguments))
            if kind == TYPE:
                self._types.append((struct.id_at(0), content[0]))

    def _with_gap(self) -> bytes:
        """Return a struct, a gap and a struct; or what was in the gap of the one before."""
        client, length = self._gap
        if length:
            self._gap = (0, 0)
            left = (client, 0)
            return written([(client, 1, [item(STRING, string("g" * length), left=left)])])
        self._strangers += 1
        self._gap = client, length = self._strangers, self._chance.randint(1, 3)
        first, behind = (item(STRING, string(one), parent="content") for one in "st")
        return written([(client, 0, [first, b"\x0a" + uints(length), behind])])

    def _add(self, struct: Struct, encoded: bytes) -> None:
        first, structs = self._written.setdefault(struct.client, (struct.clock, []))
        structs.append(encoded)
        self._written[struct.client] = (first, structs)
        self._ends[struct.client] = struct.clock + struct.length
        self._structs.append(struct)

    def _end(self, client: int) -> int:
        return self._ends.get(client, 0)

    def _encoded(self, deletes: dict[int, list[tuple[int, int]]]) -> bytes:
        structs = [(client, first, own) for client, (first, own) in self._written.items()]
        self._chance.shuffle(structs)
        return written(structs, list(deletes.items()))

    def _deletes(self, share: float) -> dict[int, list[tuple[int, int]]]:
        """Return deletes of whole structs, of parts of them and of several at once."""
        chance = self._chance
        deletes: dict[int, list[tuple[int, int]]] = {}
        for struct in chance.sample(self._structs, min(len(self._structs), 8)):
            if chance.random() > share:
                continue
            first = chance.randrange(struct.length)
            length = chance.randint(1, struct.length - first)
            if chance.random() < 0.02:
                length += chance.randint(1, 5)
            deletes.setdefault(struct.client, []).append((struct.clock + first, length))
        return deletes

    def _deletes_only(self) -> bytes:
        return written(deletes=list(self._deletes(0.8).items()))

    def _repeated(self) -> bytes:
        """Return an update that begins with clocks that the document has, with other content."""
        client = self._chance.choice(CLIENTS)
        end = self._end(client)
        back = self._chance.randint(0, min(end, 4))
        length = back + self._chance.randint(1, 3)
        place = self._place(STRING)
        self._ends[client] = end - back
        struct = Struct(client, end - back, length, STRING, place.parent, place.key)
        self._add(struct, item(STRING, string("r" * length), **place.arguments))
        return self._encoded({})

    # --- places ---

    def _place(self, kind: int, type_: int = NO_TYPE) -> _Place:
        """Return a place that an honest client might write."""
        chance = self._chance
        parent, around = self._parent_for(kind, type_)
        if around == MAP or (around == ELEMENT and kind == ANY):
            return self._keyed(parent)
        siblings = [one for one in self._structs if one.parent == parent and one.key is None]
        if not siblings:
            return _Place({"parent": parent}, parent, None)
        left = chance.choice(siblings[-6:])
        offset = chance.randrange(left.length)
        if offset + 1 < left.length:
            arguments = {"left": left.id_at(offset), "right": left.id_at(offset + 1)}
            return _Place(arguments, parent, None)
        return _Place({"left": left.last}, parent, None)

    def _parent_for(self, kind: int, type_: int) -> tuple[Id | str, int]:
        """Return a parent, and its shared type, in which Yjs would put such content."""
        xml_texts = [one for one in self._types if one[1] == XML_TEXT]
        elements = [one for one in self._types if one[1] == ELEMENT]
        maps_and_lists: list[tuple[Id | str, int]] = [("meta", MAP), ("list", ARRAY)]
        maps_and_lists += [one for one in self._types if one[1] in (MAP, ARRAY)]
        if kind in (STRING, EMBED, FORMAT):
            return self._chance.choice([*xml_texts[-3:], ("content", TEXT)])
        if type_ == ELEMENT or (type_ == XML_TEXT and elements):
            root: list[tuple[Id | str, int]] = [("default", FRAGMENT)] * (type_ == ELEMENT)
            return self._chance.choice([*root, *elements[-3:]])
        return self._chance.choice([*(elements[-2:] if kind == ANY else []), *maps_and_lists[-3:]])

    def _keyed(self, parent: Id | str) -> _Place:
        """Return the place of an attribute or a value: under a key, behind the value before it."""
        key = self._chance.choice(KEYS)
        before = [one for one in self._structs if (one.parent, one.key) == (parent, key)]
        if before:
            return _Place({"left": before[-1].last}, parent, key)
        return _Place({"parent": parent, "key": key}, parent, key)

    def _odd_place(self) -> _Place:
        """Return a place that no client writes, of which the format says nothing."""
        chance = self._chance
        if not self._structs or chance.random() < 0.2:
            parents = [*ROOTS, *(one[0] for one in self._types[-5:])]
            parents += [one.id_at(0) for one in self._structs[-3:]]
            parent = chance.choice(parents)
            key = chance.choice((None, *KEYS))
            return _Place({"parent": parent, "key": key}, parent, key)
        left = chance.choice(self._structs)
        right = chance.choice((left, chance.choice(self._structs)))
        left_id = left.id_at(chance.randrange(left.length))
        right_id = right.id_at(chance.randrange(right.length))
        arguments = chance.choice(
            (
                {"left": left_id},
                {"right": right_id},
                {"left": left_id, "right": right_id},
                {"left": left_id, "right": left_id},
            )
        )
        return _Place(arguments, left.parent, left.key)


# --- contents: kind, length in clocks, bytes ------------------------------------------------------

_Content = tuple[int, int, bytes]


def _letters(chance: random.Random) -> _Content:
    words = "".join(chance.choices(WORDS, k=chance.choice((1, 1, 2, 4))))
    return STRING, len(words.encode("utf-16-le")) // 2, string(words)


def _embed(chance: random.Random) -> _Content:
    return EMBED, 1, string(json.dumps(chance.choice(JSON_VALUES)))


def _format(chance: random.Random) -> _Content:
    value = json.dumps(chance.choice(JSON_VALUES))
    return FORMAT, 1, string(chance.choice(MARKS)) + string(value)


def _values(chance: random.Random) -> _Content:
    values = chance.choices(ANY_VALUES, k=chance.choice((1, 1, 1, 2, 3)))
    return ANY, len(values), uints(len(values)) + b"".join(values)


def _deleted(chance: random.Random) -> _Content:
    length = chance.choice((1, 2, 3, 1_000))
    return DELETED, length, uints(length)


def _binary(chance: random.Random) -> _Content:
    return BINARY, 1, uints(2) + chance.randbytes(2)


def _element(chance: random.Random) -> _Content:
    return TYPE, 1, uints(ELEMENT) + string(chance.choice(TAGS))


def _xml_text(_chance: random.Random) -> _Content:
    return TYPE, 1, uints(XML_TEXT)


def _other_type(chance: random.Random) -> _Content:
    return TYPE, 1, uints(chance.choice((ARRAY, MAP, TEXT, FRAGMENT)))


#: Each content as often as it stands here.
_CONTENTS: Final[tuple[Callable[[random.Random], _Content], ...]] = (
    *(_letters,) * 6,
    *(_element,) * 3,
    *(_xml_text,) * 3,
    *(_format,) * 2,
    *(_values,) * 3,
    *(_embed, _deleted, _binary, _other_type),
)


def odd_document(seed: int) -> list[bytes]:
    """Return the updates of one odd document."""
    chance = random.Random(seed)
    grammar = UpdateGrammar(chance, oddness=chance.choice((0.05, 0.2, 0.6)))
    return [grammar.update() for _ in range(chance.choice((3, 8, 20)))]
