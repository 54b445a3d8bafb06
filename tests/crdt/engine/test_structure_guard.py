"""The nesting of shared types, and its bound, which protects the engine's stack."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.crdt.codec.contents import DELETED
from apps.crdt.codec.structs import GC, iter_structs
from apps.crdt.codec.update_reader import read_update
from apps.crdt.engine.base import EngineDocument, get_engine
from apps.crdt.engine.structure_guard import (
    MAX_NESTING,
    MAX_WAITING_BYTES,
    NestingTooDeepError,
    StructureGuard,
)
from apps.crdt.ids.containers import ContainerIndex, container_of
from tests.crdt.apart import Apart
from tests.crdt.samples import (
    ALL_HISTORIES,
    History,
    golden,
    item,
    letters,
    patient,
    uints,
    written,
)

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
        self.guard = StructureGuard()
        self.document: EngineDocument = get_engine("pycrdt").new_document()

    def add(self, update: bytes) -> None:
        """Check an update, then apply it."""
        self.guard.check(read_update(update), update, self.document)
        self.document.apply(update)
        self.guard.add(update)


def nesting_depth(state: bytes) -> int:
    """Return how deep the shared types of a state nest."""
    return ContainerIndex.of_state(state).depth


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


def test_nesting_of_an_update_without_its_parent_counts_one_more() -> None:
    """An unknown parent is taken for the deepest type so far, so the depth is never too low."""
    assert nesting_depth(chain(3, clock=10)) == 4


def test_nesting_passes_over_gaps() -> None:
    """Of merged updates with a gap: the origin is in the gap, or behind it."""
    structs = [
        item(7, ARRAY),
        b"\x0a\x05",
        item(7, ARRAY, parent=(1, 3)),
        item(7, ARRAY, left=(1, 6)),
    ]
    assert nesting_depth(written([(1, 0, structs)])) == 3


def test_nesting_of_structs_that_refer_to_later_ones_ends() -> None:
    """As in the state of a document whose clocks the engine has confused, or in no honest one."""
    itself = [item(7, ARRAY, left=(1, 0))]
    later = [item(7, ARRAY, left=(1, 1)), item(7, ARRAY, parent=(1, 0))]
    circle = [(1, 0, [item(7, ARRAY, left=(2, 0))]), (2, 0, [item(7, ARRAY, parent=(1, 0))])]
    assert nesting_depth(written([(1, 0, itself)])) == 1
    assert nesting_depth(written([(1, 0, later)])) == 2
    assert nesting_depth(written(circle)) >= 2


@settings(patient, max_examples=200)
@given(data=st.data())
def test_nesting_of_any_references_ends(data: st.DataObject) -> None:
    """Whatever refers to whatever, at once and behind an index of other structs."""
    ids = st.tuples(st.integers(1, 3), st.integers(0, 8))
    places: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
        {}, optional={"left": ids, "right": ids, "parent": ids}
    )
    rows = st.lists(places.map(lambda place: item(7, ARRAY, **place)), min_size=1, max_size=6)
    index = ContainerIndex()
    for _ in range(2):
        structs = [(client, data.draw(st.integers(0, 4)), data.draw(rows)) for client in (1, 2, 3)]
        index.add(written(structs))
    assert 1 <= index.depth <= 36


@settings(patient, max_examples=60)
@given(data=st.data())
def test_index_of_updates_is_the_index_of_their_state(data: st.DataObject) -> None:
    """Each id has the same container, whether it came with its update or with a whole state."""
    history = data.draw(st.sampled_from(ALL_HISTORIES))
    index = ContainerIndex()
    for update in history.updates:
        index.add(update)
    whole = ContainerIndex.of_state(history.state)
    structs = [one for one in iter_structs(history.state) if one.kind != GC]
    for struct in structs:
        one, other = index.find(struct.id), whole.find(struct.id)
        assert min(one, other) >= 0
        if struct.kind != DELETED:  # of which the updates tell what it was in
            assert container_of(one) == container_of(other)


@pytest.mark.parametrize("history", ALL_HISTORIES, ids=lambda history: history.name)
def test_guard_knows_the_container_of_each_id(history: History) -> None:
    """Also of typed text, of which it keeps no updates, between updates of others."""
    guarded = Guarded()
    guarded.add(chain(1))  # so that there is an index from the start
    for update in history.updates:
        guarded.add(update)
    guarded.guard.add_waiting()
    index = guarded.guard._index
    assert index is not None
    whole = ContainerIndex.of_state(guarded.document.encode())
    assert index.ends() == whole.ends()
    for struct in iter_structs(history.state):
        if struct.kind not in (GC, DELETED):
            for clock in (struct.id[1], struct.id[1] + struct.length - 1):
                known = index.find((struct.id[0], clock))
                assert container_of(known) == container_of(whole.find((struct.id[0], clock)))


def test_typed_text_takes_no_memory() -> None:
    """Ten people who type wait as ten runs, however long they type."""
    guarded = Guarded()
    guarded.add(chain(1))
    for clock in range(300):
        for client in range(2, 12):
            here = {"left": (client, clock - 1)} if clock else {}
            guarded.add(written([(client, clock, [letters("a", **here)])]))
    assert guarded.guard.waiting_bytes < 10 * 20
    guarded.add(written([(12, 0, [item(7, ARRAY, left=(5, 150), right=(5, 151))])]))
    index = guarded.guard._index
    assert index is not None
    assert {index.find((client, 299)) for client in range(2, 12)} == {index.find((2, 0))}


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


def test_logged_update_is_counted_though_it_cannot_be_refused() -> None:
    """An update that another server has logged is in the index before the next check."""
    guarded = Guarded()
    guarded.add(chain(1))
    logged = chain(MAX_NESTING - 1, clock=1)
    guarded.document.apply(logged)
    guarded.guard.add(logged, read_update(logged))
    with pytest.raises(NestingTooDeepError):
        guarded.add(chain(1, clock=MAX_NESTING))


def test_refused_update_leaves_no_trace() -> None:
    """The ids of a refused update may come again with another one, in another place."""
    guarded = Guarded()
    guarded.add(chain(MAX_NESTING - 1))
    with pytest.raises(NestingTooDeepError):
        guarded.add(chain(2, clock=MAX_NESTING - 1))
    guarded.add(written([(1, MAX_NESTING - 1, [item(7, ARRAY)])]))
    guarded.add(written([(1, MAX_NESTING, [item(7, ARRAY, parent=(1, MAX_NESTING - 1))])]))


class _Counted:
    """A document that counts how often its whole state is encoded."""

    def __init__(self, document: EngineDocument) -> None:
        self._document = document
        self.encoded = 0

    def encode(self, vector: bytes | None = None) -> bytes:
        self.encoded += 1
        return self._document.encode(vector)


def test_check_reads_the_whole_state_once_and_then_only_updates() -> None:
    """At the limit of depth too: an update costs its own size, not that of the document."""
    guarded = Guarded()
    guarded.document.apply(chain(MAX_NESTING - 1))
    counted: Any = _Counted(guarded.document)
    for client in range(2, 40):
        deepest = written([(client, 0, [item(7, ARRAY, parent=(1, MAX_NESTING - 2))])])
        guarded.guard.check(read_update(deepest), deepest, counted)
        guarded.document.apply(deepest)
        guarded.guard.add(deepest)
    assert counted.encoded == 1


def test_keystrokes_wait_for_the_next_check_within_bounds() -> None:
    """A keystroke is not indexed by itself; many of them are, so that no later update pays."""
    guarded = Guarded()
    guarded.add(chain(1))
    guarded.add(written([(2, 0, [letters("a")])]))
    assert guarded.guard.waiting_bytes > 0
    for clock in range(1, 40):
        text = "a" * (MAX_WAITING_BYTES // 20)
        update = written([(2, 1 + (clock - 1) * len(text), [letters(text)])])
        guarded.document.apply(update)
        guarded.guard.add(update, read_update(update))
        assert guarded.guard.waiting_bytes <= MAX_WAITING_BYTES


#: Half an emoji is deleted, with an embed and a mark behind it: the engine's clocks are wrong from
#: then on (ADR 0001). Then an element. The guard once looked for a parent without end.
HANG = [
    bytes.fromhex("010301000401017404f09f9880850101027b7d86010204626f6c64046e756c6c0101010001"),
    bytes.fromhex("0101020007010764656661756c74030970617261677261706800"),
]


def add_all(updates: Sequence[bytes]) -> bytes:
    """Add updates to a guarded document; return its state."""
    guarded = Guarded()
    for update in updates:
        guarded.add(update)
    return guarded.document.encode()


def test_check_of_a_document_with_wrong_clocks_ends() -> None:
    """In a process of its own, with a deadline."""
    with Apart() as process:
        assert process.call(add_all, HANG)


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
