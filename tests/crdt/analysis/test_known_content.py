"""Updates that repeat known clocks: honest ones are equal, whatever was deleted or merged since."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.crdt.analysis import known_content
from apps.crdt.analysis.known_content import (
    RepeatsTooMuchError,
    is_contradicted,
    repeated_vector,
)
from apps.crdt.codec.update_reader import read_update
from apps.crdt.codec.vectors import decode_vector, encode_vector
from apps.crdt.engine.base import get_engine
from tests.crdt.samples import ALL_HISTORIES, History, item, letters, string, uints, written
from tests.crdt.scribbling import Scribbler

ADA = 7
#: Kind 1, deleted content, and the values of kind 8.
_DELETED, _ANY = 1, 8


def any_values(*texts: str) -> bytes:
    """Return values of a list as Yjs writes them."""
    return uints(len(texts)) + b"".join(b"\x77" + string(text) for text in texts)


def is_refused(update: bytes, *stored: bytes) -> bool:
    """Return whether an update contradicts a document of these updates."""
    document = get_engine("pycrdt").new_document()
    for known in stored:
        document.apply(known)
    vector, header = decode_vector(document.state_vector()), read_update(update)
    start = encode_vector({**vector, **repeated_vector(header, vector)})
    return is_contradicted(update, header, vector, document.encode(start))


@pytest.mark.parametrize("history", ALL_HISTORIES, ids=lambda history: history.name)
def test_updates_of_yjs_never_contradict_the_document_that_they_made(history: History) -> None:
    """Each update again, at the end; and the whole state as Yjs writes it."""
    for update in [*history.updates, history.state]:
        assert not is_refused(update, *history.updates)


@given(seed=st.integers(0, 10_000))
def test_any_earlier_state_never_contradicts_a_later_one(seed: int) -> None:
    """Marks, elements, maps and lists, deleted and merged in the meantime; and the other way."""
    states = Scribbler(random.Random(seed)).write(25)
    for earlier in states[::6]:
        assert not is_refused(earlier, states[-1])
        assert not is_refused(states[-1], earlier)


STORED = written([(ADA, 0, [letters("hello")])])


@pytest.mark.parametrize(
    ("update", "refused"),
    [
        (STORED, False),
        (written([(ADA, 1, [letters("ell", left=(ADA, 0))])]), False),
        (written([(ADA, 3, [letters("lo world", left=(ADA, 2))])]), False),
        (written([(ADA, 0, [letters("help!")])]), True),
        (written([(ADA, 3, [letters("x, and more", left=(ADA, 2))])]), True),
        (written([(ADA, 0, [item(_ANY, any_values("hello"))])]), True),
        (written([(ADA, 0, [b"\x00" + uints(5)])]), True),
        (written([(ADA, 0, [b"\x00" + uints(5)])], [(ADA, [(0, 5)])]), False),
        (written([(ADA, 0, [b"\x00" + uints(5)])], [(ADA, [(0, 2), (3, 2)])]), True),
        (written([(ADA, 0, [item(_DELETED, uints(3), parent="t")])]), True),
    ],
    ids=[
        "the same",
        "a part of it",
        "with more behind it",
        "other letters",
        "other letters before new ones",
        "another kind",
        "collected and not deleted",
        "collected and deleted",
        "collected and deleted in part",
        "deleted without its delete",
    ],
)
def test_live_content_has_to_be_equal(update: bytes, *, refused: bool) -> None:
    """What is deleted in the update has to be in its deletes, as Yjs writes it."""
    assert is_refused(update, STORED) is refused


def test_content_that_the_document_has_deleted_is_no_contradiction() -> None:
    """The document no longer has the letters, so nothing is lost by a repetition."""
    erased = written([], [(ADA, [(0, 5)])])
    assert not is_refused(STORED, STORED, erased)
    assert not is_refused(written([(ADA, 0, [letters("other")])]), STORED, erased)


def test_values_are_compared_one_by_one() -> None:
    """A list's values in one struct, and in two."""
    first = written([(ADA, 0, [item(_ANY, any_values("a", "b"))])])
    second = written([(ADA, 2, [item(_ANY, any_values("c"), left=(ADA, 1))])])
    both = written([(ADA, 0, [item(_ANY, any_values("a", "b", "c"))])])
    other = written([(ADA, 0, [item(_ANY, any_values("a", "x", "c"))])])
    assert not is_refused(both, first, second)
    assert is_refused(other, first, second)


def test_halves_of_a_surrogate_pair_are_no_contradiction() -> None:
    """Yjs writes U+FFFD for each half of a pair that it cuts."""
    stored = written([(ADA, 0, [letters("a\U0001f600b")])])
    for end, refused in (("b", False), ("c", True)):
        halves = [letters("a\ufffd"), letters(f"\ufffd{end}", left=(ADA, 1))]
        assert is_refused(written([(ADA, 0, halves)]), stored) is refused


def test_few_bytes_that_claim_much_of_a_document_are_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first and the last letter of a client with a struct for each letter between them."""
    monkeypatch.setattr(known_content, "MAX_READ_STRUCTS", 50)
    count = 100
    stored = written([(ADA, 0, [letters("x", parent=f"t{number}") for number in range(count)])])
    middle = b"\x00" + uints(count - 2)
    structs = [letters("x", parent="t0"), middle, letters("x", parent=f"t{count - 1}")]
    claim = written([(ADA, 0, structs)], [(ADA, [(1, count - 2)])])
    with pytest.raises(RepeatsTooMuchError):
        is_refused(claim, stored)


@pytest.mark.parametrize("length", [3, 40, 5_000, 200_000])
def test_values_of_any_length_are_compared(length: int) -> None:
    """Also where a value ends behind the bytes that are read at first."""
    stored = written([(ADA, 0, [item(_ANY, any_values("x" * length, "b", "c"))])])
    changed = written([(ADA, 0, [item(_ANY, any_values("x" * length, "b", "!"))])])
    assert not is_refused(stored, stored)
    assert is_refused(changed, stored)


def test_values_of_a_large_document_are_bounded() -> None:
    """A million values between the first and the last one that a few bytes claim."""
    many = uints(300_000) + b"\x78" * 300_000
    stored = written([(ADA, 0, [item(_ANY, many), letters("x", parent="t")])])
    gap = b"\x00" + uints(300_000 - 1)
    claim = [item(_ANY, uints(1) + b"\x78"), gap, letters("x", parent="t")]
    update = written([(ADA, 0, claim)], [(ADA, [(1, 300_000 - 1)])])
    with pytest.raises(RepeatsTooMuchError):
        is_refused(update, stored)
