"""A snapshot: the merged state of a document after one operation, and its form in storage."""

import hashlib
import struct
import zlib
from dataclasses import dataclass
from typing import Self

from apps.core.errors import ConflictError
from apps.crdt.codec.vectors import Vector, decode_vector

_MAGIC = b"SCR1"
_HEAD = struct.Struct(">4sQI32s")


class SnapshotDamagedError(ConflictError):
    """A stored snapshot is not what was written; there is an older one, and the log."""

    code = "snapshot_damaged"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a document after operation ``seq``.

    ``version_vector`` is the encoded state vector, ``state`` one Yjs v1 update of everything.
    """

    seq: int
    version_vector: bytes
    state: bytes

    @property
    def vector(self) -> Vector:
        """Return the decoded version vector."""
        return decode_vector(self.version_vector)

    def pack(self) -> bytes:
        """Return the stored form: magic, seq, vector length, SHA-256, body; big-endian.

        The body is the vector and the state, compressed; the checksum covers all the others.
        """
        body = zlib.compress(self.version_vector + self.state, level=6)
        length = len(self.version_vector)
        return _HEAD.pack(_MAGIC, self.seq, length, _digest(self.seq, length, body)) + body

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """Read the stored form. Raises ``SnapshotDamagedError`` unless it is whole."""
        try:
            magic, seq, vector_length, digest = _HEAD.unpack_from(packed)
            body = packed[_HEAD.size :]
            if magic != _MAGIC or _digest(seq, vector_length, body) != digest:
                raise SnapshotDamagedError("A stored snapshot does not match its checksum.")
            content = zlib.decompress(body)
        except (struct.error, zlib.error) as err:
            raise SnapshotDamagedError("A stored snapshot cannot be read.") from err
        return cls(seq=seq, version_vector=content[:vector_length], state=content[vector_length:])


def _digest(seq: int, vector_length: int, body: bytes) -> bytes:
    return hashlib.sha256(struct.pack(">QI", seq, vector_length) + body).digest()


EMPTY = Snapshot(seq=0, version_vector=b"\x00", state=b"\x00\x00")
