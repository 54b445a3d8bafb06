"""Slices of states: together they are the state, in any size."""

import math
import random

import pytest

from apps.crdt.analysis.equality import states_equal
from apps.crdt.codec.slicing import state_slices
from apps.crdt.codec.structs import iter_structs
from apps.crdt.engine.base import get_engine
from tests.crdt.engine.placing import encoded
from tests.crdt.engine.test_merge_cost import claims_by_many, text
from tests.crdt.samples import ALL_HISTORIES, History, letters, written
from tests.crdt.scribbling import Scribbler

ENGINE = get_engine("pycrdt")


def assert_sliced(state: bytes, max_structs: int) -> None:
    """Load a state in slices and at once, and compare."""
    count = math.ceil(len(list(iter_structs(state))) / max_structs)
    sliced, whole = ENGINE.new_document(), ENGINE.new_document()
    whole.apply(state)
    for piece in state_slices(state, count):
        assert len(list(iter_structs(piece))) <= max_structs
        sliced.apply(piece)
        again = ENGINE.new_document()  # nothing waits for a later slice
        again.apply(sliced.encode())
        assert again.state_vector() == sliced.state_vector()
    assert sliced.reading() == whole.reading()
    assert states_equal(ENGINE, sliced.encode(), whole.encode())


@pytest.mark.parametrize("history", ALL_HISTORIES, ids=lambda history: history.name)
@pytest.mark.parametrize("max_structs", [1, 7])
def test_slices_of_a_history_are_the_history(history: History, max_structs: int) -> None:
    """Texts, elements, maps and deletes of several writers."""
    document = ENGINE.new_document()
    for update in history.updates:
        document.apply(update)
    assert_sliced(document.encode(), max_structs)


def test_slices_of_items_that_claim_one_place_are_the_same() -> None:
    """As a document has them that is slow to load."""
    assert_sliced(encoded(text(200) + claims_by_many(200)), 50)


@pytest.mark.parametrize("seed", range(3))
def test_slices_of_scribbled_documents_are_the_documents(seed: int) -> None:
    """Clients that refer to each other."""
    document = ENGINE.new_document()
    for state in Scribbler(random.Random(seed)).write(100):
        document.apply(state)
    assert_sliced(document.encode(), 10)


def test_slices_of_items_in_a_circle_end() -> None:
    """A damaged state may have them."""
    state = written(
        [(1, 0, [letters("a", left=(2, 0))]), (2, 0, [letters("b", left=(1, 0))])],
    )
    assert len(list(state_slices(state, 2))) == 3


@pytest.mark.parametrize("count", [1, 7, 40])
def test_slices_of_many_client_ids_are_as_few_as_asked_for(count: int) -> None:
    """A call of the engine costs time for each client id that the document has so far.

    1,200 slices of a document of 60,000 ids took 29 s, and the whole of it 0.13 s.
    """
    pieces = [letters("a"), letters("b")]
    made = ENGINE.new_document()
    made.apply(written([(client, 0, pieces) for client in range(2_000, 0, -1)]))
    sliced = ENGINE.new_document()
    slices = list(state_slices(made.encode(), count))
    assert count <= len(slices) <= count + 1
    for piece in slices:
        sliced.apply(piece)
    assert sliced.state_vector() == made.state_vector()


def test_slice_of_nothing_is_nothing() -> None:
    """And of deletes alone, the deletes."""
    assert list(state_slices(b"\x00\x00", 5)) == [b"\x00\x00"]
    deletes = written(deletes=[(1, [(0, 1)])])
    assert list(state_slices(deletes, 5)) == [deletes]
