"""Messages to and from the peers, the other servers with a room of the same document.

One channel-layer message carries one batch. The layer may drop any message silently, so every
broadcast carries its ``seq``, and a room reads what it missed from the log (docs/invariants.md, 7).
No edit waits for this module.

A server announces a document that it opens, the peers that have it open answer, and all repeat it
from time to time. As a rule no peer has the document open, and then its edits cost no message.
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
from apps.core.hidden_imports import hidden
from apps.core.tasks import is_cancelled, run_until_cancelled
from apps.oplog.operation import Operation

logger = logging.getLogger(__name__)

#: Messages that may wait for the layer; more are dropped, as the layer itself does.
_QUEUED_MESSAGES = 2_000
#: How long the layer may take for one message, in seconds.
_SEND_WAIT_S = 3.0
#: Larger batches are announced without their operations; peers read those from the log.
_INLINE_BYTES = 256 * 1024
#: How long after its last message a peer counts as having a document open, in seconds.
PEER_TTL_S = 100.0
#: Pause after the layer failed, in seconds.
_RETRY_S = 1.0
#: How long a stop waits for the end of both tasks, in seconds: a little longer than a receive takes
#: by itself.
_END_WAIT_S = 6.0

Message = dict[str, Any]


def operations_message(operations: Sequence[Operation]) -> Message:
    """Return the broadcast of a batch of one document."""
    inline = sum(len(operation.update) for operation in operations) <= _INLINE_BYTES
    return {
        "type": "operations",
        "document_id": operations[0].document_id,
        "last_seq": operations[-1].seq,
        "operations": [_message_row(operation) for operation in operations] if inline else [],
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


def _message_row(operation: Operation) -> dict[str, Any]:
    row = asdict(operation)
    # A peer does not write the operation: its copy map is in the log.
    del row["document_id"], row["request_id"], row["copies"]
    row["received_at"] = operation.received_at.isoformat()
    return row


class PeerBus:
    """This process's membership on the channel layer. ``on_message`` must not block."""

    def __init__(self, on_message: Callable[[Message], None]) -> None:
        self._on_message = on_message
        self._origin = ids.new_id()
        with hidden("cryptography.fernet"):  # 5 MiB for the encryption of messages, which is off
            self._layer: Any = get_channel_layer()
        self._channel = ""
        self._documents: set[str] = set()
        #: By document: the peers that have it open, and the time of their last message, monotonic.
        self._peers: dict[str, dict[str, float]] = {}
        self._outgoing: asyncio.Queue[tuple[str, str, Message]] = asyncio.Queue(_QUEUED_MESSAGES)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Create a channel (no round trip), and start to send and to receive."""
        self._channel = await self._layer.new_channel("server")
        self._tasks = [
            asyncio.create_task(run_until_cancelled(self._send_all), name="peer-bus-send"),
            asyncio.create_task(run_until_cancelled(self._receive_all), name="peer-bus-receive"),
        ]

    async def close(self) -> None:
        """Stop to send and to receive."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_END_WAIT_S)

    def join(self, document_id: str) -> None:
        """Receive the messages about a document."""
        self._documents.add(document_id)
        self._put("join", document_id, {})

    def leave(self, document_id: str) -> None:
        """Stop to receive messages about a document, and announce that to its peers."""
        if not self.is_alone(document_id):
            self.publish({"type": "gone", "document_id": document_id})
        self._documents.discard(document_id)
        self._peers.pop(document_id, None)
        self._put("leave", document_id, {})

    def announce_open(self, document_id: str, seq: int) -> None:
        """Announce that this process opened a document at ``seq``; peers that have it answer."""
        self.publish({"type": "hello", "document_id": document_id, "last_seq": seq})

    def announce_present(self, document_id: str, seq: int) -> None:
        """Announce that this process has a document open, at ``seq``."""
        self.publish({"type": "here", "document_id": document_id, "last_seq": seq})

    def is_alone(self, document_id: str) -> bool:
        """Return whether no peer is known to have the document open."""
        return document_id not in self._peers

    def rejoin_all(self) -> None:
        """Renew the memberships, which an emptied Redis has lost; drop peers past their TTL."""
        for document_id in self._documents:
            self._put("join", document_id, {})
        horizon = time.monotonic() - PEER_TTL_S
        for document_id, peers in list(self._peers.items()):
            for origin in [origin for origin, at in peers.items() if at < horizon]:
                self._forget(document_id, origin)

    def publish(self, message: Message) -> None:
        """Send a message to the peers that have its document open; it may get lost."""
        self._put("send", message["document_id"], {**message, "origin": self._origin})

    def _put(self, action: str, document_id: str, message: Message) -> None:
        try:
            self._outgoing.put_nowait((action, document_id, message))
        except asyncio.QueueFull:
            metrics.BROADCAST_FAILED.inc()

    async def _send_all(self) -> None:
        while not is_cancelled():
            action, document_id, message = await self._outgoing.get()
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
        while not is_cancelled():
            try:
                message = await self._layer.receive(self._channel)
            except Exception as err:  # noqa: BLE001 - Redis is away: the log repairs what is lost
                if is_cancelled():
                    return
                logger.warning("channel layer: not receiving: %r", err)
                await asyncio.sleep(_RETRY_S)
                continue
            self._handle(message)

    def _handle(self, message: Message) -> None:
        if message.get("origin") == self._origin:
            return
        try:
            self._record_peer(message)
            self._on_message(message)
        except Exception:
            metrics.LOOP_ERRORS.labels(loop="exchange").inc()
            logger.exception("message of another server not understood")

    def _record_peer(self, message: Message) -> None:
        """Record that the sender has the document open, where this process has it open too."""
        document_id, origin = message["document_id"], message["origin"]
        if message["type"] == "gone":
            self._forget(document_id, origin)
        elif document_id in self._documents:
            self._peers.setdefault(document_id, {})[origin] = time.monotonic()

    def _forget(self, document_id: str, origin: str) -> None:
        peers = self._peers.get(document_id, {})
        peers.pop(origin, None)
        if not peers:
            self._peers.pop(document_id, None)
