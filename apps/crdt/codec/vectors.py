"""Version vectors: the number of known clocks of each client (Yjs: state vectors).

Compare vectors decoded, never as bytes: engines write clients in any order.
"""

from typing import Final

from apps.crdt.codec.lib0 import DecodeError, Decoder, write_var_uint

#: Client to the number of its known clocks.
Vector = dict[int, int]

#: The encoded vector without clients: that of an empty document.
EMPTY_VECTOR: Final = b"\x00"


def decode_vector(data: bytes) -> Vector:
    """Decode a vector; raise DecodeError if the bytes are not exactly one vector."""
    decoder = Decoder(data)
    count = decoder.var_uint()
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


def encode_vector(vector: Vector) -> bytes:
    """Encode a vector, higher clients first, as Yjs does."""
    out = bytearray()
    write_var_uint(out, len(vector))
    for client in sorted(vector, reverse=True):
        write_var_uint(out, client)
        write_var_uint(out, vector[client])
    return bytes(out)


def covers(vector: Vector, other: Vector) -> bool:
    """Return whether ``vector`` has every clock that ``other`` has."""
    known = vector.get
    return all(known(client, 0) >= clock for client, clock in other.items())


def merge_into(target: Vector, other: Vector) -> None:
    """Advance ``target``, in place, to the maximum of both vectors."""
    known = target.get
    for client, clock in other.items():
        if known(client, 0) < clock:
            target[client] = clock
