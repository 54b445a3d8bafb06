"""Version vectors: per client, how many clocks of it are known (Yjs calls them state vectors).

Compare them decoded, never as bytes: engines may write clients in any order.
"""

from apps.crdt.codec.lib0 import DecodeError, Decoder, write_var_uint

#: Client to number of its clocks that are known.
Vector = dict[int, int]


def decode_vector(data: bytes) -> Vector:
    """Read an encoded vector; raise DecodeError unless it is one from beginning to end."""
    decoder = Decoder(data)
    count = decoder.var_uint()
    if count * 2 > len(data):
        raise DecodeError("A version vector names more clients than it has room for.")
    vector: Vector = {}
    for _ in range(count):
        client = decoder.var_uint()
        if client in vector:
            raise DecodeError("A version vector names a client twice.")
        vector[client] = decoder.var_uint()
    decoder.expect_end()
    return vector


def encode_vector(vector: Vector) -> bytes:
    """Write a vector, higher clients first as Yjs does."""
    out = bytearray()
    write_var_uint(out, len(vector))
    for client in sorted(vector, reverse=True):
        write_var_uint(out, client)
        write_var_uint(out, vector[client])
    return bytes(out)


def covers(vector: Vector, other: Vector) -> bool:
    """Tell whether ``vector`` knows everything that ``other`` knows."""
    known = vector.get
    return all(known(client, 0) >= clock for client, clock in other.items())


def merge_into(target: Vector, other: Vector) -> None:
    """Raise ``target``, in place, to what either of the two knows."""
    known = target.get
    for client, clock in other.items():
        if known(client, 0) < clock:
            target[client] = clock
