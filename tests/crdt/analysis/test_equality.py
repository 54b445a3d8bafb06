"""Equality of states: the same document in another encoding, and values that nest deep."""

import tracemalloc

import pycrdt
import pytest

from apps.crdt.analysis.equality import states_equal
from apps.crdt.codec.contents import MAX_DEPTH
from apps.crdt.engine.base import get_engine
from tests.crdt.samples import ALL_HISTORIES, History, item, letters, string, uints, written

ENGINE = get_engine("pycrdt")
ANY = 8
NULL = b"\x7e"


def entry(*values: bytes) -> bytes:
    """Return an update with a list of values."""
    return written([(1, 0, [item(ANY, uints(len(values)) + b"".join(values))])])


def an_object(*members: tuple[str, bytes]) -> bytes:
    """Return an "any" object with its members in this order."""
    return b"\x76" + uints(len(members)) + b"".join(string(key) + value for key, value in members)


def an_array(*values: bytes) -> bytes:
    """Return an "any" array."""
    return b"\x75" + uints(len(values)) + b"".join(values)


ONE, TWO = b"\x7d\x01", b"\x7d\x02"


def nested(depth: int, inner: bytes) -> bytes:
    """Return a value inside arrays and objects, one in the other by turns."""
    for level in range(depth):
        inner = an_array(inner) if level % 2 else an_object(("key", inner))
    return inner


@pytest.mark.parametrize("history", ALL_HISTORIES, ids=lambda one: one.name)
def test_state_of_another_library_is_equal(history: History) -> None:
    """As Yjs writes it, and as the engine writes it after the single updates."""
    document = ENGINE.new_document()
    for update in history.updates:
        document.apply(update)
    assert states_equal(ENGINE, document.encode(), history.state)


def test_order_of_keys_does_not_matter_at_any_depth() -> None:
    """An engine writes the keys of an object in any order; the values of an array have one."""
    one, other = an_object(("a", ONE), ("b", TWO)), an_object(("b", TWO), ("a", ONE))
    for depth in (0, 1, 2, MAX_DEPTH - 2):
        assert states_equal(ENGINE, entry(nested(depth, one)), entry(nested(depth, other)))
    assert not states_equal(ENGINE, entry(an_array(ONE, TWO)), entry(an_array(TWO, ONE)))


def test_other_content_is_not_equal() -> None:
    """Another value, another place of the same values, and another key."""
    states = [
        entry(an_object(("a", ONE))),
        entry(an_object(("a", TWO))),
        entry(an_object(("b", ONE))),
        entry(an_array(an_array(ONE), TWO)),
        entry(an_array(an_array(ONE, TWO))),
        entry(nested(MAX_DEPTH - 2, ONE)),
        entry(nested(MAX_DEPTH - 2, TWO)),
    ]
    for index, one in enumerate(states):
        assert [states_equal(ENGINE, one, other) for other in states].count(True) == 1
        assert states_equal(ENGINE, one, states[index])


@pytest.mark.parametrize("depth", [20, MAX_DEPTH - 2])
def test_comparison_of_nested_values_takes_little_memory(depth: int) -> None:
    """Each level once doubled it: 35 levels in 79 bytes took more memory than a machine has."""
    value = entry(nested(depth, b"\x77" + string("\\\x00" * 10)))
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    doc.apply_update(value)
    doc.apply_update(written([(2, 0, [letters("a"), letters("b", left=(2, 0))])]))
    split = written(
        [(2, 0, [letters("a"), letters("b", left=(2, 0))]), (1, 0, [_struct_of(value)])]
    )
    state = doc.get_update()
    assert state != split
    tracemalloc.start()
    try:
        assert states_equal(ENGINE, state, split)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def _struct_of(update: bytes) -> bytes:
    """Return the bytes of the only struct of an update of client 1."""
    return update[4:-1]
