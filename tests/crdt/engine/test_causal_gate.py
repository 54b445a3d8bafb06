"""The causal gate and what it sets aside."""

import pycrdt
import pytest

from apps.crdt.codec.update_reader import UpdateHeader, read_update
from apps.crdt.codec.vectors import Vector
from apps.crdt.engine import causal_gate
from apps.crdt.engine.causal_gate import ENTRY_COST_BYTES, Pending, PendingFullError


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


def test_missing_with_all_needs_known_is_none() -> None:
    """The next letter of a known writer may be applied."""
    first, second = typed("ab", client=7)
    assert causal_gate.missing(first, {}) is None
    assert causal_gate.missing(second, {7: 1}) is None


def test_missing_with_a_gap_names_the_clock() -> None:
    """A letter whose predecessor has not come says what it waits for."""
    _, _, third = typed("abc", client=7)
    assert causal_gate.missing(third, {7: 1}) == {7: 2}


def test_brings_structs_is_false_for_what_is_known() -> None:
    """The same update again brings nothing."""
    first, second = typed("ab", client=7)
    vector: Vector = {}
    assert causal_gate.brings_structs(first, vector)
    causal_gate.advance(vector, first)
    assert vector == {7: 1}
    assert not causal_gate.brings_structs(first, vector)
    assert causal_gate.brings_structs(second, vector)


def test_release_in_reverse_order_gives_the_right_one() -> None:
    """What came backwards goes forwards, and the caller's vector stays as it is."""
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
    """The bound holds, counts an overhead for each, and a refused one leaves no trace."""
    _, second, third = typed("abc", client=7)
    pending: Pending[str] = Pending(max_bytes=ENTRY_COST_BYTES + second.size, max_age_s=60)
    pending.add(second, "second", at=0)
    with pytest.raises(PendingFullError) as caught:
        pending.add(third, "third", at=0)
    assert caught.value.extra["value"] == ENTRY_COST_BYTES + second.size
    assert pending.clear() == ["second"]
    assert pending.size_bytes == 0


def test_expire_takes_out_the_old_and_keeps_the_rest() -> None:
    """What is too old comes back to the caller; what is not is still released later."""
    _, second, third = typed("abc", client=7)
    pending: Pending[str] = Pending(max_bytes=10_000, max_age_s=60)
    pending.add(third, "old", at=0)
    pending.release({})
    pending.add(second, "young", at=50)
    assert pending.missing({}) == {7: 2}
    assert pending.expire(at=60) == []
    assert pending.expire(at=61) == ["old"]
    assert pending.missing({}) == {7: 1}
    assert [item for _, item in pending.release({7: 1})] == ["young"]


def test_missing_of_nothing_pending_is_empty() -> None:
    """Nothing kept, nothing missing."""
    pending: Pending[str] = Pending(max_bytes=10_000, max_age_s=60)
    assert pending.missing({}) == {}
    assert pending.release({1: 1}) == []
