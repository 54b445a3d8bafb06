"""Convergence under any order, duplication and loss, of gate, pending operations and engine.

No room, no log: only what ``apps.crdt`` itself promises.
"""

import json
from collections.abc import Sequence
from typing import Any

import pycrdt
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.crdt.codec.update_reader import UpdateHeader, read_update
from apps.crdt.codec.vectors import Vector, decode_vector
from apps.crdt.engine import causal_gate
from apps.crdt.engine.base import get_engine
from apps.crdt.engine.causal_gate import Pending
from tests.crdt.samples import ALL_HISTORIES, apply_all, patient, view_pycrdt

ENGINE = get_engine("pycrdt")
KINDS = ("delta", "map", "array", "xml")


class Receiver:
    """A document behind the gate, which receives updates in any order."""

    def __init__(self) -> None:
        self.document: Any = ENGINE.new_document()
        self.vector: Vector = {}
        self.pending: Pending[bytes] = Pending(max_bytes=10_000_000, max_age_s=1)
        self.applied: list[bytes] = []

    def receive(self, update: bytes) -> None:
        """Apply an update and the updates that waited for it; or make it pending."""
        header = read_update(update)
        if causal_gate.missing_clocks(header, self.vector) is not None:
            self.pending.add(header, update, at=0)
            return
        self._apply(header, update)
        for released, waiting in self.pending.release(self.vector):
            self._apply(released, waiting)

    def _apply(self, header: UpdateHeader, update: bytes) -> None:
        assert causal_gate.missing_clocks(header, self.vector) is None
        brings = causal_gate.brings_structs(header, self.vector)
        self.document.apply(update, brings_structs=brings)
        causal_gate.advance(self.vector, header)
        self.applied.append(update)

    def view(self, *kinds: str) -> bytes:
        """Return the view of the document, as bytes."""
        return shown(self.document, *kinds)


def shown(document: Any, *kinds: str) -> bytes:
    """Return the view of the roots of these kinds, by default of all kinds."""
    views = [view_pycrdt(document._doc, kind) for kind in kinds or KINDS]
    return json.dumps(views, sort_keys=True).encode()


def in_order(updates: Sequence[bytes]) -> Receiver:
    """Return a receiver of the updates in the order in which they were written."""
    receiver = Receiver()
    for update in updates:
        receiver.receive(update)
        assert len(receiver.pending) == 0
    return receiver


# --- several writers ------------------------------------------------------------------------------


class Writer:
    """A writer who edits a document with every kind of root."""

    def __init__(self, client_id: int) -> None:
        self.doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=client_id)
        self.text = self.doc.get("text", type=pycrdt.Text)
        self.map = self.doc.get("map", type=pycrdt.Map)
        self.array = self.doc.get("array", type=pycrdt.Array)
        self.root = self.doc.get("default", type=pycrdt.XmlFragment)

    def edit(self, move: str, at: int) -> list[bytes]:
        """Make an edit at a position chosen by ``at``; return its update, None if there is none."""
        made: list[bytes] = []
        subscription = self.doc.observe(lambda event: made.append(bytes(event.update)))
        with self.doc.transaction():
            getattr(self, f"_{move}")(at)
        self.doc.unobserve(subscription)
        return made

    def _type(self, at: int) -> None:
        self.text.insert(at % (len(self.text) + 1), "abc"[: 1 + at % 3])

    def _erase(self, at: int) -> None:
        size = len(self.text)
        if size:
            del self.text[at % size : min(at % size + 2, size)]

    def _format(self, at: int) -> None:
        if len(self.text):
            self.text.format(at % len(self.text), len(self.text), {"bold": at % 2 == 0})

    def _set(self, at: int) -> None:
        self.map["pq"[at % 2]] = at if at % 3 else pycrdt.Array([at])

    def _unset(self, at: int) -> None:
        self.map.pop("pq"[at % 2], None)

    def _insert(self, at: int) -> None:
        self.array.insert(at % (len(self.array) + 1), at if at % 2 else pycrdt.Map({"k": at}))

    def _remove(self, at: int) -> None:
        if len(self.array):
            del self.array[at % len(self.array)]

    def _block(self, at: int) -> None:
        place = at % (len(self.root.children) + 1)
        self.root.children.insert(
            place, pycrdt.XmlElement("paragraph", {"n": str(at)}, [pycrdt.XmlText("new")])
        )

    def _write(self, at: int) -> None:
        if len(self.root.children):
            text = self.root.children[at % len(self.root.children)].children[0]
            text.insert(at % (len(str(text)) + 1), "xy")

    def _drop(self, at: int) -> None:
        if len(self.root.children):
            del self.root.children[at % len(self.root.children)]


MOVES = tuple(name[1:] for name in vars(Writer) if name.startswith("_") and name[1] != "_")
#: Who does what where, and of whose updates that one has heard before.
STEPS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(MOVES), st.integers(0, 50), st.integers(0, 3)),
    min_size=4,
    max_size=30,
)


@st.composite
def written_together(draw: st.DrawFn) -> list[bytes]:
    """Build the updates of up to four writers, in causal order."""
    writers = [Writer(client_id) for client_id in (3_000_000_001, 7, 4_294_967_295, 300)]
    updates: list[bytes] = []
    for who, move, at, heard in draw(STEPS):
        writer = writers[who]
        if heard == 0:
            for update in updates:
                writer.doc.apply_update(update)
        updates += writer.edit(move, at)
    return updates


@st.composite
def delivered(draw: st.DrawFn, updates: Sequence[bytes]) -> list[bytes]:
    """Build an order of delivery: all updates, some twice, some merged into one."""
    repeats = draw(st.lists(st.sampled_from(updates), max_size=6)) if updates else []
    bundles = (
        draw(st.lists(st.lists(st.sampled_from(updates), min_size=2, max_size=4), max_size=3))
        if updates
        else []
    )
    merged = [ENGINE.merge(bundle) for bundle in bundles]
    return draw(st.permutations([*updates, *repeats, *merged]))


@settings(patient, max_examples=150)
@given(data=st.data())
def test_any_order_with_repeats_converges_with_the_causal_order(data: st.DataObject) -> None:
    """No operation stays pending, and all views are equal."""
    updates = data.draw(written_together())
    receiver = Receiver()
    for update in data.draw(delivered(updates)):
        receiver.receive(update)
    expected = in_order(updates)
    assert len(receiver.pending) == receiver.pending.size_bytes == 0
    assert receiver.vector == expected.vector == decode_vector(receiver.document.state_vector())
    assert receiver.view() == expected.view()


@settings(patient, max_examples=100)
@given(data=st.data())
def test_any_order_of_a_golden_history_converges_with_yjs(data: st.DataObject) -> None:
    """The same with the updates of Yjs' own writers, compared with Yjs' view."""
    history = data.draw(st.sampled_from(ALL_HISTORIES))
    receiver = Receiver()
    for update in data.draw(delivered(history.updates)):
        receiver.receive(update)
    assert len(receiver.pending) == 0
    assert receiver.vector == decode_vector(history.vector)
    assert json.loads(receiver.view(history.kind)) == [history.view]


@settings(patient, max_examples=60)
@given(data=st.data())
def test_snapshot_at_any_time_has_everything_that_was_applied(data: st.DataObject) -> None:
    """A loaded snapshot has the same view and vector, and earlier updates do not change it."""
    updates = data.draw(written_together())
    receiver = Receiver()
    for update in data.draw(delivered(updates)):
        receiver.receive(update)
        loaded = ENGINE.new_document()
        apply_all(loaded, [receiver.document.encode()])
        assert decode_vector(loaded.state_vector()) == receiver.vector
        assert shown(loaded) == receiver.view()
        assert not any(loaded.apply(applied) for applied in receiver.applied)


@settings(patient, max_examples=60)
@given(data=st.data())
def test_document_that_continues_from_a_snapshot_converges(data: st.DataObject) -> None:
    """A restart loses the pending operations, which their sender sends again."""
    updates = data.draw(written_together())
    order = data.draw(delivered(updates))
    first, second = Receiver(), Receiver()
    for update in order[: len(order) // 2]:
        first.receive(update)
    second.vector = apply_all(second.document, [first.document.encode()])
    for update in [*order[len(order) // 2 :], *first.pending.clear()]:
        second.receive(update)
    assert len(second.pending) == 0
    assert second.view() == in_order(updates).view()


@settings(patient, max_examples=100)
@given(data=st.data())
def test_lost_update_leaves_its_dependents_pending_and_is_named(
    data: st.DataObject,
) -> None:
    """Independent updates are applied; dependent ones are pending, and name the missing clocks."""
    updates = data.draw(written_together().filter(bool))
    lost = data.draw(st.sampled_from(updates))
    rest = data.draw(st.permutations([update for update in updates if update != lost]))
    receiver = Receiver()
    for update in rest:
        receiver.receive(update)
    assert sorted(receiver.applied) == sorted(independent(updates, lost))
    missing = receiver.pending.missing_clocks(receiver.vector)
    assert bool(missing) == (len(receiver.pending) > 0)
    if missing:
        [(client, [(first, _)])] = read_update(lost).ranges.items()
        assert receiver.vector.get(client, 0) == first < missing[client]
    receiver.receive(lost)
    assert len(receiver.pending) == 0
    assert receiver.view() == in_order(updates).view()


def independent(updates: Sequence[bytes], lost: bytes) -> list[bytes]:
    """Return the updates that can be applied without the lost one, tried in causal order."""
    vector: Vector = {}
    without = []
    for update in updates:
        header = read_update(update)
        if update != lost and causal_gate.missing_clocks(header, vector) is None:
            causal_gate.advance(vector, header)
            without.append(update)
    return without
