"""The lazy reader of structs: id ranges, origins, parents and contents of an update."""

import pytest

from apps.crdt.codec.contents import ANY, STRING, TYPE
from apps.crdt.codec.lib0 import encode_var_uint
from apps.crdt.codec.structs import (
    EMPTY_UPDATE,
    GC,
    SKIP,
    iter_structs,
    root_names,
    structs_by_client,
    with_deletes,
)
from apps.crdt.codec.update_reader import inserted_text, read_update
from tests.crdt.samples import ALL_HISTORIES, History, item, letters, string, written

MANY = 300
UPDATE = written(
    [
        (
            MANY,
            2,
            [
                letters("a😀", parent="root"),
                letters("b", left=(MANY, 4)),
                letters("c", right=(7, 0)),
                letters("d", left=(MANY, 5), right=(7, 1)),
            ],
        ),
        (
            7,
            0,
            [
                item(TYPE, b"\x03" + string("paragraph"), parent="default"),
                item(ANY, b"\x01\x78", parent=(7, 0), key="checked"),
                bytes((GC,)) + encode_var_uint(MANY),
                bytes((SKIP,)) + encode_var_uint(5),
                letters("é", parent=(7, 0)),
            ],
        ),
    ],
    [(7, [(0, 2)])],
)


def test_structs_have_ids_lengths_and_kinds() -> None:
    """In the update's order, a length in UTF-16 units for text."""
    assert [(struct.span, struct.kind) for struct in iter_structs(UPDATE)] == [
        (((MANY, 2), 3), STRING),
        (((MANY, 5), 1), STRING),
        (((MANY, 6), 1), STRING),
        (((MANY, 7), 1), STRING),
        (((7, 0), 1), TYPE),
        (((7, 1), 1), ANY),
        (((7, 2), MANY), GC),
        (((7, 302), 5), SKIP),
        (((7, 307), 1), STRING),
    ]


def test_structs_have_origins_or_a_parent() -> None:
    """A gap has neither."""
    found = [(struct.origins, struct.sibling, struct.parent) for struct in iter_structs(UPDATE)]
    neither = (None, None)
    assert found == [
        (neither, None, "root"),
        (((MANY, 4), None), (MANY, 4), None),
        ((None, (7, 0)), (7, 0), None),
        (((MANY, 5), (7, 1)), (MANY, 5), None),
        (neither, None, "default"),
        (neither, None, (7, 0)),
        (neither, None, None),
        (neither, None, None),
        (neither, None, (7, 0)),
    ]
    assert root_names(UPDATE) == {"root", "default"}


def test_structs_have_text_and_content() -> None:
    """Text only of strings; a gap has no content."""
    structs = list(iter_structs(UPDATE))
    assert [struct.text for struct in structs] == ["a😀", "b", "c", "d", "", "", "", "", "é"]
    assert [struct.content for struct in structs[4:8]] == [
        b"\x03" + string("paragraph"),
        b"\x01\x78",
        b"",
        b"",
    ]
    assert inserted_text(UPDATE) == "a😀bcdé"
    assert inserted_text(UPDATE[:-1]) == ""


@pytest.mark.parametrize("history", ALL_HISTORIES, ids=lambda history: history.name)
def test_structs_cover_an_update_byte_by_byte(history: History) -> None:
    """Prefix and content of each, one after the other; the deletes follow the last."""
    for update in [*history.updates, history.state]:
        for client, structs in structs_by_client(update).items():
            for struct, following in zip(structs, [*structs[1:], None], strict=True):
                assert struct.prefix + struct.content == update[struct.start : struct.end]
                if following is not None:
                    assert following.start == struct.end
                    assert following.id == (client, struct.clock + struct.length)


@pytest.mark.parametrize("history", ALL_HISTORIES, ids=lambda history: history.name)
def test_with_deletes_replaces_only_the_deletes(history: History) -> None:
    """The structs stay; deletes of several clients are grouped."""
    deletes = {5: ((1, 2), (9, 1)), 6: ((0, 3),)}
    spans = [((5, 1), 2), ((6, 0), 3), ((5, 9), 1)]
    for update in [*history.updates, history.state]:
        before, after = read_update(update), read_update(with_deletes(update, spans))
        assert (after.ranges, after.types, after.deletes) == (before.ranges, before.types, deletes)


def test_empty_update_has_no_structs() -> None:
    """And takes deletes as any other one."""
    assert list(iter_structs(EMPTY_UPDATE)) == []
    assert with_deletes(EMPTY_UPDATE, ()) == EMPTY_UPDATE
    assert read_update(with_deletes(EMPTY_UPDATE, [((5, 1), 2)])).deletes == {5: ((1, 2),)}
