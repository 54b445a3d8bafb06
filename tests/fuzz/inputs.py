"""The hostile inputs of a run: frames of a socket, REST calls, Kafka messages. Pure.

An input names no document. It has ``DOCUMENT`` in its place, so that the same input can be sent
again to another document when a failure is shrunk.
"""

from typing import Final, NamedTuple

#: Stands for the id of the document, in bytes and in paths; as long as an id.
DOCUMENT: Final = "f0220000-0000-4000-8000-00000000f022"

#: Opcodes of WebSocket frames (RFC 6455, 11.8).
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class WireFrame(NamedTuple):
    """One frame of a WebSocket as it goes over the wire."""

    opcode: int
    payload: bytes
    is_final: bool = True
    reserved: int = 0
    is_masked: bool = True


class SocketInput(NamedTuple):
    """Frames that one hostile session sends; ``who`` is a key of ``people.SESSIONS``."""

    who: str
    frames: tuple[WireFrame, ...]

    def __str__(self) -> str:
        parts = [
            f"{one.opcode:x}{'' if one.is_final else '+'} {one.payload[:2000].hex()}"
            for one in self.frames
        ]
        return f"socket {self.who}: {', '.join(parts)}"


class RestInput(NamedTuple):
    """A REST call; ``path`` is below ``/api/v1/``."""

    who: str
    method: str
    path: str
    body: bytes
    content_type: str

    def __str__(self) -> str:
        return (
            f"rest {self.who}: {self.method} {self.path} {self.content_type} {self.body[:2000]!r}"
        )


class KafkaInput(NamedTuple):
    """A message to the topic of operations."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]

    def __str__(self) -> str:
        return f"kafka {self.key!r}: {self.value!r} {self.headers!r}"


Input = SocketInput | RestInput | KafkaInput


def addressed(data: bytes, document_id: str) -> bytes:
    """Return bytes with the id of a document in place of ``DOCUMENT``."""
    return data.replace(DOCUMENT.encode(), document_id.encode())
