"""The strict reader of v1 updates: correct headers, and refusal of malformed updates."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.core.errors import InvalidInputError
from apps.crdt.codec.contents import MalformedUpdateError
from apps.crdt.codec.structs import structs_by_client
from apps.crdt.codec.update_reader import MAX_CLOCK, UpdateHeader, read_update
from apps.crdt.codec.vectors import Vector, decode_vector
from apps.crdt.engine import causal_gate
from tests.crdt.codec.updates import applied, one, took_all
from tests.crdt.samples import (
    ALL_HISTORIES,
    History,
    golden,
    item,
    letters,
    load,
    patient,
    string,
    uints,
    unpack,
    written,
)

#: Kinds of struct and of content, as the format numbers them.
GC, DELETED, JSON, BINARY, STRING, EMBED, FORMAT, TYPE, ANY, SUBDOCUMENT, SKIP = range(11)

BY_NAME = pytest.mark.parametrize("history", ALL_HISTORIES, ids=lambda one: one.name)


def single(name: str) -> bytes:
    """Return a golden update."""
    return unpack(load("updates")[name])


# --- what it says ---------------------------------------------------------------------------------


def test_update_of_one_letter_inserts_it_and_needs_its_predecessor() -> None:
    """A keystroke, the most frequent update of all."""
    assert read_update(unpack(load("updates")["gap_parts"][3])) == UpdateHeader(
        ranges={71: ((3, 4),)},
        needs={71: 3},
        deletes={},
        size=10,
        typed=(71, 3, 4, b""),
        structs=1,
    )


def test_update_with_gaps_inserts_ranges_and_needs_the_gaps() -> None:
    """Letters 0, 2, 4 and 5, merged: they need 1 and 3."""
    header = read_update(single("gap"))
    assert header.ranges == {71: ((0, 1), (2, 3), (4, 6))}
    assert header.needs == {71: 4}
    assert header.end_vector() == {71: 6}


@pytest.mark.parametrize(
    ("structs", "typed"),
    [
        ([(1, 3, [letters("ab", left=(1, 2)), letters("c", left=(1, 4))])], (1, 3, 6, b"")),
        ([(1, 3, [letters("ab", left=(1, 2), right=(1, 0))])], (1, 3, 5, b"\x01\x00")),
        ([(1, 3, [letters("ab", left=(1, 1))])], None),
        ([(1, 3, [letters("ab", right=(1, 2))])], None),
        ([(1, 3, [letters("ab", left=(2, 2))])], None),
        ([(1, 3, [letters("ab", left=(2, 2), right=(1, 2))])], None),
        ([(1, 0, [letters("ab", left=(2, 0))])], None),
        ([(1, 0, [letters("ab", parent="t")])], None),
        ([(1, 3, [item(7, uints(0), left=(1, 2))])], None),
        ([(1, 3, [letters("a", left=(1, 2)), b"\x00\x02"])], None),
        ([(n, 3, [letters("a", left=(n, 2))]) for n in (1, 2)], None),
        ([], None),
    ],
)
def test_update_of_strings_behind_the_last_ones_of_its_client_is_typed(
    structs: list[Any], typed: tuple[int, int, int, bytes] | None
) -> None:
    """Nothing else of it needs to be known to find its place."""
    assert read_update(written(structs)).typed == typed


def test_update_of_deletes_inserts_nothing_and_needs_the_deleted_ids() -> None:
    """The engine would hold back a delete of ids that it does not have yet."""
    assert read_update(single("deletes")) == UpdateHeader(
        ranges={}, needs={71: 3}, deletes={71: ((1, 2),)}, size=6, structs=1
    )


def test_update_of_merged_deletes_has_all_of_them() -> None:
    """Two deletes with a letter between."""
    header = read_update(single("merged_deletes"))
    assert header.deletes == {71: ((1, 2), (4, 1))}
    assert header.needs == {71: 5}


def test_empty_update_has_an_empty_header() -> None:
    """The answer to a client that has everything."""
    assert read_update(single("empty")) == UpdateHeader({}, {}, {}, size=2)


@pytest.mark.parametrize(("name", "client"), [("binary", 73), ("any", 74)])
def test_update_with_values_of_every_kind_is_read(name: str, client: int) -> None:
    """Bytes, undefined, a bigint, bytes in an object, a float."""
    header = read_update(single(name))
    assert (header.ranges, header.needs) == ({client: ((0, 1),)}, {})
    assert took_all(applied(single(name)), header)


def test_update_with_a_subdocument_is_refused() -> None:
    """It kills one engine and, sometimes, the other."""
    with pytest.raises(MalformedUpdateError, match="Documents inside documents"):
        read_update(single("subdocument"))


@pytest.mark.parametrize(
    "struct",
    [item(JSON, b"\x01" + string("1")), item(TYPE, b"\x05" + string("name"))],
    ids=["JSON", "XML hook"],
)
def test_content_that_the_engine_reads_differently_is_refused(struct: bytes) -> None:
    """Yjs and pycrdt disagree on their end: two clients could see different documents."""
    with pytest.raises(ValueError, match="Cannot decode"):
        applied(one(struct))
    with pytest.raises(MalformedUpdateError, match="not supported"):
        read_update(one(struct))


def test_update_with_a_garbage_collected_struct_inserts_its_clocks() -> None:
    """A struct whose content the writer has dropped."""
    header = read_update(golden("xml").state)
    assert header.end_vector() == decode_vector(golden("xml").vector)
    assert GC in {
        struct.kind for own in structs_by_client(golden("xml").state).values() for struct in own
    }


def test_update_with_types_counts_them() -> None:
    """Heading, paragraphs, list, item, line break, and the texts in them."""
    assert read_update(golden("prosemirror").updates[0]).types == 11
    assert read_update(golden("typing").state).types == 0


@pytest.mark.parametrize("text", ["a", "é", "漢字", "😀", "a😀b", "👩‍👩‍👧‍👦"])
def test_text_is_counted_in_utf_16_units(text: str) -> None:
    """As Yjs and the engine count; bytes or characters would shift every later clock."""
    update = one(letters(text))
    assert read_update(update).end_vector() == decode_vector(applied(update).get_state())


@BY_NAME
def test_header_agrees_with_the_engine(history: History) -> None:
    """In order, each update inserts the ranges of its header and needs only known clocks."""
    doc, vector = applied(), Vector()
    for update in history.updates:
        header = read_update(update)
        assert causal_gate.missing_clocks(header, vector) is None
        for client, runs in header.ranges.items():
            assert runs[0][0] == vector.get(client, 0)
        doc.apply_update(update)
        causal_gate.advance(vector, header)
        assert decode_vector(doc.get_state()) == vector
        assert took_all(doc, header)


@settings(patient, max_examples=100)
@given(data=st.data())
def test_needs_are_exactly_what_the_engine_misses(data: st.DataObject) -> None:
    """Out of order: bare pycrdt applies all of an update if, and only if, no clock is missing."""
    history = data.draw(st.sampled_from(ALL_HISTORIES))
    size = len(history.updates)
    chosen = data.draw(st.lists(st.integers(0, size - 1), unique=True, max_size=size))
    doc, vector = applied(), Vector()
    for update in (history.updates[number] for number in chosen):
        header = read_update(update)
        fits = causal_gate.missing_clocks(header, vector) is None
        probe = applied(doc.get_update(), update)
        assert took_all(probe, header) == fits
        if fits:
            doc.apply_update(update)
            causal_gate.advance(vector, header)


@BY_NAME
def test_structs_of_an_update_fill_its_ranges(history: History) -> None:
    """The lazy reader reads the same structs."""
    for update in [*history.updates, history.state]:
        header, structs = read_update(update), structs_by_client(update)
        assert structs.keys() == header.ranges.keys()
        for client, own in structs.items():
            assert own[0].clock == header.ranges[client][0][0]
            assert all(first.clock < second.clock for first, second in pairwise(own))
        assert sum(s.kind == TYPE for own in structs.values() for s in own) == header.types


# --- what it refuses ------------------------------------------------------------------------------


@BY_NAME
def test_truncated_update_is_refused_at_every_byte(history: History) -> None:
    """No prefix of an update is an update."""
    for update in [*history.updates, history.state]:
        for end in range(len(update)):
            with pytest.raises(MalformedUpdateError):
                read_update(update[:end])


@pytest.mark.parametrize("name", ["gap", "binary", "any", "deletes", "merged_deletes", "empty"])
def test_update_with_a_byte_too_many_or_too_few_is_refused(name: str) -> None:
    """The engine accepts them too."""
    update = single(name)
    for wrong in (update + b"\x00", *(update[:end] for end in range(len(update)))):
        with pytest.raises(MalformedUpdateError):
            read_update(wrong)


LETTER = letters("a")
AFTER = letters("b", left=(1, 0))
MANY = uints(2**40)

REFUSED = {
    # clients, counts
    "a client twice": written([(1, 0, [LETTER]), (1, 1, [AFTER])]),
    "deletes of a client twice": written(deletes=[(1, [(0, 1)]), (1, [(1, 1)])]),
    "more clients than bytes": MANY + one(LETTER)[1:],
    "more structs than bytes": b"\x01" + MANY + uints(1, 0) + LETTER + b"\x00",
    "a client without structs": one(),
    "more deleting clients than bytes": b"\x00" + MANY,
    "more deletes than bytes": b"\x00\x01\x01" + MANY + b"\x00\x01",
    "a text longer than the update": one(item(STRING, MANY + b"a")),
    "bytes longer than the update": one(item(BINARY, MANY + b"a")),
    "more values than bytes": one(item(ANY, MANY + b"\x7f")),
    "more values in an array than bytes": one(item(ANY, b"\x01\x75" + MANY + b"\x7f")),
    # clocks
    "a clock too high": one(LETTER, clock=MAX_CLOCK),
    "a gap up to a clock too high": one(bytes((SKIP,)) + uints(MAX_CLOCK), LETTER),
    "deleted letters without end": one(item(DELETED, MANY)),
    "a reference to a clock too high": one(letters("a", left=(2, MAX_CLOCK))),
    "a delete at a clock too high": written(deletes=[(1, [(MAX_CLOCK, 1)])]),
    "a delete of nothing": written(deletes=[(1, [(0, 0)])]),
    "an empty text": one(letters("")),
    "an empty gap": one(LETTER, bytes((SKIP, 0)), AFTER),
    "a gap at the end": one(LETTER, bytes((SKIP, 1))),
    "nothing but a gap": one(bytes((SKIP, 1))),
    # references
    "a struct beside itself": one(letters("a", left=(1, 0))),
    "a struct beside a later one": one(letters("a", right=(1, 1)), AFTER),
    "a struct inside itself": one(letters("a", parent=(1, 0))),
    "a parent of an unknown kind": one(b"\x04\x02" + string("t") + string("a")),
    # contents
    "an unknown content": one(item(12, b"\x01")),
    "an unknown kind of struct": one(item(SKIP, b"\x01", left=(2, 0))),
    "an unknown shared type": one(item(TYPE, b"\x07")),
    "a text that is not UTF-8": one(item(STRING, b"\x02\xff\xfe")),
    "half of a surrogate pair": one(item(STRING, b"\x03\xed\xa0\xbd")),
    "a root that is not UTF-8": one(b"\x04\x01\x01\xff" + string("a")),
    "an embed that is not JSON": one(item(EMBED, string("{"))),
    "a number that JSON has not": one(item(EMBED, string("[NaN]"))),
    "a format that is not JSON": one(item(FORMAT, string("bold") + string("yes"))),
    "JSON that is not UTF-8": one(item(EMBED, b'\x03"\xff"')),
    "an unknown value": one(item(ANY, b"\x01\x73")),
    "half a float": one(item(ANY, b"\x01\x7b\x00\x00")),
    "an integer of 54 bits": one(item(ANY, b"\x01\x7d\xbf" + b"\xff" * 6 + b"\x20")),
    "an integer longer than needed": one(item(ANY, b"\x01\x7d\x81\x00")),
    # integers of the format itself
    "a clock longer than needed": b"\x01\x01\x01\x80\x00" + LETTER + b"\x00",
    "a client longer than needed": b"\x01\x01\x81\x00\x00" + LETTER + b"\x00",
    "a client of 54 bits": one(LETTER, client=2**53),
    "a client of 60 bits": one(LETTER, client=2**60 - 1),
    "an endless integer": b"\xff" * 40,
}


@pytest.mark.parametrize("update", REFUSED.values(), ids=REFUSED)
def test_update_that_no_honest_client_writes_is_refused(update: bytes) -> None:
    """Before it reaches the engine, with an error of the sender."""
    with pytest.raises(MalformedUpdateError) as caught:
        read_update(update)
    assert isinstance(caught.value, InvalidInputError)
    assert caught.value.code == "malformed"


def test_updates_that_only_look_odd_are_accepted() -> None:
    """The same parts in a valid form."""
    for update in (
        one(LETTER, AFTER),
        one(bytes((SKIP,)) + uints(5), letters("b", left=(1, 4))),
        one(LETTER, client=2**53 - 1),
        one(letters("a", left=(2, MAX_CLOCK - 1))),
        one(LETTER, clock=MAX_CLOCK - 1),
        one(item(ANY, b"\x01\x7d\xbf" + b"\xff" * 6 + b"\x1f")),
        written([(1, 0, [LETTER]), (2, 0, [letters("b", left=(1, 0))])]),
        written(deletes=[(1, [(0, 1), (5, MAX_CLOCK - 5)]), (2, [(0, 1)])]),
    ):
        assert read_update(update).size == len(update)


# --- circles --------------------------------------------------------------------------------------


def test_structs_that_depend_on_each_other_are_refused() -> None:
    """Two clients, and three; the engine would never apply them."""
    two = [(1, 0, [letters("a", left=(2, 0))]), (2, 0, [letters("b", left=(1, 0))])]
    three = [
        (client, 0, [letters("a", parent="t"), letters("b", right=(client % 3 + 1, 1))])
        for client in (1, 2, 3)
    ]
    for structs in (two, three):
        with pytest.raises(MalformedUpdateError, match="depend on each other in a cycle"):
            read_update(written(structs))


@st.composite
def crossing(draw: st.DrawFn) -> bytes:
    """Build an update of several clients whose letters have each other's as origins, at random."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    ids = [(client, clock) for client, size in enumerate(sizes, 1) for clock in range(size)]

    def place(client: int, clock: int) -> bytes:
        known = [one for one in ids if one[0] != client or one[1] < clock]
        neighbour = st.none() | st.sampled_from(known)
        return letters("a", left=draw(neighbour), right=draw(neighbour))

    return written(
        [
            (client, 0, [place(client, clock) for clock in range(size)])
            for client, size in enumerate(sizes, 1)
        ]
    )


@settings(patient, max_examples=200)
@given(update=crossing())
def test_cycles_are_exactly_what_the_engine_cannot_apply(update: bytes) -> None:
    """With any dependencies: refused if, and only if, bare pycrdt leaves something out."""
    placed = decode_vector(applied(update).get_state())
    ends = {client: own[-1].clock + 1 for client, own in structs_by_client(update).items()}
    try:
        header = read_update(update)
    except MalformedUpdateError:
        assert placed != ends
    else:
        assert header.end_vector() == placed == ends
        assert header.needs == {}
