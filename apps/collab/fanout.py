"""The frames from a room to its sessions, and the messages to its peers.

Each form of a frame is encoded once for all sessions. Nothing here waits for a reader: a session
has an outbox of its own.
"""

import asyncio
import time
from collections.abc import Sequence

from apps.collab import protocol
from apps.collab.cadence import Cadence, CadencePolicy
from apps.collab.close_codes import close_of
from apps.collab.live_document import LiveDocument
from apps.collab.peer_bus import PeerBus, operations_message
from apps.collab.presence import Presence
from apps.collab.protocol import AwarenessEntry
from apps.collab.session import Session
from apps.core.errors import AppError
from apps.core.logs import operations_are_logged
from apps.crdt.codec.vectors import EMPTY_VECTOR, encode_vector
from apps.crdt.engine.base import Engine
from apps.history.crash_notes import work_noted
from apps.history.recovery import log_state
from apps.history.unmerged_document import CHECK_APART_MIN_BYTES, state_is_whole
from apps.oplog.operation import Operation

#: How long the frame with the full state is kept, in seconds.
FULL_STATE_TTL_S = 5.0
#: How long changes of presence are collected before they are sent, in seconds.
PRESENCE_TICK_S = 0.03
#: How often the room gives signs of life, in seconds: less than half of the 30 s and
#: ``presence_age_s`` after which a stock client and a peer give up.
KEEP_ALIVE_S = 12.0


class Fanout:
    """The sessions of one room, and what they receive."""

    def __init__(
        self,
        document_id: str,
        *,
        presence: Presence,
        engine: Engine,
        peer_bus: PeerBus,
        cadences: CadencePolicy,
    ) -> None:
        self.sessions: set[Session] = set()
        self._document_id = document_id
        self._presence = presence
        self._engine = engine
        self._peer_bus = peer_bus
        self._cadences = cadences
        self._cadence = cadences.cadence(1)
        #: Sessions that asked to sync, and their last vector: one answer to each is enough.
        self._sync_requests: dict[Session, bytes] = {}
        #: The seq, and the sync step 2 with everything up to it.
        self._full_state: tuple[int, bytes] | None = None
        self._changed_presence: dict[int, AwarenessEntry] = {}
        self._kept_alive_at = time.monotonic()
        self._is_closed = False
        #: The schema version that the content needs, as the sessions were last told.
        self._schema_version = 1

    def add(self, session: Session, live: LiveDocument) -> None:
        """Add a session: ask for what it has, send its right, the cadence and the presence."""
        self.update_cadence(joining=1)
        self.sessions.add(session)
        self._schema_version = live.loaded.schema_version
        session.set_content_schema(self._schema_version)
        session.push(protocol.encode_sync_step1(encode_vector(live.vector)))
        if session.native:
            session.push_rights()
            session.push(_cadence_frame(self._cadence))
        states = self._presence.entries()
        if states:
            session.push(protocol.encode_awareness(states))

    def remove(self, session: Session) -> None:
        """Remove a session; the others see it leave."""
        self.sessions.discard(session)
        self._sync_requests.pop(session, None)
        self.queue_presence(self._presence.leave(session))
        self.update_cadence()

    def close(self, code: int) -> None:
        """Close every session, and send no more presence."""
        self._is_closed = True
        for session in list(self.sessions):
            session.close(code)

    def update_schema(self, version: int) -> None:
        """Make older pages read-only where the content needs a newer schema (ADR 0019).

        Call before the operations that brought it are broadcast.
        """
        if version == self._schema_version:
            return
        self._schema_version = version
        for session in self.sessions:
            if session.set_content_schema(version):
                session.push_rights()

    # --- operations ---

    def broadcast(
        self, operations: Sequence[Operation], authors: Sequence[object] | None = None
    ) -> None:
        """Send durable operations to every session of this process.

        A stock client gets one merged frame. A native client gets a frame for each operation
        except its own (``authors`` has one entry for each operation): those were acknowledged.
        """
        if not operations or not self.sessions:
            return
        if operations_are_logged():
            for operation in operations:
                operation.log("broadcast")
        stock: bytes | None = None
        native: list[tuple[object, bytes]] | None = None
        for session in self.sessions:
            if not session.native:
                stock = stock or self._stock_frame(operations)
                session.push(stock)
                continue
            if native is None:
                frames = map(_operation_frame, operations)
                native = list(zip(authors or [None] * len(operations), frames, strict=True))
            for author, frame in native:
                if author is not session:
                    session.push(frame)

    def publish(self, operations: Sequence[Operation]) -> None:
        """Send durable operations to the peers that have the document open."""
        if not self._peer_bus.is_alone(self._document_id):
            self._peer_bus.publish(operations_message(operations))

    def _stock_frame(self, operations: Sequence[Operation]) -> bytes:
        updates = [operation.update for operation in operations]
        merged = updates[0] if len(updates) == 1 else self._engine.merge(updates)
        return protocol.encode_sync_update(merged)

    # --- signs of life ---

    def keep_alive(self, *, at: float) -> None:
        """Each ``KEEP_ALIVE_S``, say to stock clients and to peers that all is as before.

        A stock client that gets no message for 30 s connects again. A hidden tab renews its
        presence once a minute, too rarely for a peer, which cannot know that it is connected.
        """
        if at - self._kept_alive_at < KEEP_ALIVE_S:
            return
        self._kept_alive_at = at
        nothing = protocol.encode_awareness([])
        for session in self.sessions:
            if not session.native:
                session.push(nothing)
        self._publish_presence(self._presence.entries(local_only=True))

    # --- cadence ---

    def update_cadence(self, *, joining: int = 0) -> None:
        """Tell the native sessions when their number, or a busy process, changes their cadence.

        A peer counts as one session: how many it has is not known here.
        """
        count = len(self.sessions) + joining + (not self._peer_bus.is_alone(self._document_id))
        cadence = self._cadences.cadence(count)
        if cadence == self._cadence or self._is_closed:
            return
        self._cadence = cadence
        frame = _cadence_frame(cadence)
        for session in self.sessions:
            if session.native:
                session.push(frame)

    # --- sync ---

    @property
    def has_sync_requests(self) -> bool:
        """Return whether a session waits for a sync step 2."""
        return bool(self._sync_requests)

    def request_sync(self, session: Session, vector: bytes) -> None:
        """Queue a sync step 1; a later one of the same session replaces it."""
        self._sync_requests[session] = vector

    async def answer_syncs(self, live: LiveDocument) -> None:
        """Send sync step 2 to every session that asked. Call it between two batches only."""
        requests, self._sync_requests = self._sync_requests, {}
        if not requests:
            return
        whole: bytes | None = None
        try:
            is_whole = await self._is_whole(live)
        except AppError as err:
            for session in requests:
                session.close(*close_of(err))
            return
        if not is_whole:
            whole = await asyncio.to_thread(
                log_state, document_id=self._document_id, up_to=live.seq
            )
        with work_noted(self._document_id):
            for session, vector in requests.items():
                if whole is not None:
                    session.push(protocol.encode_sync_step2(whole))
                elif vector == EMPTY_VECTOR:
                    session.push(self._full_state_frame(live))
                else:
                    session.push(protocol.encode_sync_step2(live.document.encode(vector)))

    async def _is_whole(self, live: LiveDocument) -> bool:
        """Return whether the engine holds all of the log; a large state is read in a child process.

        Raises as ``state_is_whole`` does.
        """
        known = live.is_known_whole()
        if known is None:
            with work_noted(self._document_id):
                state = live.document.encode()
            if len(state) < CHECK_APART_MIN_BYTES:
                known = state_is_whole(state, live.vector)
            else:
                known = await asyncio.to_thread(state_is_whole, state, live.vector)
            live.mark_whole(is_whole=known)
        return known

    def _full_state_frame(self, live: LiveDocument) -> bytes:
        """Return the sync step 2 for a client that has nothing.

        It is kept for ``FULL_STATE_TTL_S``, for clients that come together, and not longer: it may
        be as large as the document.
        """
        if self._full_state is None or self._full_state[0] != live.seq:
            frame = protocol.encode_sync_step2(live.document.encode(EMPTY_VECTOR))
            self._full_state = (live.seq, frame)
            asyncio.get_running_loop().call_later(FULL_STATE_TTL_S, self._drop_full_state, frame)
        return self._full_state[1]

    def _drop_full_state(self, frame: bytes) -> None:
        if self._full_state is not None and self._full_state[1] is frame:
            self._full_state = None

    # --- presence ---

    def announced_by(self, client: int) -> str | None:
        """Return the person for whose edits a client id is reserved, None where it is free."""
        return self._presence.announced_by(client)

    def queue_presence(self, entries: Sequence[AwarenessEntry]) -> None:
        """Send changed presence to all sessions and peers, within ``PRESENCE_TICK_S``."""
        if not entries:
            return
        if not self._changed_presence:
            asyncio.get_running_loop().call_later(PRESENCE_TICK_S, self._flush_presence)
        self._changed_presence.update((entry.client, entry) for entry in entries)

    def apply_remote_presence(
        self, entries: Sequence[AwarenessEntry], readers: Sequence[int]
    ) -> None:
        """Merge the presence that a peer sent, and send what changed to the sessions.

        ``readers`` are the clients of people who may only read.
        """
        changed = self._presence.merge_remote(entries, at=time.monotonic(), readers=readers)
        if changed:
            self._push(protocol.encode_awareness(changed))

    def _flush_presence(self) -> None:
        entries, self._changed_presence = list(self._changed_presence.values()), {}
        if self._is_closed:
            return
        self._push(protocol.encode_awareness(entries))
        self._publish_presence(entries)

    def _publish_presence(self, entries: Sequence[AwarenessEntry]) -> None:
        if entries and not self._peer_bus.is_alone(self._document_id):
            frame = protocol.encode_awareness(entries)
            self._peer_bus.publish(
                {
                    "type": "presence",
                    "document_id": self._document_id,
                    "frame": frame,
                    "readers": self._presence.readers(entries),
                }
            )

    def _push(self, frame: bytes) -> None:
        for session in self.sessions:
            session.push(frame)


def _cadence_frame(cadence: Cadence) -> bytes:
    return protocol.encode_event(cadence.to_event())


def _operation_frame(operation: Operation) -> bytes:
    return protocol.encode_operation(
        operation.document_id,
        operation.unique_id,
        operation.version_vector,
        operation.update,
        seq=operation.seq,
        author_id=operation.author_id,
    )
