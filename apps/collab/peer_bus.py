"""Rooms of the same document in other processes: one channel-layer message per batch.

The layer may drop any message without a word, so every broadcast carries its ``seq`` and a room
reads what it missed from the log (docs/invariants.md, 7). No edit waits for anything in here.

Who opens a document says so (``greet``), whoever has it answers, and all say it again from time
to time. As a rule nobody else has it, and then its edits cost no message at all.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from channels.layers import get_channel_layer

from apps.core import ids, metrics
from apps.oplog.operation import Operation

logger = logging.getLogger(__name__)

#: Messages that wait for the layer; more are dropped, as the layer itself would.
_WAITING = 2_000
#: How long the layer may take for one message, in seconds.
_SEND_WAIT_S = 3.0
#: Operations of more bytes than this are only announced; the others read them from the log.
_INLINE_BYTES = 256 * 1024
#: How long a process that says nothing of a document is believed to have it open, in seconds.
PEER_TTL_S = 100.0
#: Pause after the layer failed, in seconds.
_RETRY_S = 1.0
#: After how long a receive that goes on is told again to stop, in seconds.
_STOP_AGAIN_S = 0.1
#: How often it is told: in all a little longer than it can go on by itself.
_STOP_TIMES = 60

Message = dict[str, Any]


def operations_message(operations: Sequence[Operation]) -> Message:
    """Return the broadcast of a batch of one document."""
    inline = sum(len(operation.update) for operation in operations) <= _INLINE_BYTES
    return {
        "type": "operations",
        "document_id": operations[0].document_id,
        "last_seq": operations[-1].seq,
        "operations": [_pack(operation) for operation in operations] if inline else [],
    }


def operations_of(message: Message) -> list[Operation]:
    """Read the operations of a broadcast."""
    return [
        Operation(
            **{
                **row,
                "document_id": message["document_id"],
                "received_at": datetime.fromisoformat(row["received_at"]),
            }
        )
        for row in message["operations"]
    ]


def _pack(operation: Operation) -> dict[str, Any]:
    row = asdict(operation)
    del row["document_id"], row["request_id"]
    row["received_at"] = operation.received_at.isoformat()
    return row


class PeerBus:
    """This process's place on the channel layer."""

    def __init__(self, on_message: Callable[[Message], None]) -> None:
        self._on_message = on_message
        self._origin = ids.new_id()
        self._layer: Any = get_channel_layer()
        self._channel = ""
        self._joined: set[str] = set()
        #: By document: the processes that have it open, and when they last said so, monotonic.
        self._others: dict[str, dict[str, float]] = {}
        self._out: asyncio.Queue[tuple[str, str, Message]] = asyncio.Queue(_WAITING)
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False

    async def start(self) -> None:
        """Take a channel (no round trip), begin to send and to listen."""
        self._channel = await self._layer.new_channel("server")
        self._tasks = [
            asyncio.create_task(self._send_all(), name="exchange-send"),
            asyncio.create_task(self._receive_all(), name="exchange-receive"),
        ]

    async def close(self) -> None:
        """Stop. The layer's receive may swallow a cancellation, so it is told again and again."""
        self._closed = True
        pending = set(self._tasks)
        for _ in range(_STOP_TIMES):
            for task in pending:
                task.cancel()
            if pending:
                _, pending = await asyncio.wait(pending, timeout=_STOP_AGAIN_S)

    def join(self, document_id: str) -> None:
        """Hear what other processes say of a document."""
        self._joined.add(document_id)
        self._put("join", document_id, {})

    def leave(self, document_id: str) -> None:
        """Hear no more of it, and say so."""
        if not self.is_alone(document_id):
            self.publish({"type": "gone", "document_id": document_id})
        self._joined.discard(document_id)
        self._others.pop(document_id, None)
        self._put("leave", document_id, {})

    def greet(self, document_id: str, seq: int) -> None:
        """Say that this process has opened a document at ``seq``; whoever has it answers."""
        self.publish({"type": "hello", "document_id": document_id, "last_seq": seq})

    def answer(self, document_id: str, seq: int) -> None:
        """Say that this process has a document open, and is at ``seq``."""
        self.publish({"type": "here", "document_id": document_id, "last_seq": seq})

    def is_alone(self, document_id: str) -> bool:
        """Tell whether no other process is known to have the document open."""
        return document_id not in self._others

    def rejoin_all(self) -> None:
        """Renew the memberships, which a Redis that was emptied has forgotten.

        Those who have said nothing for long are believed to be gone.
        """
        for document_id in self._joined:
            self._put("join", document_id, {})
        believed = time.monotonic() - PEER_TTL_S
        for document_id, others in list(self._others.items()):
            for origin in [origin for origin, at in others.items() if at < believed]:
                self._forget(document_id, origin)

    def publish(self, message: Message) -> None:
        """Tell the other processes that have this document open; may get lost."""
        self._put("send", message["document_id"], {**message, "origin": self._origin})

    def _put(self, action: str, document_id: str, message: Message) -> None:
        try:
            self._out.put_nowait((action, document_id, message))
        except asyncio.QueueFull:
            metrics.BROADCAST_FAILED.inc()

    async def _send_all(self) -> None:
        while not self._closed:
            action, document_id, message = await self._out.get()
            try:
                async with asyncio.timeout(_SEND_WAIT_S):
                    await self._send(action, f"document.{document_id}", message)
            except Exception as err:  # noqa: BLE001 - any failure of the layer is a lost broadcast
                metrics.BROADCAST_FAILED.inc()
                logger.warning("channel layer: %s of %s failed: %r", action, document_id, err)

    async def _send(self, action: str, group: str, message: Message) -> None:
        if action == "send":
            await self._layer.group_send(group, message)
        elif action == "join":
            await self._layer.group_add(group, self._channel)
        else:
            await self._layer.group_discard(group, self._channel)

    async def _receive_all(self) -> None:
        while not self._closed:
            try:
                message = await self._layer.receive(self._channel)
            except Exception as err:  # noqa: BLE001 - Redis is away: the log repairs what is lost
                logger.warning("channel layer: not receiving: %r", err)
                await asyncio.sleep(_RETRY_S)
                continue
            self._handle(message)

    def _handle(self, message: Message) -> None:
        if message.get("origin") == self._origin:
            return
        try:
            self._note(message)
            self._on_message(message)
        except Exception:
            metrics.LOOP_ERRORS.labels(loop="exchange").inc()
            logger.exception("message of another server not understood")

    def _note(self, message: Message) -> None:
        """Remember who has the document open, if this process has it, too."""
        document_id, origin = message["document_id"], message["origin"]
        if message["type"] == "gone":
            self._forget(document_id, origin)
        elif document_id in self._joined:
            self._others.setdefault(document_id, {})[origin] = time.monotonic()

    def _forget(self, document_id: str, origin: str) -> None:
        others = self._others.get(document_id, {})
        others.pop(origin, None)
        if not others:
            self._others.pop(document_id, None)
