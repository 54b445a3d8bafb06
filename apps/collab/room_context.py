"""Dependencies that all rooms of a process share."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from apps.collab.cadence import CadencePolicy
from apps.collab.committer import Committer
from apps.collab.large_edits import LargeEdits
from apps.collab.limits import Limits
from apps.collab.peer_bus import PeerBus
from apps.collab.rehearsals import Rehearsals
from apps.crdt.engine.base import Engine
from apps.history.loaded_document import LoadedDocument


@dataclass(frozen=True, slots=True)
class RoomContext:
    """The services that a room uses.

    ``load`` rebuilds a document from the stores, by its id. ``accepts_relays`` returns whether
    pages may bring edits of others that the log lacks.
    """

    committer: Committer
    peer_bus: PeerBus
    engine: Engine
    limits: Limits
    load: Callable[[str], Awaitable[LoadedDocument]]
    rehearsals: Rehearsals
    large_edits: LargeEdits
    accepts_relays: Callable[[], bool] = lambda: False
    cadences: CadencePolicy = field(default_factory=CadencePolicy)
