"""A WebSocket client that sends any frames, also those that the protocol forbids."""

import asyncio
import base64
import contextlib
import os
from typing import Self
from urllib.parse import urlsplit

from tests.fuzz.inputs import WireFrame

#: How long the server may take for the handshake, in seconds.
HANDSHAKE_S = 20.0
#: How long a sender waits while the server reads nothing, in seconds; it then gives up.
SEND_S = 20.0


class RawSocket:
    """One connection. All that the server sends is read and discarded."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._drain = asyncio.create_task(_discard(reader))

    @classmethod
    async def open(cls, url: str, path: str, *, subprotocols: str = "") -> Self:
        """Connect and shake hands; raises OSError, EOFError or TimeoutError."""
        address = urlsplit(url)
        async with asyncio.timeout(HANDSHAKE_S):
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            key = base64.b64encode(os.urandom(16)).decode()
            offered = f"Sec-WebSocket-Protocol: {subprotocols}\r\n" if subprotocols else ""
            writer.write(
                f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n{offered}"
                f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
            )
            await reader.readuntil(b"\r\n\r\n")
        return cls(reader, writer)

    @property
    def is_open(self) -> bool:
        """Return whether the server has not ended the connection."""
        return not self._drain.done()

    async def send(self, *frames: WireFrame) -> None:
        """Send frames at once; raises OSError or TimeoutError."""
        self._writer.write(b"".join(map(encoded, frames)))
        async with asyncio.timeout(SEND_S):
            await self._writer.drain()

    async def close(self) -> None:
        """End the connection without a farewell."""
        self._drain.cancel()
        await asyncio.wait([self._drain])
        self._writer.transport.abort()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


def encoded(frame: WireFrame) -> bytes:
    """Return a frame as bytes (RFC 6455, 5.2)."""
    out = bytearray((frame.is_final << 7 | frame.reserved << 4 | frame.opcode,))
    masked = 128 if frame.is_masked else 0
    size = len(frame.payload)
    if size < 126:
        out.append(masked | size)
    elif size < 2**16:
        out.append(masked | 126)
        out += size.to_bytes(2, "big")
    else:
        out.append(masked | 127)
        out += size.to_bytes(8, "big")
    if frame.is_masked:
        out += bytes(4)  # a mask of zeros leaves the payload as it is
    return bytes(out) + frame.payload


async def _discard(reader: asyncio.StreamReader) -> None:
    try:
        while await reader.read(64 * 1024):
            pass
    except OSError:
        pass
