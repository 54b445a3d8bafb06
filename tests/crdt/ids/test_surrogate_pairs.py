"""Updates that would cut a character, or stand between one id and itself, as they are stored."""

import pytest

from apps.crdt.codec.contents import MalformedUpdateError
from apps.crdt.codec.structs import Id, iter_structs
from apps.crdt.codec.update_reader import read_update
from apps.crdt.codec.vectors import Vector
from apps.crdt.ids.surrogate_pairs import SurrogatePairs, straightened
from tests.crdt.samples import item, letters, string, written

STRING = 4
#: Clocks of client 1: a pair at 0, "a" at 2, a pair at 3, "b" at 5; of client 2: a pair at 0,
#: behind "a".
TEXT = written(
    [
        (1, 0, [letters("\N{GRINNING FACE}a\N{GRINNING FACE}b", parent="content")]),
        (2, 0, [letters("\N{GRINNING FACE}", left=(1, 2), right=(1, 3))]),
    ]
)
VECTOR: Vector = {1: 6, 2: 2}


def straight(update: bytes) -> bytes:
    """Return an update as it is stored in the document."""
    pairs = SurrogatePairs.of_state(TEXT, VECTOR)
    return straightened(update, read_update(update), pairs, VECTOR)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ((1, 3), (1, 4), ((1, 2), (1, 3))),
        ((1, 0), (1, 1), (None, (1, 0))),
        ((2, 0), (2, 1), ((1, 2), (2, 0))),
        ((1, 3), None, ((1, 2), (1, 3))),
        ((1, 3), (9, 0), ((1, 2), (9, 0))),
        ((9, 0), (1, 4), ((9, 0), (1, 3))),
        (None, (1, 1), (None, (1, 0))),
        ((1, 2), (1, 2), ((1, 2), None)),
    ],
)
def test_item_inside_a_character_stands_before_it(
    left: Id | None, right: Id | None, expected: tuple[Id | None, Id | None]
) -> None:
    """Whatever the update says besides."""
    update = written([(3, 0, [letters("x", left=left, right=right), letters("y", left=(3, 0))])])
    first, second = iter_structs(straight(update))
    assert first.origins == expected
    assert (first.text, first.length, second.text) == ("x", 1, "y")
    assert second.origins == ((3, 0), None)


@pytest.mark.parametrize(
    ("left", "right"), [((1, 1), (1, 2)), ((1, 2), (1, 3)), ((1, 4), (1, 5)), ((2, 1), (1, 3))]
)
def test_item_beside_a_character_is_stored_as_it_came(left: Id, right: Id) -> None:
    """Not even a copy is made."""
    update = written([(3, 0, [letters("x", left=left, right=right)])])
    assert straight(update) is update


def test_item_in_a_character_of_its_own_update_stands_before_it() -> None:
    """A pair is known before the items that would cut it."""
    update = written(
        [
            (3, 0, [letters("\N{GRINNING FACE}", left=(1, 5))]),
            (4, 0, [letters("x", left=(3, 0), right=(3, 1))]),
        ]
    )
    _, inside = iter_structs(straight(update))
    assert inside.origins == ((1, 5), (3, 0))


def test_pairs_of_an_update_are_those_of_the_document_only_when_it_is_admitted() -> None:
    """Its author may write something else at the same ids, after it was refused."""
    pairs = SurrogatePairs.of_state(TEXT, VECTOR)
    refused = written([(3, 0, [letters("\N{GRINNING FACE}", left=(1, 5))])])
    assert straightened(refused, read_update(refused), pairs, VECTOR) is refused
    plain = written([(3, 0, [letters("ab", left=(1, 5))])], deletes=[(3, [(0, 1)])])
    assert straightened(plain, read_update(plain), pairs, VECTOR) is plain


def test_item_in_a_character_that_was_written_in_another_one_stands_before_both() -> None:
    """The first character was straightened as well."""
    pairs = SurrogatePairs.of_state(TEXT, VECTOR)
    inner = written([(3, 0, [letters("\N{GRINNING FACE}", left=(1, 3), right=(1, 4))])])
    pairs.add(straightened(inner, read_update(inner), pairs, VECTOR))
    innermost = written([(4, 0, [letters("x", left=(3, 0), right=(3, 1))])])
    update = straightened(innermost, read_update(innermost), pairs, {**VECTOR, 3: 2})
    [struct] = iter_structs(update)
    assert struct.origins == ((1, 2), (3, 0))


@pytest.mark.parametrize(
    ("deleted", "expected"),
    [
        ((3, 1), (3, 2)),
        ((4, 1), (3, 2)),
        ((4, 2), (3, 3)),
        ((1, 3), (0, 5)),
        ((3, 2), (3, 2)),
        ((2, 1), (2, 1)),
    ],
)
def test_half_of_a_character_is_deleted_with_the_other_half(
    deleted: tuple[int, int], expected: tuple[int, int]
) -> None:
    """No reader is shown half of it."""
    update = straight(written(deletes=[(1, [deleted])]))
    assert read_update(update).deletes == {1: (expected,)}


def test_structs_stay_where_only_deletes_are_straightened() -> None:
    """And the other way round."""
    struct = letters("x", left=(1, 5))
    update = written([(3, 0, [struct])], [(1, [(4, 1)])])
    assert straight(update) == written([(3, 0, [struct])], [(1, [(3, 2)])])
    inside = letters("x", left=(1, 3), right=(1, 4))
    update = written([(3, 0, [inside])], [(1, [(2, 1)])])
    before = letters("x", left=(1, 2), right=(1, 3))
    assert straight(update) == written([(3, 0, [before])], [(1, [(2, 1)])])


def test_text_that_is_known_up_to_the_middle_of_a_character_is_refused() -> None:
    """The engine would cut it there."""
    update = written([(2, 1, [item(STRING, string("\N{GRINNING FACE}"), left=(2, 0))])])
    with pytest.raises(MalformedUpdateError):
        straight(update)


def test_pairs_of_a_state_with_other_ids_are_not_known() -> None:
    """The engine has cut a character in it, before characters were kept whole."""
    assert SurrogatePairs.of_state(TEXT, VECTOR)
    assert not SurrogatePairs.of_state(TEXT, {1: 7, 2: 2})
    assert not SurrogatePairs.of_state(written([(1, 0, [letters("a", parent="content")])]), {1: 1})
