"""Clients of a document socket, for tests: a stock one and a native one, on real sockets.

Each has a Yjs document of its own (pycrdt) and records all frames of the server, in order.
"""

import asyncio
import contextlib
import json
import uuid
from collections.abc import Callable
from typing import Any, Self

import pycrdt
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from apps.collab import protocol
from apps.crdt.codec.lib0 import Decoder
from tests.support.eventually import PATIENCE_S


class Client:
    """A client of one document; ``native`` ones use ``scriptorium.v1``.

    ``text`` is the root text ``content``. Local edits are made with ``insert`` and ``delete``.
    """

    def __init__(
        self,
        url: str,
        document_id: str,
        *,
        token: str | None = None,
        native: bool = False,
        subprotocol_token: bool = False,
        headers: dict[str, str] | None = None,
        query: str = "",
        doc: "pycrdt.Doc[Any] | None" = None,
    ) -> None:
        subprotocols = ["scriptorium.v1"] if native else []
        if token and subprotocol_token:
            subprotocols.append(f"jwt.{token}")
        elif token:
            query = f"token={token}" + (f"&{query}" if query else "")
        self._url = f"{url}/ws/documents/{document_id}" + (f"?{query}" if query else "")
        self._subprotocols = subprotocols
        self._headers = headers or {}
        self.document_id = document_id
        self.native = native
        self.doc: pycrdt.Doc[Any] = doc if doc is not None else pycrdt.Doc()
        self.content: pycrdt.Text = self.doc.get("content", type=pycrdt.Text)
        self.synced = asyncio.Event()
        self.acks: list[tuple[str, int, int]] = []
        self.rejects: list[tuple[str, str, str]] = []
        self.operations: list[dict[str, Any]] = []
        self.updates: list[bytes] = []
        self.states: dict[int, str] = {}
        self.denied: list[str] = []
        self.token_answers: list[int] = []
        self.events: list[dict[str, Any]] = []
        #: The vectors of the server's sync steps 1, and whether they are answered.
        self.asked: list[bytes] = []
        self.answers_sync = True
        self.close_code: int | None = None
        self.close_reason: str | None = None
        self.closed = asyncio.Event()
        self._changed = asyncio.Condition()
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *args: object) -> None:
        await self.close()

    @property
    def text(self) -> str:
        """Return the text of this client's document."""
        return str(self.content)

    @property
    def subprotocol(self) -> str | None:
        """Return the subprotocol that the server chose."""
        return self._open_socket().subprotocol

    @property
    def request_id(self) -> str:
        """Return the request id that the server gave to this socket."""
        response = self._open_socket().response
        assert response is not None
        return response.headers["X-Request-ID"]

    async def open(self) -> None:
        """Connect, and request the document's state."""
        self._socket = await connect(
            self._url,
            subprotocols=self._subprotocols or None,  # type: ignore[arg-type]
            additional_headers=self._headers,
            max_size=None,
            compression=None,
        )
        self._reader = asyncio.create_task(self._read())
        with contextlib.suppress(ConnectionClosed):
            await self.send(protocol.encode_sync_step1(self.doc.get_state()))

    async def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            await self._reader

    async def send(self, frame: bytes | str) -> None:
        """Send a raw frame."""
        await self._open_socket().send(frame)

    # --- edits ---

    def edit(self, change: Callable[["pycrdt.Doc[Any]"], object]) -> bytes:
        """Apply a local change and return its update; nothing is sent."""
        before = self.doc.get_state()
        with self.doc.transaction():
            change(self.doc)
        return self.doc.get_update(before)

    async def insert(self, index: int, text: str, unique_id: str | None = None) -> str:
        """Insert text locally and send it; return the operation's unique id."""
        return await self.submit(self.edit(lambda _: self.content.insert(index, text)), unique_id)

    async def append(self, text: str) -> str:
        """Insert text at the end."""
        return await self.insert(len(self.text.encode()), text)

    async def delete(self, start: int, end: int) -> str:
        """Delete a range (bytes of UTF-8) locally and send it."""

        def change(_: object) -> None:
            del self.content[start:end]

        return await self.submit(self.edit(change))

    async def submit(
        self, update: bytes, unique_id: str | None = None, *, copies: bytes = b""
    ) -> str:
        """Send an update as this kind of client does; return the operation's unique id.

        ``copies`` is a native client's copy map.
        """
        unique_id = unique_id or str(uuid.uuid4())
        if self.native:
            frame = protocol.OperationFrame(
                self.document_id, unique_id, self.doc.get_state(), update, copies
            )
            await self.send(protocol.encode_operation(*frame))
        else:
            await self.send(protocol.encode_sync_update(update))
        return unique_id

    async def send_presence(
        self, state_json: str, *, clock: int = 1, client: int | None = None
    ) -> None:
        """Send an awareness state."""
        entry = protocol.AwarenessEntry(client or self.doc.client_id, clock, state_json)
        await self.send(protocol.encode_awareness([entry]))

    # --- waiting ---

    async def until(self, predicate: Callable[[], object], deadline_s: float = PATIENCE_S) -> None:
        """Wait until a condition holds, checked at each frame. Failing shows the frames."""
        try:
            async with asyncio.timeout(deadline_s), self._changed:
                await self._changed.wait_for(predicate)
        except TimeoutError:
            raise AssertionError(
                f"not within {deadline_s} s: text {self.text!r}, acks {self.acks}, "
                f"rejects {self.rejects}, closed {self.close_code}"
            ) from None

    async def until_text(self, text: str, deadline_s: float = PATIENCE_S) -> None:
        """Wait until the document has this text."""
        await self.until(lambda: self.text == text, deadline_s)

    async def until_ack(self, unique_id: str, stage: int = protocol.STAGE_PERSISTED) -> int:
        """Wait for an ack of that stage and return its seq."""
        await self.until(lambda: self.ack(unique_id, stage) is not None)
        seq = self.ack(unique_id, stage)
        assert seq is not None
        return seq

    async def until_closed(self, deadline_s: float = PATIENCE_S) -> int:
        """Wait until the server has closed the socket; return the code."""
        await self.until(self.closed.is_set, deadline_s)
        assert self.close_code is not None
        return self.close_code

    def ack(self, unique_id: str, stage: int) -> int | None:
        """Return the seq of an ack, None while it has not arrived."""
        return next((a[2] for a in self.acks if a[:2] == (unique_id, stage)), None)

    # --- frames ---

    async def _read(self) -> None:
        socket = self._open_socket()
        try:
            async for frame in socket:
                assert isinstance(frame, bytes)
                reply = self._take(Decoder(frame))
                if reply is not None:
                    await socket.send(reply)
                await self._notify()
        except ConnectionClosed:
            pass
        finally:
            self.close_code, self.close_reason = socket.close_code, socket.close_reason
            self.closed.set()
            await self._notify()

    def _take(self, decoder: Decoder) -> bytes | None:
        kind = decoder.var_uint()
        if kind == protocol.SYNC:
            return self._take_sync(decoder)
        if kind == protocol.AWARENESS:
            for entry in protocol.decode_awareness(decoder.var_bytes()):
                self.states[entry.client] = entry.state_json
        elif kind == protocol.AUTH:
            decoder.var_uint()
            self.denied.append(decoder.var_string())
        elif kind == protocol.OPERATION:
            self._take_operation(decoder)
        elif kind == protocol.ACK:
            self.acks.append((decoder.var_string(), decoder.var_uint(), decoder.var_uint()))
        elif kind == protocol.REJECT:
            self.rejects.append((decoder.var_string(), decoder.var_string(), decoder.var_string()))
        elif kind == protocol.TOKEN:
            self.token_answers.append(decoder.var_uint())
        elif kind == protocol.EVENT:
            self.events.append(json.loads(decoder.var_string()))
        else:
            raise AssertionError(f"a frame of type {kind}")
        return None

    def _take_sync(self, decoder: Decoder) -> bytes | None:
        step = decoder.var_uint()
        body = decoder.var_bytes()
        if step == protocol.SYNC_STEP1:
            self.asked.append(body)
            if not self.answers_sync:
                return None
            return protocol.encode_sync_step2(self.doc.get_update(body))
        self.doc.apply_update(body)
        if step == protocol.SYNC_STEP2:
            self.synced.set()
        else:
            self.updates.append(body)
        return None

    def _take_operation(self, decoder: Decoder) -> None:
        operation: dict[str, Any] = {
            "document_id": decoder.var_string(),
            "unique_id": decoder.var_string(),
            "version_vector": decoder.var_bytes(),
            "update": decoder.var_bytes(),
            "seq": decoder.var_uint(),
            "author_id": decoder.var_string(),
        }
        self.operations.append(operation)
        self.doc.apply_update(operation["update"])

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _open_socket(self) -> ClientConnection:
        assert self._socket is not None, "not open"
        return self._socket
