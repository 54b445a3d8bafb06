"""The frames of a document's socket: y-protocols, and Scriptorium's own beside them.

Pure: bytes in, bytes out. A frame begins with its type as varUint; a caller reads that with
``Decoder.var_uint`` and hands the decoder on. ``docs/protocol.md`` lists who sends which frame.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from apps.crdt.codec.lib0 import (
    DecodeError,
    Decoder,
    encode_var_uint,
    write_var_bytes,
    write_var_string,
    write_var_uint,
)

#: Types of frames: those of y-protocols.
SYNC: Final = 0
AWARENESS: Final = 1
AUTH: Final = 2
QUERY_AWARENESS: Final = 3
#: Types of frames: ours, for clients that offer the subprotocol ``scriptorium.v1``.
OPERATION: Final = 100
ACK: Final = 101
REJECT: Final = 102
TOKEN: Final = 103

#: Steps inside a sync frame.
SYNC_STEP1: Final = 0
SYNC_STEP2: Final = 1
SYNC_UPDATE: Final = 2

#: Stages of an ack.
STAGE_RECEIVED: Final = 0
STAGE_PERSISTED: Final = 1
STAGE_DUPLICATE: Final = 2

#: The one kind of auth frame.
PERMISSION_DENIED: Final = 0

#: Most entries in one awareness frame; a room's limit on sessions is far below it.
MAX_AWARENESS_ENTRIES: Final = 1024
#: Longest unique id of an operation, in characters.
MAX_UNIQUE_ID_CHARS: Final = 128


class OperationFrame(NamedTuple):
    """One edit of a client, as it comes.

    ``version_vector`` is the encoded vector of the client's document after the edit.
    """

    document_id: str
    unique_id: str
    version_vector: bytes
    update: bytes


class AwarenessEntry(NamedTuple):
    """The presence of one client; ``state_json`` is JSON text, ``null`` when it goes."""

    client: int
    clock: int
    state_json: str


def _sync(step: int, body: bytes) -> bytes:
    out = bytearray((SYNC, step))
    write_var_bytes(out, body)
    return bytes(out)


def encode_sync_step1(vector: bytes) -> bytes:
    """Return the frame that says what one knows, and so asks for the rest."""
    return _sync(SYNC_STEP1, vector)


def encode_sync_step2(update: bytes) -> bytes:
    """Return the frame that answers step 1."""
    return _sync(SYNC_STEP2, update)


def encode_sync_update(update: bytes) -> bytes:
    """Return the frame that carries an edit to, or from, a plain client."""
    return _sync(SYNC_UPDATE, update)


def encode_operation(
    document_id: str,
    unique_id: str,
    version_vector: bytes,
    update: bytes,
    seq: int | None = None,
    author_id: str | None = None,
) -> bytes:
    """Return an operation; with ``seq`` and ``author_id`` it is the server's form."""
    out = bytearray((OPERATION,))
    write_var_string(out, document_id)
    write_var_string(out, unique_id)
    write_var_bytes(out, version_vector)
    write_var_bytes(out, update)
    if seq is not None:
        write_var_uint(out, seq)
        write_var_string(out, author_id or "")
    return bytes(out)


def decode_operation(decoder: Decoder) -> OperationFrame:
    """Read a client's operation to the end of the frame; raise DecodeError.

    The vector and the update are handed on unread.
    """
    frame = OperationFrame(
        decoder.var_string(), decoder.var_string(), decoder.var_bytes(), decoder.var_bytes()
    )
    decoder.expect_end()
    if not 0 < len(frame.unique_id) <= MAX_UNIQUE_ID_CHARS:
        raise DecodeError(f"A unique id has 1 to {MAX_UNIQUE_ID_CHARS} characters.")
    return frame


def encode_ack(unique_id: str, stage: int, seq: int) -> bytes:
    """Return the word on how far an operation has come; ``seq`` is 0 while it has none."""
    out = bytearray((ACK,))
    write_var_string(out, unique_id)
    write_var_uint(out, stage)
    write_var_uint(out, seq)
    return bytes(out)


def encode_reject(unique_id: str, code: str, message: str) -> bytes:
    """Return the refusal of an operation."""
    out = bytearray((REJECT,))
    write_var_string(out, unique_id)
    write_var_string(out, code)
    write_var_string(out, message)
    return bytes(out)


def encode_token(expires_in_s: int) -> bytes:
    """Return the answer to a new access token: for how many seconds it is good."""
    return bytes((TOKEN,)) + encode_var_uint(expires_in_s)


def decode_token(decoder: Decoder) -> str:
    """Read a client's new access token to the end of the frame; raise DecodeError."""
    token = decoder.var_string()
    decoder.expect_end()
    return token


def encode_permission_denied(reason: str) -> bytes:
    """Return the frame by which y-protocols says that one may not."""
    out = bytearray((AUTH, PERMISSION_DENIED))
    write_var_string(out, reason)
    return bytes(out)


def decode_awareness(data: bytes) -> list[AwarenessEntry]:
    """Read an awareness update (the body inside the frame); raise DecodeError.

    The JSON is handed on unread.
    """
    decoder = Decoder(data)
    count = decoder.var_uint()
    if count > MAX_AWARENESS_ENTRIES:
        raise DecodeError(f"An awareness update has at most {MAX_AWARENESS_ENTRIES} entries.")
    entries = [
        AwarenessEntry(decoder.var_uint(), decoder.var_uint(), decoder.var_string())
        for _ in range(count)
    ]
    decoder.expect_end()
    if len({entry.client for entry in entries}) != count:
        raise DecodeError("An awareness update names a client twice.")
    return entries


def encode_awareness(entries: Sequence[AwarenessEntry]) -> bytes:
    """Return an awareness frame with these entries."""
    body = bytearray()
    write_var_uint(body, len(entries))
    for entry in entries:
        write_var_uint(body, entry.client)
        write_var_uint(body, entry.clock)
        write_var_string(body, entry.state_json)
    out = bytearray((AWARENESS,))
    write_var_bytes(out, bytes(body))
    return bytes(out)
