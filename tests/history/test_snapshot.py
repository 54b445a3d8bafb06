"""The stored form of a snapshot: encoding, decoding, damage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.history.snapshot import Snapshot, SnapshotDamagedError


@given(seq=st.integers(0, 2**53), vector=st.binary(max_size=50), state=st.binary(max_size=500))
def test_snapshot_round_trip(seq: int, vector: bytes, state: bytes) -> None:
    """Encoding and decoding are inverse."""
    snapshot = Snapshot(seq=seq, version_vector=vector, state=state)
    assert Snapshot.decode(snapshot.encode()) == snapshot


@given(data=st.data())
def test_snapshot_with_any_flipped_byte_is_refused(data: st.DataObject) -> None:
    """The checksum covers the seq, the vector and the state."""
    packed = bytearray(Snapshot(seq=3, version_vector=b"\x00", state=b"state" * 20).encode())
    index = data.draw(st.integers(0, len(packed) - 1))
    packed[index] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SnapshotDamagedError):
        Snapshot.decode(bytes(packed))


@pytest.mark.parametrize("packed", [b"", b"SCR1", b"x" * 100])
def test_bytes_that_are_no_snapshot_are_refused(packed: bytes) -> None:
    """Truncated bytes, or something else."""
    with pytest.raises(SnapshotDamagedError):
        Snapshot.decode(packed)
