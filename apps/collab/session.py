"""A session: one open socket, its user and abilities, and the frames on their way to it."""

import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from apps.accounts.roles import Abilities
from apps.accounts.sign_ins import SignIn
from apps.accounts.usage import storage_full
from apps.collab import protocol
from apps.collab.close_codes import (
    FORBIDDEN,
    OTHER_LINEAGE,
    TRY_AGAIN,
    Close,
    close_of,
    close_with,
)
from apps.collab.limits import Limits
from apps.collab.presence_state import Identity
from apps.core import metrics
from apps.core.errors import AppError, ForbiddenError, TransientError
from apps.core.small_event import SmallEvent
from apps.crdt.codec.vectors import Vector, encode_vector

logger = logging.getLogger(__name__)

#: What people read whose stock client writes under an id that was taken.
CLIENT_TAKEN = "This copy has edits under an id that another person used. Load the document again."
#: What people read whose page is older than the content of the document.
SCHEMA_OLDER = (
    "This document has content that this page is too old for. Reload the page to write in it."
)

Send = Callable[[dict[str, Any]], Awaitable[None]]


class SchemaOlderError(ForbiddenError):
    """The client's schema version is older than the content: it may read, not write."""

    code = "schema_older"


class Session:
    """One client of one document.

    ``native`` clients offered ``scriptorium.v1`` and get frames from 100 on. Frames are queued
    here and written by one task, so a slow reader delays only itself. A reader whose outbox grows
    beyond ``outbox_bytes`` is disconnected, and catches up by sync.
    """

    #: An edit may be pending: a socket can be asked for the operations that it needs.
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
        sign_in: SignIn | None = None,
        is_over_quota: bool = False,
        schema: int | None = None,
    ) -> None:
        self.document_id = document_id
        self.identity = identity
        self.native = native
        self.user_id = identity.user_id
        self.request_id = request_id
        #: What the socket was opened or renewed with; ``RightsWatch`` closes it when that ends.
        self.sign_in = sign_in
        #: Whether the person has stored as much as one may (``apps.accounts.usage``).
        self.is_over_quota = is_over_quota
        #: The schema version of the page; None where the client names none, and is not judged.
        self.schema = schema
        #: Whether the content needs a newer one: then the session may only read.
        self.is_schema_older = False
        #: Why its edits are no longer accepted; it has to connect again (``submission.Author``).
        self.refusal: AppError | None = None
        #: The client ids that it announced as its own, and that another person owns in the log.
        self.taken_clients: tuple[int, ...] = ()
        self._apply(abilities)
        #: The close frame, once the server ends the session.
        self._close: Close | None = None
        self._send = send
        self._limits = limits
        #: None while it is empty, which saves memory: most sessions are idle.
        self._outbox: deque[bytes] | None = None
        self._outbox_bytes = 0
        self._wake = SmallEvent()

    # --- out ---

    @property
    def may_write(self) -> bool:
        """Return whether the user has the right to write now."""
        return self.abilities.write

    @property
    def close_code(self) -> int | None:
        """Return the close code, None while the server does not end the session."""
        return None if self._close is None else self._close.code

    @property
    def outbox_bytes(self) -> int:
        """Return the size of the frames that wait to be sent."""
        return self._outbox_bytes

    def push(self, frame: bytes) -> None:
        """Queue a frame. Disconnects a session whose outbox is over its bound."""
        if self._close is not None:
            return
        if self._outbox is None:
            self._outbox = deque()
        self._outbox.append(frame)
        self._outbox_bytes += len(frame)
        # The frame being sent does not count: it may be as large as a document.
        if self._outbox_bytes > self._limits.outbox_bytes and len(self._outbox) > 1:
            self._outbox.clear()
            self.close(TRY_AGAIN, "This client reads too slowly. Connect again.")
        self._wake.set()

    def close(self, code: int, reason: str = "") -> None:
        """End the session with a close frame; queued frames are still sent.

        Without a reason the frame has that of its code. The first call wins.
        """
        if self._close is None:
            self._close = close_with(code, reason)
            metrics.CLOSED.labels(code=str(code)).inc()
            self._wake.set()

    async def write(self) -> None:
        """Send queued frames until the session ends, then the close frame."""
        while True:
            while self._outbox:
                frame = self._outbox.popleft()
                self._outbox_bytes -= len(frame)
                await self._send({"type": "websocket.send", "bytes": frame})
            self._outbox = None
            if self._close is not None:
                await self._send({"type": "websocket.close", **self._close._asdict()})
                return
            self._wake.clear()
            await self._wake.wait()

    # --- the answers to its submissions (``submission.Author``) ---

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
        """Reject an edit: by frame 102, or for a stock client by the close code.

        A transient error rejects nothing: the session is closed, reconnects and sends it again.
        """
        if isinstance(error, ForbiddenError):
            if self._refused_by_quota:
                error = storage_full()
            elif self.is_schema_older:
                error = SchemaOlderError(SCHEMA_OLDER)
        metrics.REJECTED.labels(code=error.code).inc()
        if unique_id is not None and not isinstance(error, TransientError):
            self.push(protocol.encode_reject(unique_id, error.code, error.message))
            return
        if isinstance(error, ForbiddenError):
            self.push(protocol.encode_permission_denied(error.message))
        if error.extra.get("client") in self.taken_clients:
            # Another try would be refused again. What it only passes on, its owner may still send.
            self.close(OTHER_LINEAGE, CLIENT_TAKEN)
        self.close(*close_of(error))

    def on_missing(self, vector: Vector) -> None:
        """Ask for the operations that an update needs and the server has not seen."""
        self.push(protocol.encode_sync_step1(encode_vector(vector)))

    # --- rights ---

    def set_abilities(self, abilities: Abilities) -> None:
        """Apply changed abilities: a session that may no longer read is closed (4403).

        A person who is over the quota may not write. A native client is told: its page becomes
        read-only, or goes on, without asking.
        """
        old = self.abilities
        self._apply(abilities)
        if not abilities.read:
            self.close(FORBIDDEN)
        elif self.abilities != old:
            self.push_rights()

    def push_rights(self) -> None:
        """Tell a native client whether it may write."""
        if self.native:
            event: dict[str, Any] = {"type": "rights", "write": self.abilities.write}
            if self.is_schema_older:
                event |= {"code": SchemaOlderError.code, "message": SCHEMA_OLDER}
            self.push(protocol.encode_event(event))

    def set_content_schema(self, version: int) -> bool:
        """Apply the schema version that the content needs; return whether that changed a right."""
        is_older = self.schema is not None and self.schema < version
        if is_older == self.is_schema_older:
            return False
        self.is_schema_older = is_older
        self._apply(self._abilities)
        return True

    def _apply(self, abilities: Abilities) -> None:
        #: Those of the person, whatever keeps this session from writing.
        self._abilities = abilities
        self._refused_by_quota = abilities.write and self.is_over_quota
        may_not = self._refused_by_quota or self.is_schema_older
        self.abilities = replace(abilities, write=False) if may_not else abilities
