"""Version vectors: the number of known clocks of each client (Yjs: state vectors).

Compare vectors decoded, never as bytes: engines write clients in any order. A document has as many
clients as it had page loads, so nothing that happens at each edit copies or encodes a whole vector:
an operation has a partial vector, of the clients that its update touches.
"""

from typing import Final, Protocol

from apps.crdt.codec.lib0 import DecodeError, Decoder, write_var_uint

#: Client to the number of its known clocks.
Vector = dict[int, int]

#: The encoded vector without clients: that of an empty document.
EMPTY_VECTOR: Final = b"\x00"

#: The largest encoded vector that is written at each edit, in bytes: that of about 550 clients.
EDIT_VECTOR_BYTES: Final = 4_096

#: A vector of at most so many clients is copied where it has to grow: reading a copy is faster.
COPIED_CLIENTS: Final = 64


class Clocks(Protocol):
    """What is known of each client: a vector, or one that grows over another."""

    def get(self, client: int, default: int, /) -> int:
        """Return the number of known clocks of a client."""
        ...


class GrowingClocks(Clocks, Protocol):
    """Clocks that can advance."""

    def __setitem__(self, client: int, clock: int, /) -> None: ...


class VectorOverlay:
    """A vector that grows over another one, which it leaves as it is; it costs what it changes."""

    __slots__ = ("_base", "_own")

    def __init__(self, base: Clocks, own: Vector | None = None) -> None:
        self._base = base
        self._own: Vector = {} if own is None else own

    def get(self, client: int, default: int, /) -> int:
        """Return the number of known clocks of a client."""
        clock = self._own.get(client)
        return self._base.get(client, default) if clock is None else clock

    def __setitem__(self, client: int, clock: int, /) -> None:
        self._own[client] = clock

    def whole(self) -> Vector:
        """Return all clocks as one vector; costs a copy of all of them."""
        if isinstance(self._base, VectorOverlay):
            return {**self._base.whole(), **self._own}
        assert isinstance(self._base, dict)  # noqa: S101 - there are no other clocks
        return {**self._base, **self._own}

    def copy(self) -> "VectorOverlay":
        """Return an overlay with the same clocks, which grows by itself."""
        return VectorOverlay(self._base, self._own.copy())


#: A vector that may grow, or an overlay in its place.
GrowingVector = Vector | VectorOverlay


def growing_vector(vector: Vector) -> GrowingVector:
    """Return the same clocks, which grow by themselves; costs little, however many they are."""
    return vector.copy() if len(vector) <= COPIED_CLIENTS else VectorOverlay(vector)


def whole_vector(vector: GrowingVector) -> Vector:
    """Return all clocks as one vector, which may be ``vector`` itself."""
    return vector.whole() if isinstance(vector, VectorOverlay) else vector


def decode_vector(data: bytes, *, max_clients: int | None = None) -> Vector:
    """Decode a vector.

    Raise DecodeError if the bytes are not exactly one vector, of at most ``max_clients``.
    """
    decoder = Decoder(data)
    count = decoder.var_uint()
    if max_clients is not None and count > max_clients:
        raise DecodeError("A version vector declares more clients than a document can have.")
    if count * 2 > len(data):
        raise DecodeError("A version vector declares more clients than its bytes can have.")
    vector: Vector = {}
    for _ in range(count):
        client = decoder.var_uint()
        if client in vector:
            raise DecodeError("A version vector has a client twice.")
        vector[client] = decoder.var_uint()
    decoder.expect_end()
    return vector


def check_vector(data: bytes) -> None:
    """Raise DecodeError if a client's vector is none; one over ``EDIT_VECTOR_BYTES`` is not read.

    The server has vectors of its own. A whole vector of many clients would cost its sender's
    server more than the edit beside it.
    """
    if len(data) <= EDIT_VECTOR_BYTES:
        decode_vector(data)


def encode_vector(vector: Vector) -> bytes:
    """Encode a vector, higher clients first, as Yjs does."""
    out = bytearray()
    write_var_uint(out, len(vector))
    for client in sorted(vector, reverse=True):
        write_var_uint(out, client)
        write_var_uint(out, vector[client])
    return bytes(out)


def is_oversized(vector: Vector) -> bool:
    """Return whether a vector has too many clients for ``EDIT_VECTOR_BYTES``, however short."""
    return len(vector) * 2 > EDIT_VECTOR_BYTES


def encode_bounded(vector: Vector) -> bytes | None:
    """Encode a vector that fits into ``EDIT_VECTOR_BYTES``; return None for a larger one."""
    if is_oversized(vector):
        return None
    encoded = encode_vector(vector)
    return encoded if len(encoded) <= EDIT_VECTOR_BYTES else None


def covers(vector: Clocks, other: Vector) -> bool:
    """Return whether ``vector`` has every clock that ``other`` has."""
    known = vector.get
    return all(known(client, 0) >= clock for client, clock in other.items())


def merge_into(target: Vector, other: Vector) -> None:
    """Advance ``target``, in place, to the maximum of both vectors."""
    known = target.get
    for client, clock in other.items():
        if known(client, 0) < clock:
            target[client] = clock
