"""The causal gate and its pending operations."""

import pycrdt
import pytest

from apps.crdt.codec.update_reader import UpdateHeader, read_update
from apps.crdt.codec.vectors import Vector
from apps.crdt.engine import causal_gate
from apps.crdt.engine.causal_gate import ENTRY_COST_BYTES, Pending, PendingFullError
from tests.crdt.samples import uints


def typed(letters: str, client: int) -> list[UpdateHeader]:
    """Return the headers of one update per letter."""
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc(client_id=client)
    text = doc.get("t", type=pycrdt.Text)
    headers = []
    for letter in letters:
        before = doc.get_state()
        text += letter
        headers.append(read_update(doc.get_update(before)))
    return headers


def test_missing_clocks_with_all_needs_known_are_none() -> None:
    """The next letter of a known writer may be applied."""
    first, second = typed("ab", client=7)
    assert causal_gate.missing_clocks(first, {}) is None
    assert causal_gate.missing_clocks(second, {7: 1}) is None


def test_missing_clocks_with_a_gap_name_the_clock() -> None:
    """A letter whose predecessor has not arrived waits for the predecessor's clock."""
    _, _, third = typed("abc", client=7)
    assert causal_gate.missing_clocks(third, {7: 1}) == {7: 2}


def test_brings_structs_is_false_for_what_is_known() -> None:
    """The same update again has no new structs."""
    first, second = typed("ab", client=7)
    vector: Vector = {}
    assert causal_gate.brings_structs(first, vector)
    causal_gate.advance(vector, first)
    assert vector == {7: 1}
    assert not causal_gate.brings_structs(first, vector)
    assert causal_gate.brings_structs(second, vector)


def test_touched_vector_has_the_clients_of_the_update_only() -> None:
    """Those that it inserts and those that it needs, with their clocks after it."""
    first, second = typed("ab", client=7)
    vector: Vector = dict.fromkeys(range(100, 200), 9)
    for header in (first, second):
        causal_gate.advance(vector, header)
    assert causal_gate.touched_vector([second], vector) == {7: 2}
    deleting = read_update(uints(0, 1, 150, 1, 3, 2))
    assert causal_gate.touched_vector([second, deleting], vector) == {7: 2, 150: 9}


def test_release_of_operations_added_in_reverse_is_in_causal_order() -> None:
    """Operations added backwards are released forwards, and the caller's vector is unchanged."""
    headers = typed("abcdef", client=7)
    pending: Pending[int] = Pending(max_bytes=10_000, max_age_s=60)
    for number in reversed(range(1, 6)):
        pending.add(headers[number], number, at=0)
    assert pending.release({}) == []
    vector = {7: 1}
    assert [item for _, item in pending.release(vector)] == [1, 2, 3, 4, 5]
    assert vector == {7: 1}
    assert len(pending) == 0
    assert pending.size_bytes == 0


def test_add_over_the_limit_is_refused() -> None:
    """The bound counts an overhead for each operation; a refused one is not counted."""
    _, second, third = typed("abc", client=7)
    pending: Pending[str] = Pending(max_bytes=ENTRY_COST_BYTES + second.size, max_age_s=60)
    pending.add(second, "second", at=0)
    with pytest.raises(PendingFullError) as caught:
        pending.add(third, "third", at=0)
    assert caught.value.extra["value"] == ENTRY_COST_BYTES + second.size
    assert pending.clear() == ["second"]
    assert pending.size_bytes == 0


def test_expire_removes_the_old_and_keeps_the_rest() -> None:
    """An item that is too old is returned; a younger one is still released later."""
    _, second, third = typed("abc", client=7)
    pending: Pending[str] = Pending(max_bytes=10_000, max_age_s=60)
    pending.add(third, "old", at=0)
    pending.release({})
    pending.add(second, "young", at=50)
    assert pending.missing_clocks({}) == {7: 2}
    assert pending.expire(at=60) == []
    assert pending.expire(at=61) == ["old"]
    assert pending.missing_clocks({}) == {7: 1}
    assert [item for _, item in pending.release({7: 1})] == ["young"]


def test_missing_clocks_without_pending_operations_are_empty() -> None:
    """Without pending operations no clock is missing."""
    pending: Pending[str] = Pending(max_bytes=10_000, max_age_s=60)
    assert pending.missing_clocks({}) == {}
    assert pending.release({1: 1}) == []
