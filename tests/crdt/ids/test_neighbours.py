"""The index of origins: ids that were neighbours, and ids that never were."""

from collections.abc import Sequence

import pytest

from apps.crdt.codec.contents import TYPE
from apps.crdt.ids import neighbours
from apps.crdt.ids.containers import ContainerIndex
from apps.crdt.ids.neighbours import OriginIndex
from tests.crdt.samples import Id, item, letters, string, uints, written

#: "abcd" and, typed behind "b" at one time by two others, "xx" and "y".
TEXT = (
    written([(1, 0, [letters("abcd", parent="content")])]),
    written([(2, 0, [letters("xx", left=(1, 1), right=(1, 2))])]),
    written([(3, 0, [letters("y", left=(1, 1), right=(1, 2))])]),
)


def index_of(updates: Sequence[bytes]) -> ContainerIndex:
    """Return the index of a document of these updates."""
    index = ContainerIndex()
    for update in updates:
        index.add(update)
    return index


def are_neighbours(updates: Sequence[bytes], update: bytes) -> bool:
    """Return whether all items of an update stand between neighbours."""
    index = index_of(updates)
    origins = OriginIndex(index.origins)
    found = True
    for placement, _ in index.containers(update):
        found = found and origins.are_neighbours(placement)
        origins.add(placement)
    return found


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ((1, 0), (1, 1), True),  # inside a run
        ((1, 1), (2, 0), True),  # the right one was written behind the left one
        ((3, 0), (1, 2), True),  # the left one was written before the right one
        ((2, 1), (3, 0), True),  # written at one time, the lower client id first
        ((3, 0), (2, 0), False),  # in the other order
        ((1, 3), None, True),
        (None, (1, 0), True),
        ((2, 1), None, False),  # something stood behind it from the start
        (None, (1, 1), False),
        ((1, 2), (1, 0), False),  # the right one stands before the left one
        ((1, 2), (1, 1), False),
        ((1, 0), (1, 2), False),  # one is between them
        ((9, 0), (1, 1), True),  # of what is not known nothing is said
    ],
)
def test_neighbours_name_each_other_or_were_written_at_one_time(
    left: Id | None, right: Id | None, *, expected: bool
) -> None:
    """By the origins that both have."""
    update = written([(4, 0, [letters("m", left=left, right=right)])])
    assert are_neighbours(TEXT, update) is expected


def test_items_of_one_update_are_neighbours_of_each_other() -> None:
    """Each one is compared with those before it in the update."""
    first = letters("m", left=(1, 0), right=(1, 1))
    assert are_neighbours(TEXT, written([(4, 0, [first, letters("n", left=(4, 0), right=(1, 1))])]))
    assert are_neighbours(TEXT, written([(4, 0, [first, letters("n", left=(1, 0), right=(4, 0))])]))
    assert not are_neighbours(
        TEXT, written([(4, 0, [first, letters("n", left=(4, 0), right=(1, 0))])])
    )


def test_ids_of_two_paragraphs_are_no_neighbours() -> None:
    """The gate knows both by the same kind of container."""
    paragraph = uints(3) + string("paragraph")
    document = written(
        [
            (1, 0, [item(TYPE, paragraph, parent="default")]),
            (2, 0, [item(TYPE, paragraph, left=(1, 0))]),
            (3, 0, [item(TYPE, uints(6), parent=(1, 0)), letters("a", parent=(3, 0))]),
            (4, 0, [item(TYPE, uints(6), parent=(2, 0)), letters("b", parent=(4, 0))]),
        ]
    )
    between = written([(5, 0, [letters("x", left=(3, 1), right=(4, 1))])])
    assert not are_neighbours([document], between)


def test_what_is_garbage_collected_has_no_neighbours() -> None:
    """An item beside it is collected, too."""
    collected = written([(1, 0, [uints(0, 4)])])
    assert are_neighbours([collected], written([(4, 0, [letters("m", left=(1, 2), right=(1, 0))])]))


@pytest.mark.parametrize("clock", [4, 6])
def test_rest_of_a_text_stands_between_neighbours_if_its_beginning_does(clock: int) -> None:
    """The document has the clocks up to 5, and adds the others behind them."""
    known = (*TEXT, written([(1, 4, [letters("ef", left=(1, 3))])]))
    assert are_neighbours(known, written([(1, clock, [letters("efgh", left=(1, clock - 1))])]))
    backward = letters("efgh", left=(1, clock - 1), right=(1, 0))
    assert not are_neighbours(known, written([(1, clock, [backward])]))


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ({"parent": (1, 0)}, True),
        ({"parent": (1, 1)}, False),
        ({"parent": "content"}, False),
        ({"left": (1, 2)}, False),
    ],
)
def test_text_resumes_where_it_began(place: dict[str, object], *, expected: bool) -> None:
    """The first clocks of a struct are known; it has to name the same parent and origins."""
    element = item(TYPE, uints(3) + string("p"), parent="default")
    second = item(TYPE, uints(3) + string("p"), left=(1, 0))
    document = written([(1, 0, [element, second]), (2, 0, [letters("ab", parent=(1, 0))])])
    index = index_of([document])
    [(placement, _)] = index.containers(written([(2, 0, [letters("abcd", **place)])]))
    assert index.origins.resumes(placement) is expected


def test_ids_of_one_hash_to_python_are_two_ids() -> None:
    """Python hashes numbers without a secret, so anybody can find such ids."""
    one, other = (3046000375383931, 387), (3360956158077915, 5)
    assert hash((one, 7)) % 2**32 == hash((other, 7)) % 2**32
    assert neighbours._hash(one) != neighbours._hash(other)
