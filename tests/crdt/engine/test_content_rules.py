"""The structure of the content: what the editor's binding would throw at is refused, honest is not.

Every form that honest pages write is in the golden histories of Yjs and ProseMirror.
"""

import json
import random
from collections.abc import Sequence
from typing import Any

import pycrdt
import pytest

from apps.crdt.codec.contents import MalformedUpdateError
from apps.crdt.codec.update_reader import read_update
from apps.crdt.codec.vectors import Vector
from apps.crdt.content.conversion import content_convert
from apps.crdt.engine.base import EngineDocument, get_engine
from apps.crdt.engine.causal_gate import advance
from apps.crdt.engine.content_rules import MAX_VALUE_BYTES
from apps.crdt.engine.structure_guard import StructureGuard
from apps.crdt.engine.text import ROOT
from apps.crdt.ids import placement
from tests.crdt.samples import (
    ALL_HISTORIES,
    History,
    item,
    letters,
    load,
    string,
    uints,
    unpack,
    written,
)
from tests.crdt.scribbling import Scribbler

GC, DELETED, BINARY, STRING, EMBED, FORMAT, TYPE, ANY = 0, 1, 3, 4, 5, 6, 7, 8
ARRAY, MAP, TEXT, ELEMENT, FRAGMENT, XML_TEXT = 0, 1, 2, 3, 4, 6


class Guarded:
    """A document behind reader and guard, as a room has it."""

    def __init__(self) -> None:
        self.document: EngineDocument = get_engine("pycrdt").new_document()
        self.guard = StructureGuard()
        self.vector: Vector = {}

    def add(self, update: bytes) -> None:
        """Check an update, then apply it."""
        header = read_update(update)
        self.guard.check(header, update, self.document, self.vector)
        self.document.apply(update)
        self.guard.add(update)
        advance(self.vector, header)

    def add_logged(self, update: bytes) -> None:
        """Apply an update that is in the log."""
        header = read_update(update)
        self.document.apply(update)
        self.guard.add(update, header)
        advance(self.vector, header)


def shared_type(kind: int, **place: Any) -> bytes:
    """Return a shared type."""
    return item(TYPE, uints(kind) + (string("p") if kind == ELEMENT else b""), **place)


def values(*encoded: bytes) -> bytes:
    """Return the content of "any" values."""
    return uints(len(encoded)) + b"".join(encoded)


def mark(name: str, value: str) -> bytes:
    """Return the content of a mark, or of its end."""
    return string(name) + string(value)


#: A paragraph (7, 0), its text (7, 1) with the letters (7, 2) to (7, 4), its attribute (7, 5), and
#: a map (7, 6) with an array (7, 7) in another root.
BASE = written(
    [
        (
            7,
            0,
            [
                shared_type(ELEMENT, parent="default"),
                shared_type(XML_TEXT, parent=(7, 0)),
                letters("abc", parent=(7, 1)),
                item(ANY, values(b"\x7d\x01"), parent=(7, 0), key="level"),
                shared_type(MAP, parent="meta", key="a"),
                shared_type(ARRAY, parent=(7, 6), key="b"),
            ],
        )
    ]
)
ROOT_PLACES: list[dict[str, Any]] = [
    {"parent": "default"},
    {"left": (7, 0)},
    {"right": (7, 0)},
]
ELEMENT_PLACES: list[dict[str, Any]] = [{"parent": (7, 0)}, {"left": (7, 1)}, {"right": (7, 1)}]
TEXT_PLACES: list[dict[str, Any]] = [
    {"parent": (7, 1)},
    {"left": (7, 4)},
    {"left": (7, 2), "right": (7, 3)},
]
CONTENTS: dict[str, tuple[int, bytes]] = {
    "array": (TYPE, uints(ARRAY)),
    "map": (TYPE, uints(MAP)),
    "plain text": (TYPE, uints(TEXT)),
    "fragment": (TYPE, uints(FRAGMENT)),
    "XML text": (TYPE, uints(XML_TEXT)),
    "element": (TYPE, uints(ELEMENT) + string("unknown")),
    "number": (ANY, values(b"\x7d\x01")),
    "bytes": (BINARY, b"\x01b"),
    "letters": (STRING, string("xy")),
    "letter": (STRING, string("x")),
    "embed": (EMBED, string("{}")),
    "mark": (FORMAT, mark("unknown", "{}")),
}
ALLOWED = {
    "root": {"element"},
    "element": {"element", "XML text"},
    "text": {"letters", "letter", "embed", "mark"},
}
PLACES = {"root": ROOT_PLACES, "element": ELEMENT_PLACES, "text": TEXT_PLACES}


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("container", PLACES)
def test_container_holds_only_what_the_binding_can_show(container: str, content: str) -> None:
    """By a written parent or by neighbours, in an update of its own or with the container."""
    kind, encoded = CONTENTS[content]
    for place in PLACES[container]:
        update = written([(8, 0, [item(kind, encoded, **place)])])
        guarded = Guarded()
        guarded.add(BASE)
        if content in ALLOWED[container]:
            guarded.add(update)
            continue
        with pytest.raises(MalformedUpdateError, match=r"holds|different"):
            guarded.add(update)
        together = written([(8, 0, [item(kind, encoded, **place)]), *_structs_of(BASE)])
        with pytest.raises(MalformedUpdateError, match="holds"):
            Guarded().add(together)


def _structs_of(update: bytes) -> list[tuple[int, int, Sequence[bytes]]]:
    """Return the structs of ``BASE`` for ``written``, as one piece."""
    assert update[:3] == b"\x01\x06\x07"
    return [(7, 0, [update[4:-1], *[b""] * 5])]


def test_other_roots_are_free() -> None:
    """Also for what stands in shared types there."""
    guarded = Guarded()
    guarded.add(BASE)
    for client, (kind, encoded) in enumerate(CONTENTS.values(), start=10):
        guarded.add(written([(client, 0, [item(kind, encoded, parent="other")])]))
        guarded.add(
            written([(client, len_of(guarded, client), [item(kind, encoded, parent=(7, 7))])])
        )


def len_of(guarded: Guarded, client: int) -> int:
    """Return the next clock of a client."""
    return guarded.vector[client]


@pytest.mark.parametrize("kind", [ARRAY, MAP, TEXT, ELEMENT, FRAGMENT, XML_TEXT])
def test_attribute_is_no_shared_type(kind: int) -> None:
    """An attribute that is a map once broke the export of its document."""
    guarded = Guarded()
    guarded.add(BASE)
    with pytest.raises(MalformedUpdateError, match="An attribute is a plain value"):
        guarded.add(written([(8, 0, [shared_type(kind, parent=(7, 0), key="a")])]))


ANY_VALUES: dict[str, tuple[bytes, bool]] = {
    "null": (b"\x7e", True),
    "undefined": (b"\x7f", True),
    "text": (b"\x77" + string("x"), True),
    "number": (b"\x7b\x3f\xf8" + bytes(6), True),
    "NaN": (b"\x7b\x7f\xf8" + bytes(6), False),
    "infinity": (b"\x7b\x7f\xf0" + bytes(6), False),
    "small infinity": (b"\x7c\x7f\x80\x00\x00", False),
    "big integer": (b"\x7a" + bytes(7) + b"\x05", False),
    "bytes": (b"\x74\x01b", False),
    "object of an array": (b"\x76\x01\x01k\x75\x01\x78", True),
    "three levels": (b"\x75\x01\x75\x01\x75\x00", False),
    "NaN in an object": (b"\x76\x01\x01k\x7b\x7f\xf8" + bytes(6), False),
    "long": (b"\x77" + string("x" * (MAX_VALUE_BYTES - 10)), True),
    "too long": (b"\x77" + string("x" * MAX_VALUE_BYTES), False),
}


@pytest.mark.parametrize("name", ANY_VALUES)
def test_attribute_is_bounded_json(name: str) -> None:
    """Of an element and of a text, new or in place of another value."""
    value, is_allowed = ANY_VALUES[name]
    for place in (
        {"parent": (7, 0), "key": "new"},
        {"left": (7, 5)},
        {"parent": (7, 1), "key": "a"},
    ):
        update = written([(8, 0, [item(ANY, values(value), **place)])])
        guarded = Guarded()
        guarded.add(BASE)
        if is_allowed:
            guarded.add(update)
        else:
            with pytest.raises(MalformedUpdateError):
                guarded.add(update)


@pytest.mark.parametrize(
    ("value", "is_allowed"),
    [
        ("null", True),
        ('{"href": "x", "rel": null}', True),
        ('{"a": [1]}', True),
        ('{"a": [[1]]}', False),
        ("1e999", False),
        (json.dumps("x" * MAX_VALUE_BYTES), False),
    ],
)
@pytest.mark.parametrize("kind", [FORMAT, EMBED])
def test_marks_and_embeds_are_bounded_json(kind: int, value: str, is_allowed: bool) -> None:
    """In a text of the content; the reader has checked that they are JSON."""
    content = mark("bold", value) if kind == FORMAT else string(value)
    update = written([(8, 0, [item(kind, content, left=(7, 2), right=(7, 3))])])
    guarded = Guarded()
    guarded.add(BASE)
    if is_allowed:
        guarded.add(update)
    else:
        with pytest.raises(MalformedUpdateError):
            guarded.add(update)


def test_item_in_what_is_no_shared_type_is_refused() -> None:
    """The engine breaks, and its document must be loaded again."""
    guarded = Guarded()
    guarded.add(BASE)
    for parent in ((7, 2), (7, 5)):
        with pytest.raises(MalformedUpdateError, match="no shared type"):
            guarded.add(written([(8, 0, [letters("x", parent=parent)])]))


def test_neighbours_of_different_places_are_refused() -> None:
    """Left in a text, right in the root."""
    guarded = Guarded()
    guarded.add(BASE)
    with pytest.raises(MalformedUpdateError, match="different places"):
        guarded.add(written([(8, 0, [letters("x", left=(7, 2), right=(7, 0))])]))


#: A text in a list, a text in a map, and letters that begin with the clock of the first one and are
#: in the second one. The engine dies when it encodes the document later.
DIES = [
    bytes.fromhex("010101000701046c6973740600"),
    bytes.fromhex(
        "02020300040107636f6e74656e740e68656c6c6f20776f726c642062630032018580808008002701046d657461"
        "056c6576656c0600"
    ),
    bytes.fromhex("010101000400858080800800047272727200"),
]


def test_struct_whose_known_clocks_are_elsewhere_is_refused() -> None:
    """The engine would link them to each other, and free one parent with the other's items."""
    guarded = Guarded()
    for update in DIES[:2]:
        guarded.add(update)
    with pytest.raises(MalformedUpdateError, match="different places"):
        guarded.add(DIES[2])


def test_struct_whose_first_clocks_are_known_is_accepted() -> None:
    """As a client sends them that has joined its letters meanwhile."""
    for place in ({"parent": "content"}, {"parent": (7, 1)}, {"left": (7, 3), "right": (7, 4)}):
        guarded = Guarded()
        guarded.add(BASE)
        guarded.add(written([(8, 0, [letters("ab", **place)])]))
        guarded.add(written([(8, 0, [letters("abcd", **place)])]))
        guarded.add(written(deletes=[(7, [(0, 1)])]))
        guarded.add(written([(8, 0, [letters("abcdef", **place)])]))
        rebuilt = Guarded()
        rebuilt.add_logged(guarded.document.encode())
        rebuilt.add(written([(8, 0, [letters("abcdefgh", **place)])]))


def test_edits_in_what_others_have_deleted_are_accepted() -> None:
    """They come from people who have not seen the delete; nobody sees them."""
    guarded = Guarded()
    guarded.add(BASE)
    guarded.add(written(deletes=[(7, [(0, 1)])]))
    rebuilt = Guarded()
    rebuilt.add_logged(guarded.document.encode())
    for one in (guarded, rebuilt):
        one.add(written([(8, 0, [letters("xy", left=(7, 4))])]))
        one.add(written([(9, 0, [shared_type(XML_TEXT, parent=(7, 0))])]))
        one.add(written([(9, 1, [shared_type(ELEMENT, left=(7, 0))])]))


def test_content_of_an_older_log_is_loaded_and_stays() -> None:
    """Only the gate refuses it; elements beside it are accepted."""
    guarded = Guarded()
    guarded.add_logged(written([(1, 0, [shared_type(ARRAY, parent="default")])]))
    guarded.add(written([(2, 0, [shared_type(ELEMENT, left=(1, 0))])]))
    guarded.add(written([(2, 1, [item(ANY, values(b"\x78"), parent=(1, 0))])]))


# --- honest people --------------------------------------------------------------------------------


@pytest.mark.parametrize("history", ALL_HISTORIES, ids=lambda one: one.name)
def test_no_golden_history_is_refused(history: History) -> None:
    """Update by update, and as one state."""
    guarded = Guarded()
    for update in history.updates:
        guarded.add(update)
    Guarded().add(history.state)


def test_no_document_of_real_pages_is_refused() -> None:
    """What Tiptap and y-prosemirror write."""
    for name in ("page", "written", "edited"):
        Guarded().add(unpack(load("prosemirror")[name]["state"]))


@pytest.mark.parametrize("seed", range(5))
def test_no_scribbling_of_three_is_refused(seed: int) -> None:
    """Elements, texts, marks, attributes, maps, lists and deletes, with states that overlap."""
    guarded = Guarded()
    for state in Scribbler(random.Random(seed)).write(150):
        guarded.add(state)


@pytest.mark.parametrize("kind", ["md", "html"])
def test_no_import_is_refused(kind: str) -> None:
    """Headings, lists, tables, code, links."""
    text = "# A\n\n- *b* **c**\n\n[d](https://e.org)\n\n|f|g|\n|-|-|\n|h|i|\n\n```js\nj\n```\n"
    html = "<h1>A</h1><ul><li><b>c</b></li></ul><table><tr><td>f</td></tr></table>"
    update = content_convert(text if kind == "md" else html, kind).update
    assert update is not None
    Guarded().add(update)


def test_honest_edits_after_half_an_emoji_are_not_refused() -> None:
    """The engine counts ids wrongly from then on, so an index of its state is not believed."""
    guarded = Guarded()
    emoji = letters("\N{GRINNING FACE}", parent="content")
    guarded.add_logged(written([(1, 0, [emoji])], [(1, [(1, 1)])]))
    rest = [shared_type(ELEMENT, parent="default"), shared_type(XML_TEXT, parent=(1, 2))]
    guarded.add_logged(written([(1, 2, [*rest, letters("abc", parent=(1, 3))])]))
    guarded.add(written([(2, 0, [letters("xy", left=(1, 4), right=(1, 5))])]))
    guarded.add(written([(2, 2, [item(ANY, values(b"\x78"), parent=(1, 2), key="a")])]))


def test_root_of_the_rules_is_that_of_the_content() -> None:
    """The index may not import the engine."""
    assert string(ROOT) == placement.CONTENT_ROOT
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.get(ROOT, type=pycrdt.XmlFragment).children.append(pycrdt.XmlElement("paragraph"))
    Guarded().add(doc.get_update())
