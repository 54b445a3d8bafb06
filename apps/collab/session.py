"""One open socket: who it is, what it may do, and the frames on their way to it."""

import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from apps.accounts.roles import Abilities
from apps.collab import protocol
from apps.collab.close_codes import FORBIDDEN, TRY_AGAIN, close_code_of
from apps.collab.limits import Limits
from apps.collab.presence import Identity
from apps.core import metrics
from apps.core.errors import AppError, ForbiddenError, TransientError
from apps.core.small_event import SmallEvent
from apps.crdt.codec.vectors import Vector, encode_vector

logger = logging.getLogger(__name__)

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Session:
    """One client of one document.

    ``native`` clients offered ``scriptorium.v1`` and get frames 100 to 102. Frames are queued
    here and written by one task, so a reader that is slow waits alone; one that is slower than
    ``outbox_bytes`` is cut off and catches up by sync.
    """

    #: An edit that came too early may wait: a socket can be asked for what is missing.
    can_wait = True

    def __init__(
        self,
        *,
        document_id: str,
        identity: Identity,
        abilities: Abilities,
        native: bool,
        send: Send,
        limits: Limits,
        request_id: str | None = None,
    ) -> None:
        self.document_id = document_id
        self.identity = identity
        self.abilities = abilities
        self.native = native
        self.user_id = identity.user_id
        self.request_id = request_id
        #: Set once; the reason why the server ends the session.
        self.close_code: int | None = None
        self._send = send
        self._limits = limits
        #: None while nothing waits, which is most of the time, and of most sessions.
        self._outbox: deque[bytes] | None = None
        self._outbox_bytes = 0
        self._wake = SmallEvent()

    # --- out ---

    @property
    def outbox_bytes(self) -> int:
        """Return the size of the frames that wait to be read."""
        return self._outbox_bytes

    def push(self, frame: bytes) -> None:
        """Queue a frame. Cuts the session off when it does not read what it gets."""
        if self.close_code is not None:
            return
        if self._outbox is None:
            self._outbox = deque()
        self._outbox.append(frame)
        self._outbox_bytes += len(frame)
        # What is being sent right now does not count: one frame may be as large as a document.
        if self._outbox_bytes > self._limits.outbox_bytes and len(self._outbox) > 1:
            self._outbox.clear()
            self.close(TRY_AGAIN)
        self._wake.set()

    def close(self, code: int) -> None:
        """End the session with a close code; what is queued is still sent."""
        if self.close_code is None:
            self.close_code = code
            metrics.CLOSED.labels(code=str(code)).inc()
            self._wake.set()

    async def write(self) -> None:
        """Send what is queued until the session ends, then the close frame."""
        while True:
            while self._outbox:
                frame = self._outbox.popleft()
                self._outbox_bytes -= len(frame)
                await self._send({"type": "websocket.send", "bytes": frame})
            self._outbox = None
            if self.close_code is not None:
                await self._send({"type": "websocket.close", "code": self.close_code})
                return
            self._wake.clear()
            await self._wake.wait()

    # --- what becomes of its submissions (``live.Author``) --------------------------------------

    def on_received(self, unique_id: str) -> None:
        """Acknowledge receipt (docs/system-flow.md, §4)."""
        self.push(protocol.encode_ack(unique_id, protocol.STAGE_RECEIVED, 0))

    def on_persisted(self, unique_id: str, seq: int) -> None:
        """Acknowledge that the operation is in the log on disk."""
        self.push(protocol.encode_ack(unique_id, protocol.STAGE_PERSISTED, seq))

    def on_duplicate(self, unique_id: str, seq: int) -> None:
        """Acknowledge that the operation was in the log already."""
        metrics.DUPLICATES.inc()
        self.push(protocol.encode_ack(unique_id, protocol.STAGE_DUPLICATE, seq))

    def on_rejected(self, unique_id: str | None, error: AppError) -> None:
        """Say that an edit was refused: by frame 102, or to a stock client by the close code.

        What may succeed later is no refusal: the session is told to come back and repeat it.
        """
        metrics.REJECTED.labels(code=error.code).inc()
        if unique_id is not None and not isinstance(error, TransientError):
            self.push(protocol.encode_reject(unique_id, error.code, error.message))
            return
        if isinstance(error, ForbiddenError):
            self.push(protocol.encode_permission_denied(error.message))
        self.close(close_code_of(error))

    def on_missing(self, vector: Vector) -> None:
        """Ask for what an update needs and the server has not seen."""
        self.push(protocol.encode_sync_step1(encode_vector(vector)))

    # --- rights ---

    def set_abilities(self, abilities: Abilities) -> None:
        """Take on a changed right: a reader stays, whoever may not even read goes (4403)."""
        self.abilities = abilities
        if not abilities.read:
            self.close(FORBIDDEN)
