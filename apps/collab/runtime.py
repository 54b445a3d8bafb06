"""The live editing of one process: rooms and shared services, bound to one event loop."""

import asyncio
import contextlib
import contextvars
import logging
import time
from collections.abc import Callable
from itertools import islice
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings

from apps.collab.cadence import Cadence, CadencePolicy
from apps.collab.close_codes import GOING_DOWN, GoingDownError
from apps.collab.commit_pacing import CommitPacing
from apps.collab.committer import Committer
from apps.collab.large_edits import LargeEdits
from apps.collab.limits import Limits
from apps.collab.peer_bus import PeerBus, operations_of
from apps.collab.protocol import AWARENESS, decode_awareness
from apps.collab.rehearsals import Rehearsals
from apps.collab.rights_watch import RightsWatch
from apps.collab.room import Room
from apps.collab.room_context import RoomContext
from apps.collab.session import Session
from apps.collab.session_register import SessionRegister
from apps.collab.session_shares import SessionShares
from apps.collab.warm_start import open_documents_put, open_documents_take
from apps.core import clock, ids, metrics
from apps.core.errors import AppError, QuarantinedError, TransientError
from apps.core.tasks import is_cancelled
from apps.crdt.codec.lib0 import Decoder
from apps.crdt.codec.vectors import encode_bounded
from apps.crdt.engine.base import get_engine
from apps.crdt.ids.containers import ContainerIndex
from apps.crdt.ids.surrogate_pairs import SurrogatePairs
from apps.documents.heads import Head, heads_advance, heads_get
from apps.history.crash_notes import work_noted
from apps.history.loaded_document import LoadedDocument
from apps.history.recovery import document_load_to_edit
from apps.oplog.leases import Leases
from apps.oplog.publisher import shared_publisher

logger = logging.getLogger(__name__)

#: How long the stop of a process waits for commits, in seconds. The whole stop takes under ten.
STOP_WAIT_S = 5.0
#: How long it then waits for the close frames to be read, in seconds; and before that, to store the
#: documents in memory.
LEAVE_WAIT_S = 1.0
#: A document whose state is larger, in bytes, is indexed for the structure guard when it is loaded.
#: A smaller one takes the event loop about 20 ms once, at most 150 ms where each struct is as short
#: as can be. Threat: a long index in the event loop, where one document stops all others.
INDEX_AT_LOAD_BYTES = 256 * 1024
#: Interval of the measurements of how busy this process is, in seconds.
LOAD_INTERVAL_S = 1.0
#: Number of ticks between two renewals of the memberships on the channel layer.
_REJOIN_TICKS = 8


class Runtime:
    """The rooms of a process, and the tasks that keep them equal to the log."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.closing = False
        #: Bounds how many sockets are admitted (authorised and loaded) at once.
        self.admission_semaphore = asyncio.Semaphore(limits.concurrent_admissions)
        self._engine = get_engine(settings.CRDT_ENGINE)
        self._rooms: dict[str, Room] = {}
        self._loading: dict[str, asyncio.Task[Room]] = {}
        self.rights = RightsWatch(self._sessions)
        self._register = SessionRegister(self._sessions)
        self.shares = SessionShares(limits)
        self.large_edits = LargeEdits(limits)
        self._peer_bus = PeerBus(self._on_message)
        self._committer = Committer(
            # Not only the server's name: a restarted process is another owner.
            leases=Leases(f"{settings.SERVER_ID}:{ids.new_id()}", lease_s=settings.LOCK_LEASE_S),
            publisher=shared_publisher(),
            pacing=CommitPacing(longest_s=settings.COMMIT_INTERVAL_MS / 1000),
        )
        self._context = RoomContext(
            committer=self._committer,
            peer_bus=self._peer_bus,
            engine=self._engine,
            limits=limits,
            load=self._load,
            rehearsals=Rehearsals(limits),
            large_edits=self.large_edits,
            accepts_relays=lambda: time.time() < settings.RELAYS_UNTIL,
            cadences=cadence_policy(),
        )
        self._tasks: set[asyncio.Task[Any]] = set()
        #: The documents in memory as they were stored last, for the next start.
        self._stored_open: list[str] = []

    async def start(self) -> None:
        """Start the tasks: messages of peers, changes of rights, the clock."""
        self._show_depths()
        await self._peer_bus.start()
        self._spawn(self.rights.run())
        self._spawn(self._register.run())
        self._spawn(self._tick_all())
        self._spawn(self._measure_load())
        self._spawn(self._warm_up())

    async def close(self) -> None:
        """End in order: admit no socket, commit what waits, close every session to reconnect."""
        self.closing = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_WAIT_S):
                await self._store_open()
        rooms = list(self._rooms.values())
        try:
            async with asyncio.timeout(STOP_WAIT_S):
                await asyncio.gather(*(room.close() for room in rooms))
        except TimeoutError:
            logger.warning("the store did not take everything in time; clients repeat it")
            for room in rooms:
                room.discard(GOING_DOWN)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_WAIT_S):
                await asyncio.gather(*(room.wait_until_empty() for room in rooms))
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._committer.close()
        await self._peer_bus.close()
        self.large_edits.close()

    def _show_depths(self) -> None:
        """Compute depths and the interval when metrics are read, not on the way of an edit."""

        def over_rooms(depth: Callable[[Room], int]) -> Callable[[], float]:
            return lambda: float(sum(depth(room) for room in list(self._rooms.values())))

        metrics.COMMIT_INTERVAL.set_function(lambda: self._committer.interval_s)
        metrics.QUEUED.set_function(over_rooms(lambda room: room.queue.size_bytes))
        metrics.PENDING.set_function(over_rooms(lambda room: len(room.live.pending)))
        metrics.OUTBOX.set_function(
            over_rooms(lambda room: sum(session.outbox_bytes for session in list(room.sessions)))
        )

    def _sessions(self) -> list[Session]:
        """Return the open sessions of all rooms."""
        return [session for room in self._rooms.values() for session in room.sessions]

    # --- rooms ---

    async def room(self, document_id: str, *, lineage: str) -> Room:
        """Return the document's room; load the document when no room has it.

        Raises ``QuarantinedError``, and ``TransientError`` when it cannot be loaded now. A failed
        load never starts from an empty document.
        """
        room = self._rooms.get(document_id)
        if room is not None:
            return room
        if self.closing:
            raise GoingDownError("The server is going down. Connect again.")
        task = self._loading.get(document_id)
        if task is None:
            task = asyncio.create_task(self._open(document_id, lineage))
            self._loading[document_id] = task
            task.add_done_callback(lambda _: self._loading.pop(document_id, None))
        return await asyncio.shield(task)

    async def _open(self, document_id: str, lineage: str) -> Room:
        self._evict_idle_room()
        self._peer_bus.join(document_id)
        try:
            async with asyncio.timeout(self.limits.load_wait_s):
                loaded = await self._load(document_id)
        except QuarantinedError:
            self._peer_bus.leave(document_id)
            raise
        except Exception as err:
            self._peer_bus.leave(document_id)
            logger.exception("document %s not loaded", document_id)
            raise TransientError("The document cannot be loaded now. Try again.") from err
        room = Room(
            document_id=document_id,
            lineage=lineage,
            loaded=loaded,
            context=self._context,
            on_discard=self._forget,
        )
        self._rooms[document_id] = room
        metrics.ROOMS.set(len(self._rooms))
        self._peer_bus.announce_open(document_id, room.live.seq)
        return room

    async def _load(self, document_id: str) -> LoadedDocument:
        if self._engine.thread_bound:
            return _load(document_id)
        return await asyncio.to_thread(_load, document_id)

    def _evict_idle_room(self) -> None:
        """Close the room that has been idle longest when there are too many."""
        if len(self._rooms) + len(self._loading) <= self.limits.rooms:
            return
        idle = [room for room in self._rooms.values() if room.is_idle]
        if not idle:
            raise TransientError(
                "This server has all the documents open that it may.", extra={"limit": "rooms"}
            )
        oldest = min(idle, key=lambda room: room.idle_since or 0)
        oldest.discard()  # at once: the next document, opened at the same moment, needs another one
        self._spawn(oldest.close())

    def _forget(self, room: Room) -> None:
        if self._rooms.get(room.document_id) is room:
            del self._rooms[room.document_id]
            self._peer_bus.leave(room.document_id)
            metrics.ROOMS.set(len(self._rooms))

    # --- the documents of the server before its restart ---

    async def _warm_up(self) -> None:
        """Load the documents that this server had in memory before its restart, one by one."""
        if not settings.WARM_START_DOCUMENTS:
            return
        try:
            documents = await asyncio.to_thread(open_documents_take)
        except Exception as err:  # noqa: BLE001 - clients load what they open
            logger.warning("the documents of the former server are not loaded: %r", err)
            return
        for document_id, lineage in documents:
            if self.closing or is_cancelled():
                return
            with contextlib.suppress(AppError):  # logged, and told to whoever opens it
                await self.room(document_id, lineage=lineage)

    async def _store_open(self) -> None:
        """Store which documents are in memory, where it has changed."""
        documents = sorted(islice(reversed(self._rooms), settings.WARM_START_DOCUMENTS))
        if documents == self._stored_open:
            return
        try:
            await asyncio.to_thread(open_documents_put, documents)
            self._stored_open = documents
        except Exception as err:  # noqa: BLE001 - Redis is away: the next start loads nothing
            logger.warning("the documents in memory are not stored: %r", err)

    # --- other servers ---

    def _on_message(self, message: dict[str, Any]) -> None:
        """Dispatch a message of a peer to its room."""
        room = self._rooms.get(message["document_id"])
        if room is None:
            return
        room.fanout.update_cadence()
        kind = message["type"]
        if kind == "operations":
            room.deliver(operations_of(message), last_seq=message["last_seq"])
        elif kind == "presence":
            decoder = Decoder(message["frame"])
            if decoder.var_uint() == AWARENESS:
                entries = decode_awareness(decoder.var_bytes())
                room.apply_remote_presence(entries, message.get("readers", ()))
        elif kind == "hello":
            self._peer_bus.announce_present(room.document_id, room.live.seq)
            room.deliver([], last_seq=message["last_seq"])
            room.fanout.queue_presence(room.presence.entries(local_only=True))
        elif kind == "here":
            room.deliver([], last_seq=message["last_seq"])
        elif kind == "lock_wanted":
            room.want_lock()

    # --- the clock ---

    async def _tick_all(self) -> None:
        ticks = 0
        while not is_cancelled():
            await asyncio.sleep(self.limits.gap_check_interval_s)
            ticks += 1
            try:
                await self._tick(rejoin=ticks % _REJOIN_TICKS == 0)
            except Exception as err:  # noqa: BLE001 - the store is away: the next tick tries again
                metrics.LOOP_ERRORS.labels(loop="tick").inc()
                logger.warning("comparison with the store failed: %r", err)

    async def _tick(self, *, rejoin: bool) -> None:
        """Compare every room with the store in one query, and close idle rooms."""
        now = time.monotonic()
        rooms = list(self._rooms.values())
        for room in rooms:
            room.tick(at=now)
            if room.is_idle and now - (room.idle_since or now) > self.limits.idle_room_ttl_s:
                self._spawn(room.close())
        if rejoin:
            self._peer_bus.rejoin_all()
            for room in rooms:
                self._peer_bus.announce_present(room.document_id, room.live.seq)
        await self._store_open()
        if rooms:
            stored = await asyncio.to_thread(heads_get, [room.document_id for room in rooms])
            for room in rooms:
                room.check_for_gap(stored.get(room.document_id, 0))

    async def _measure_load(self) -> None:
        """Slow the pages down while this process works most of the time."""
        at, worked_s = time.monotonic(), time.process_time()
        while True:
            await asyncio.sleep(LOAD_INTERVAL_S)
            before, at = at, time.monotonic()
            worked_before_s, worked_s = worked_s, time.process_time()
            if self._context.cadences.observe((worked_s - worked_before_s) / (at - before)):
                for room in self._rooms.values():
                    room.fanout.update_cadence()

    def _spawn(self, coroutine: Any) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            metrics.LOOP_ERRORS.labels(loop="task").inc()
            logger.error("task failed", exc_info=task.exception())


def _load(document_id: str) -> LoadedDocument:
    """Load a document; advance its head where a crash left it behind the log.

    A large document is indexed here, in the thread of the load, and not by the first edit, which
    the event loop merges.
    """
    loaded = document_load_to_edit(document_id=document_id)
    with work_noted(document_id):
        state = loaded.engine.encode()
    loaded.pairs = SurrogatePairs.of_state(state, loaded.vector)
    if loaded.size_bytes > INDEX_AT_LOAD_BYTES:
        index = ContainerIndex.of_state(state)
        if index.ends() == loaded.vector:  # otherwise the engine counts ids wrongly (ADR 0001)
            loaded.containers = index
    stored = heads_get([document_id]).get(document_id)
    if stored is not None and stored < loaded.seq:
        heads_advance([Head(document_id, loaded.seq, encode_bounded(loaded.vector), clock.now())])
    return loaded


def cadence_policy() -> CadencePolicy:
    """Return the cadences of the settings."""
    values = settings.COLLAB_CADENCE
    return CadencePolicy(alone=Cadence(**values["alone"]), together=Cadence(**values["together"]))


_runtimes: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Task[Runtime]] = WeakKeyDictionary()


async def get_runtime() -> Runtime:
    """Return the runtime of the running event loop, started at the first use."""
    loop = asyncio.get_running_loop()
    if loop not in _runtimes:
        # Start in a fresh context. Otherwise the runtime inherits the first request's context,
        # whose thread-sensitive executor dies with that request.
        _runtimes[loop] = loop.create_task(_start(), context=contextvars.Context())
    return await asyncio.shield(_runtimes[loop])


async def close_runtime() -> None:
    """End the runtime of the running event loop, if it has one."""
    task = _runtimes.pop(asyncio.get_running_loop(), None)
    if task is not None:
        await (await task).close()


async def _start() -> Runtime:
    runtime = Runtime(Limits(**settings.COLLAB_LIMITS))
    await runtime.start()
    return runtime
