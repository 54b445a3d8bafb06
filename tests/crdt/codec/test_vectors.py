"""Version vectors: Yjs' own bytes, and the laws that the gate depends on."""

import pycrdt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.crdt.codec.lib0 import MAX_SAFE_INTEGER, DecodeError
from apps.crdt.codec.vectors import (
    COPIED_CLIENTS,
    EDIT_VECTOR_BYTES,
    Vector,
    VectorOverlay,
    check_vector,
    covers,
    decode_vector,
    encode_bounded,
    encode_vector,
    growing_vector,
    merge_into,
    whole_vector,
)
from tests.crdt.samples import ALL_HISTORIES, load, patient, uints, unpack

#: Few clients and low clocks, so that two vectors often speak of the same.
VECTORS = st.dictionaries(st.integers(1, 5), st.integers(0, 4), max_size=5)
WIDE_VECTORS = st.dictionaries(
    st.integers(0, MAX_SAFE_INTEGER), st.integers(0, MAX_SAFE_INTEGER), max_size=8
)


def merged(first: Vector, second: Vector) -> Vector:
    """Return the maximum of two vectors as a new one."""
    result = dict(first)
    merge_into(result, second)
    return result


def known(vector: Vector) -> set[tuple[int, int]]:
    """Return every (client, clock) that a vector has."""
    return {(client, at) for client, clock in vector.items() for at in range(clock)}


@pytest.mark.parametrize("number", [0, 1])
def test_vector_equals_that_of_yjs(number: int) -> None:
    """Golden vectors, byte for byte, in both directions."""
    encoded = unpack(load("frames")["vectors"][number])
    vector = dict(load("frames")["vectors_decoded"][number])
    assert decode_vector(encoded) == vector
    assert encode_vector(vector) == encoded


def test_vectors_of_histories_are_written_as_yjs_writes_them() -> None:
    """With several clients, higher ones first."""
    for history in ALL_HISTORIES:
        assert encode_vector(decode_vector(history.vector)) == history.vector


@patient
@given(vector=WIDE_VECTORS)
def test_vector_round_trips(vector: Vector) -> None:
    """With any clients and clocks."""
    assert decode_vector(encode_vector(vector)) == vector


def test_vector_is_accepted_by_the_engine() -> None:
    """For an encoded vector the engine returns exactly the rest."""
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc(client_id=7)
    text = doc.get("t", type=pycrdt.Text)
    text += "abc"
    assert doc.get_update(encode_vector({7: 3, 9: 1})) == b"\x00\x00"
    assert doc.get_update(encode_vector({7: 2, 9: 1})) != b"\x00\x00"


@patient
@given(vector=WIDE_VECTORS)
def test_vector_cut_off_or_with_trailing_bytes_is_refused(vector: Vector) -> None:
    """No prefix of a vector is a vector, and no bytes may follow it."""
    encoded = encode_vector(vector)
    for wrong in (encoded + b"\x00", *(encoded[:end] for end in range(len(encoded)))):
        with pytest.raises(DecodeError):
            decode_vector(wrong)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (uints(2, 7, 1, 7, 2), "twice"),
        (uints(2**40), "more clients"),
        (uints(1, 2**53, 1), "53 bits"),
        (b"\x01\x87\x00\x01", "longer than needed"),
    ],
)
def test_vector_that_no_honest_client_writes_is_refused(data: bytes, message: str) -> None:
    """A client twice, more clients than bytes, integers too large or too long."""
    with pytest.raises(DecodeError, match=message):
        decode_vector(data)


def test_check_reads_no_vector_over_the_limit() -> None:
    """So its cost does not depend on the length."""
    check_vector(encode_vector({7: 1}))
    check_vector(b"\xff" * (EDIT_VECTOR_BYTES + 1))
    with pytest.raises(DecodeError):
        check_vector(b"\xff" * EDIT_VECTOR_BYTES)


@patient
@given(first=VECTORS, second=VECTORS)
def test_covers_is_true_for_a_superset_of_clocks(first: Vector, second: Vector) -> None:
    """A client with clock 0 counts as unknown."""
    assert covers(first, second) == (known(first) >= known(second))


@patient
@given(first=VECTORS, second=VECTORS)
def test_merge_into_is_the_union_of_both(first: Vector, second: Vector) -> None:
    """The least vector that covers both; the other vector is unchanged."""
    before = dict(second)
    both = merged(first, second)
    assert known(both) == known(first) | known(second)
    assert covers(both, first)
    assert covers(both, second)
    assert second == before


@patient
@given(first=VECTORS, second=VECTORS, third=VECTORS)
def test_merge_into_has_the_laws_of_a_join(first: Vector, second: Vector, third: Vector) -> None:
    """Merging is commutative, associative and idempotent."""
    assert known(merged(first, second)) == known(merged(second, first))
    assert merged(merged(first, second), third) == merged(first, merged(second, third))
    assert merged(first, first) == first


@patient
@pytest.mark.parametrize("extra", [0, COPIED_CLIENTS], ids=["a copy", "an overlay"])
@given(base=VECTORS, first=VECTORS, second=VECTORS)
def test_growing_vector_grows_by_itself(
    extra: int, base: Vector, first: Vector, second: Vector
) -> None:
    """Neither the vector below nor a copy follows, and reading it is as reading a merged vector."""
    before = dict(base)
    many = {2**20 + client: 1 for client in range(extra)}
    base.update(many)
    before.update(many)
    overlay = growing_vector(base)
    for client, clock in first.items():
        overlay[client] = clock
    copy = overlay.copy()
    for client, clock in second.items():
        copy[client] = clock
    assert base == before
    for client in range(1, 6):
        assert overlay.get(client, 0) == {**base, **first}.get(client, 0)
        assert copy.get(client, 0) == {**base, **first, **second}.get(client, 0)
    assert whole_vector(overlay) == {**base, **first}
    assert isinstance(overlay, VectorOverlay) == (len(base) > COPIED_CLIENTS)


@pytest.mark.parametrize("clients", [0, 1, 500, 2_000, 100_000])
def test_bounded_vector_is_whole_or_none(clients: int) -> None:
    """At the limit of bytes; one with too many clients is not even encoded."""
    vector = {2**31 + client: 2_000 for client in range(clients)}
    encoded = encode_bounded(vector)
    if len(encode_vector(vector)) <= EDIT_VECTOR_BYTES:
        assert encoded is not None
        assert decode_vector(encoded) == vector
    else:
        assert encoded is None
