"""Rooms on the real log, without a web server around them."""

import asyncio

from apps.collab.committer import Committer
from apps.collab.large_edits import LargeEdits
from apps.collab.limits import Limits
from apps.collab.peer_bus import PeerBus
from apps.collab.rehearsals import Rehearsals
from apps.collab.room import Room
from apps.collab.room_context import RoomContext
from apps.core import ids
from apps.crdt.engine.base import get_engine
from apps.history.loaded_document import LoadedDocument
from apps.history.recovery import document_load_to_edit
from apps.oplog.leases import Leases
from apps.oplog.operation import Operation
from apps.oplog.publisher import Publisher
from apps.oplog.selectors import operations_since
from apps.oplog.services import Append, operations_append
from tests.support.eventually import eventually_async


class House:
    """The rooms of one server; a test may have several servers."""

    def __init__(self, limits: Limits, publisher: Publisher) -> None:
        self.limits = limits
        self.committer = Committer(leases=Leases(ids.new_id()), publisher=publisher)
        self.forgotten: list[Room] = []
        self._rooms: list[Room] = []
        self._large_edits = LargeEdits(limits)
        self._context = RoomContext(
            committer=self.committer,
            peer_bus=PeerBus(lambda message: None),
            engine=get_engine("pycrdt"),
            limits=limits,
            load=self._load,
            rehearsals=Rehearsals(limits),
            large_edits=self._large_edits,
        )

    async def open(self, document_id: str | None = None) -> Room:
        """Load the room of a document, by default of a new one."""
        document_id = document_id or ids.new_id()
        loaded = await self._load(document_id)
        room = Room(
            document_id=document_id,
            lineage="l",
            loaded=loaded,
            context=self._context,
            on_discard=self.forgotten.append,
        )
        self._rooms.append(room)
        return room

    async def close(self) -> None:
        """Close all rooms in order."""
        for room in self._rooms:
            await room.close()
        await self.committer.close()
        self._large_edits.close()

    @staticmethod
    async def _load(document_id: str) -> LoadedDocument:
        return await asyncio.to_thread(document_load_to_edit, document_id=document_id)


async def until_quiet(room: Room) -> None:
    """Wait until the room has no pending work."""

    async def is_quiet() -> bool:
        return not room._busy

    await eventually_async(is_quiet)


def log_of(room: Room) -> list[Operation]:
    """Return the log of the room's document."""
    return operations_since(document_id=room.document_id, after=0)


def write_elsewhere(operations: list[Operation], publisher: Publisher) -> None:
    """Append to a document's log as another server would whose broadcasts are all lost."""
    leases = Leases(ids.new_id())
    append = Append(operations[0].document_id, operations)
    operations_append([append], leases=leases, publisher=publisher)
    leases.release_all()
