"""A snapshot: the merged state of a document after an operation, and its stored form."""

import hashlib
import struct
import zlib
from dataclasses import dataclass
from typing import Self

from apps.core.errors import ConflictError
from apps.crdt.codec.structs import EMPTY_UPDATE
from apps.crdt.codec.vectors import EMPTY_VECTOR, Vector, decode_vector

_MAGIC = b"SCR1"
_HEAD = struct.Struct(">4sQI32s")


class SnapshotDamagedError(ConflictError):
    """A stored snapshot is damaged; an older one and the log remain."""

    code = "snapshot_damaged"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a document after operation ``seq``.

    ``version_vector`` is the encoded state vector, ``state`` one Yjs v1 update of everything,
    ``owners`` the owners of its client ids as ``client_owners.owners_encode`` writes them, empty
    where they are not known.
    """

    seq: int
    version_vector: bytes
    state: bytes
    owners: bytes = b""

    @property
    def vector(self) -> Vector:
        """Return the decoded version vector."""
        return decode_vector(self.version_vector)

    def encode(self) -> bytes:
        """Return the stored form: magic, seq, vector length, SHA-256, body; big-endian.

        The body is the vector and the state, compressed, and then the owners, compressed by
        themselves: a release that does not know them reads the snapshot without them. The checksum
        covers all other fields.
        """
        body = zlib.compress(self.version_vector + self.state, level=6)
        if self.owners:
            body += zlib.compress(self.owners, level=6)
        length = len(self.version_vector)
        return _HEAD.pack(_MAGIC, self.seq, length, _digest(self.seq, length, body)) + body

    @classmethod
    def decode(cls, blob: bytes) -> Self:
        """Read the stored form. Raises ``SnapshotDamagedError`` when it is damaged."""
        try:
            magic, seq, vector_length, digest = _HEAD.unpack_from(blob)
            body = blob[_HEAD.size :]
            if magic != _MAGIC or _digest(seq, vector_length, body) != digest:
                raise SnapshotDamagedError("A stored snapshot does not match its checksum.")
            reader = zlib.decompressobj()
            content = reader.decompress(body)
            owners = zlib.decompress(reader.unused_data) if reader.unused_data else b""
        except (struct.error, zlib.error) as err:
            raise SnapshotDamagedError("A stored snapshot cannot be read.") from err
        vector, state = content[:vector_length], content[vector_length:]
        return cls(seq=seq, version_vector=vector, state=state, owners=owners)


def _digest(seq: int, vector_length: int, body: bytes) -> bytes:
    return hashlib.sha256(struct.pack(">QI", seq, vector_length) + body).digest()


EMPTY = Snapshot(seq=0, version_vector=EMPTY_VECTOR, state=EMPTY_UPDATE)
