"""The nesting of shared types, and its bound, which protects the engine's stack."""

from collections.abc import Iterator

import pytest

from apps.crdt.codec.update_reader import read_update
from apps.crdt.engine.base import EngineDocument, get_engine
from apps.crdt.engine.nesting import MAX_NESTING, NestingGuard, NestingTooDeepError, nesting_depth
from tests.crdt.apart import Apart
from tests.crdt.samples import ALL_HISTORIES, golden, item, letters, uints, written

ARRAY = uints(0)


def arrays(depth: int, *, clock: int = 0) -> list[bytes]:
    """Return arrays inside each other, the first in a root or in the one before it."""
    return [
        item(7, ARRAY, parent=(1, at - 1) if at else "array") for at in range(clock, clock + depth)
    ]


def chain(depth: int, *, clock: int = 0) -> bytes:
    """Return an update of client 1 with such arrays."""
    return written([(1, clock, arrays(depth, clock=clock))])


def side_by_side(count: int, *, client: int = 1) -> bytes:
    """Return an update with arrays beside each other."""
    structs = [
        item(7, ARRAY, parent="array") if at == 0 else item(7, ARRAY, left=(client, at - 1))
        for at in range(count)
    ]
    return written([(client, 0, structs)])


class Guarded:
    """A document behind its guard."""

    def __init__(self) -> None:
        self.guard = NestingGuard()
        self.document: EngineDocument = get_engine("pycrdt").new_document()

    def add(self, update: bytes) -> None:
        """Check an update, then apply it."""
        self.guard.check(read_update(update), update, self.document)
        self.document.apply(update)


@pytest.mark.parametrize(
    ("name", "depth"), [("typing", 0), ("array", 1), ("map", 1), ("xml", 2), ("prosemirror", 4)]
)
def test_nesting_of_a_history_is_its_deepest_chain(name: str, depth: int) -> None:
    """A list, its item, a paragraph in it and that one's text are four."""
    assert nesting_depth(golden(name).state) == depth


@pytest.mark.parametrize("depth", [1, 2, 500])
def test_nesting_of_a_chain_is_its_length(depth: int) -> None:
    """Also with a sibling of the deepest one, and with text inside, which is no level."""
    assert nesting_depth(chain(depth)) == depth
    deepest = (1, depth - 1)
    beside = [
        item(7, ARRAY, left=deepest),
        letters("a", parent=deepest),
        letters("b", right=deepest),
    ]
    assert nesting_depth(written([(1, 0, arrays(depth)), (2, 0, beside)])) == depth
    assert nesting_depth(written([(2, 0, beside)])) == 1


def test_nesting_of_many_siblings_is_one() -> None:
    """A long chain of siblings has no depth, and needs no recursion."""
    assert nesting_depth(side_by_side(20_000)) == 1


def test_nesting_of_an_update_without_its_parent_is_its_own() -> None:
    """Its parent is not in the update; the guard adds the depth of the document."""
    assert nesting_depth(chain(3, clock=10)) == 3


def test_nesting_passes_over_gaps() -> None:
    """Of merged updates with a gap: the origin is in the gap, or behind it."""
    structs = [
        item(7, ARRAY),
        b"\x0a\x05",
        item(7, ARRAY, parent=(1, 3)),
        item(7, ARRAY, left=(1, 6)),
    ]
    assert nesting_depth(written([(1, 0, structs)])) == 2


def test_nesting_of_updates_bounds_that_of_their_state() -> None:
    """The sum over the updates is never less than the depth of the state."""
    for history in ALL_HISTORIES:
        assert nesting_depth(history.state) <= sum(map(nesting_depth, history.updates))


def test_check_of_one_update_too_deep_is_refused_and_one_less_is_not() -> None:
    """The error has the name of the limit."""
    with pytest.raises(NestingTooDeepError) as caught:
        Guarded().add(chain(MAX_NESTING + 1))
    assert caught.value.extra == {"limit": "nesting", "value": MAX_NESTING}
    Guarded().add(chain(MAX_NESTING))


def test_check_of_many_updates_of_one_level_each_ends_at_the_limit() -> None:
    """The bound applies to the document, in whatever steps its depth grows."""
    guarded = Guarded()
    for clock in range(MAX_NESTING):
        guarded.add(chain(1, clock=clock))
    with pytest.raises(NestingTooDeepError):
        guarded.add(chain(1, clock=MAX_NESTING))
    guarded.add(written([(2, 0, [letters("a", parent=(1, MAX_NESTING - 1))])]))


def test_check_of_a_new_guard_measures_the_document() -> None:
    """A document that is deep when it is loaded stays bounded."""
    guarded = Guarded()
    guarded.document.apply(chain(MAX_NESTING))
    with pytest.raises(NestingTooDeepError):
        guarded.add(chain(1, clock=MAX_NESTING))


def test_check_of_a_wide_document_lets_it_grow() -> None:
    """Many more types than the limit, none of them deep."""
    guarded = Guarded()
    for client in range(1, 6):
        guarded.add(side_by_side(MAX_NESTING - 1, client=client))
    assert nesting_depth(guarded.document.encode()) == 1


def test_count_logged_counts_an_update_that_cannot_be_refused() -> None:
    """An update that another server has logged is counted, so the next check measures in time."""
    guarded = Guarded()
    guarded.add(chain(1))
    logged = chain(MAX_NESTING - 1, clock=1)
    guarded.document.apply(logged)
    guarded.guard.count_logged(read_update(logged))
    with pytest.raises(NestingTooDeepError):
        guarded.add(chain(1, clock=MAX_NESTING))


@pytest.fixture
def apart() -> Iterator[Apart]:
    """Return the process for updates that may kill it."""
    with Apart() as process:
        yield process


def test_document_at_the_limit_can_be_deleted_from_its_root(apart: Apart) -> None:
    """The engine recurses on deletes, hence the limit."""
    deletes = written(deletes=[(1, [(0, 1)])])
    outcome = apart.attempt("pycrdt", [chain(MAX_NESTING)], deletes)
    assert outcome.error is None
    assert nesting_depth(outcome.after) == 0
