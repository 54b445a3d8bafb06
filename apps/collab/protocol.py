"""The frames of a document's socket: y-protocols, and Scriptorium's own beside them.

Pure: bytes in, bytes out. A frame begins with its type as varUint; the caller reads that with
``Decoder.var_uint`` and passes the decoder to the function for the type. ``docs/protocol.md`` lists
who sends which frame.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

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
EVENT: Final = 104

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
    """Frame 100 as a client sends it.

    ``version_vector`` is the encoded vector of the client's document after the edit, ``copies`` its
    copy map, which most edits lack (ADR 0016).
    """

    document_id: str
    unique_id: str
    version_vector: bytes
    update: bytes
    copies: bytes = b""


class AwarenessEntry(NamedTuple):
    """The awareness state of one client; ``state_json`` is JSON text, ``null`` when it leaves."""

    client: int
    clock: int
    state_json: str


def _sync(step: int, body: bytes) -> bytes:
    out = bytearray((SYNC, step))
    write_var_bytes(out, body)
    return bytes(out)


def encode_sync_step1(vector: bytes) -> bytes:
    """Return sync step 1: a state vector, which asks for everything beyond it."""
    return _sync(SYNC_STEP1, vector)


def encode_sync_step2(update: bytes) -> bytes:
    """Return sync step 2, the answer to step 1."""
    return _sync(SYNC_STEP2, update)


def encode_sync_update(update: bytes) -> bytes:
    """Return the frame that carries an edit to, or from, a stock client."""
    return _sync(SYNC_UPDATE, update)


def encode_operation(
    document_id: str,
    unique_id: str,
    version_vector: bytes,
    update: bytes,
    copies: bytes = b"",
    seq: int | None = None,
    author_id: str | None = None,
) -> bytes:
    """Return frame 100; with ``seq`` and ``author_id`` in the form that a server sends.

    ``copies`` is part of the form that a client sends.
    """
    out = bytearray((OPERATION,))
    write_var_string(out, document_id)
    write_var_string(out, unique_id)
    write_var_bytes(out, version_vector)
    write_var_bytes(out, update)
    if seq is not None:
        write_var_uint(out, seq)
        write_var_string(out, author_id or "")
    elif copies:
        write_var_bytes(out, copies)
    return bytes(out)


def decode_operation(decoder: Decoder) -> OperationFrame:
    """Decode a client's frame 100 to its end; the vector, the update and the copy map stay bytes.

    Raises ``DecodeError``.
    """
    frame = OperationFrame(
        decoder.var_string(),
        decoder.var_string(),
        decoder.var_bytes(),
        decoder.var_bytes(),
        b"" if decoder.done() else decoder.var_bytes(),
    )
    decoder.expect_end()
    if not 0 < len(frame.unique_id) <= MAX_UNIQUE_ID_CHARS:
        raise DecodeError(f"A unique id has 1 to {MAX_UNIQUE_ID_CHARS} characters.")
    return frame


def encode_ack(unique_id: str, stage: int, seq: int) -> bytes:
    """Return frame 101, the stage that an operation has reached; ``seq`` is 0 before the log."""
    out = bytearray((ACK,))
    write_var_string(out, unique_id)
    write_var_uint(out, stage)
    write_var_uint(out, seq)
    return bytes(out)


def encode_reject(unique_id: str, code: str, message: str) -> bytes:
    """Return frame 102, the rejection of an operation."""
    out = bytearray((REJECT,))
    write_var_string(out, unique_id)
    write_var_string(out, code)
    write_var_string(out, message)
    return bytes(out)


def encode_token(expires_in_s: int) -> bytes:
    """Return frame 103, the answer to a new access token: its remaining lifetime, in seconds."""
    return bytes((TOKEN,)) + encode_var_uint(expires_in_s)


def encode_event(event: Mapping[str, Any]) -> bytes:
    """Return frame 104, an event as JSON; ``event["type"]`` names it."""
    out = bytearray((EVENT,))
    write_var_string(out, json.dumps(event, separators=(",", ":")))
    return bytes(out)


def decode_token(decoder: Decoder) -> str:
    """Decode a client's frame 103, a new access token. Raises ``DecodeError``."""
    token = decoder.var_string()
    decoder.expect_end()
    return token


def encode_permission_denied(reason: str) -> bytes:
    """Return the auth frame of y-protocols that denies the permission."""
    out = bytearray((AUTH, PERMISSION_DENIED))
    write_var_string(out, reason)
    return bytes(out)


def decode_awareness(data: bytes) -> list[AwarenessEntry]:
    """Decode an awareness update, the body of the frame; its JSON stays text.

    Raises ``DecodeError``.
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
