"""The limits of the live path: name, unit, default, and the threat that each answers.

The values come from ``settings.COLLAB_LIMITS`` (``docs/env.md``); this file is pure.
"""

from dataclasses import dataclass

from apps.core.errors import LimitExceededError
from apps.crdt.codec.update_reader import UpdateHeader


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of a process's live editing."""

    #: One WebSocket message. Threat: a frame that fills the memory.
    frame_bytes: int = 4 * 1024 * 1024
    #: One update within a frame or a REST call. Threat: a log row that no Mongo takes.
    update_bytes: int = 4 * 1024 * 1024
    #: Structs and ranges of deletes of one update. The engine merges 2,500 in a millisecond, and
    #: does nothing else meanwhile. An honest client needs 10 bytes for each, so that it fills
    #: ``update_bytes`` with as many. Threat: 700,000 structs as short as can be.
    update_structs: int = 400_000
    #: Client ids of one update: those whose structs it has, and those that it needs. A page sends
    #: its own edits; a stock client sends what the server lacks, of each page load that wrote it.
    #: Threat: work for each of them at many places, 0.5 s for 60,000.
    update_clients: int = 10_000
    #: Client ids of a document, one for each page load that edited it. Each socket gets all of them
    #: when it joins. Threat: 1,200,000 of them in a document of 12 MiB.
    document_clients: int = 100_000
    #: A whole document. Threat: a document too large to load.
    document_bytes: int = 12 * 1024 * 1024
    #: Pending updates of one document. Threat: gaps sent on purpose.
    pending_bytes: int = 4 * 1024 * 1024
    #: How long an update may be pending, in seconds.
    pending_age_s: float = 60.0
    #: Updates waiting for a commit, per document. Threat: writers faster than the disk.
    queue_bytes: int = 16 * 1024 * 1024
    #: Updates of one commit, so that one commit stays short.
    batch_bytes: int = 4 * 1024 * 1024
    #: Frames waiting to be sent to one session. Threat: a reader that does not read.
    outbox_bytes: int = 16 * 1024 * 1024
    #: Frames that one session may send in a second, fragments included. Threat: a flood of small
    #: frames.
    frames_per_s: int = 20_000
    #: Control frames (ping, pong, close) that one socket may send in a second, before sign-in too.
    #: An honest client sends one every 20 s. Threat: a flood of pings, which no session sees.
    control_frames_per_s: int = 20
    #: Work that one session may cause by frames that change nothing, in units: a full budget, and
    #: what is added in a second. Sync step 1 costs 1, a unit per 256 KiB of the document and a unit
    #: per 8 KiB of its vector, query awareness 1 and a unit per 64 states. Threat: the dearest
    #: frames, sent again and again.
    read_budget: int = 200
    read_budget_per_s: int = 50
    #: Sockets that are admitted at once; the handshakes of the others wait. Threat: a client that
    #: opens and closes sockets faster than their rights are looked up.
    concurrent_admissions: int = 16
    #: Frames of one session in one batch; the next ones are read when the room has taken these.
    #: Threat: a sender without flow control, which takes the time of all other documents.
    unbatched_frames_per_session: int = 64
    #: Awareness frames that one session may send in a second. A caret that is dragged sends as many
    #: as the screen has frames. Threat: work for every page of the room.
    presence_frames_per_s: int = 200
    #: Awareness states of one session. Threat: a crowd of invented people.
    presence_clients: int = 8
    #: One awareness state as JSON. Threat: presence used as storage.
    presence_bytes: int = 8 * 1024
    #: Time of child processes that try unusual edits of one person, in seconds: a full budget, and
    #: what is added in a second. One that fails costs ``rehearsal_failed_s`` more. Threat:
    #: rehearsals used to delay the others in a document.
    rehearsal_s: float = 10.0
    rehearsal_s_per_s: float = 0.2
    rehearsal_failed_s: float = 3.0
    #: Time of the thread that reads and checks large edits, of one person, in seconds: a full
    #: budget, and what is added in a second. 4 MiB of text take 0.05 s, and of parts as short as
    #: can be a second. Threat: a processor of the server that is kept busy by edits of no effect.
    large_edit_s: float = 5.0
    large_edit_s_per_s: float = 0.2
    #: Sessions of one document in one process. Threat: fan-out that starves the rest.
    sessions_per_room: int = 1_000
    #: Sessions of one person on one document in one process: browser tabs, and sockets that the
    #: server does not know to be lost yet. Threat: one viewer who fills the room.
    sessions_per_person_in_room: int = 50
    #: Sessions of one person in one process. Threat: one account that fills the server.
    sessions_per_person: int = 500
    #: Documents in memory of one process. Threat: opening everything at once.
    rooms: int = 10_000
    #: How long a document stays in memory without sessions, in seconds.
    idle_room_ttl_s: float = 60.0
    #: How long loading a document may take, in seconds.
    load_wait_s: float = 20.0
    #: How long an edit may wait for the document's lock, in seconds: longer than a dead lease.
    lock_wait_s: float = 15.0
    #: How long after the last edit a document's lock is released, in seconds.
    lock_idle_s: float = 2.0
    #: Interval at which rooms compare their seq with the stored one, in seconds
    #: (docs/invariants.md, 7).
    gap_check_interval_s: float = 4.0
    #: How long an expired access token stays valid on an open socket, in seconds.
    expiry_grace_s: float = 30.0
    #: How long presence of another server is kept without a renewal, in seconds.
    presence_age_s: float = 35.0

    def check_update(self, update: bytes) -> None:
        """Raise ``LimitExceededError`` for an update of more than ``update_bytes``."""
        if len(update) > self.update_bytes:
            raise LimitExceededError(
                "The update is too large.",
                extra={"limit": "update_bytes", "value": self.update_bytes},
            )

    def check_header(self, header: UpdateHeader) -> None:
        """Raise ``LimitExceededError`` above ``update_structs`` or ``update_clients``."""
        if header.structs > self.update_structs:
            raise LimitExceededError(
                "The update has too many parts. Send it in pieces.",
                extra={"limit": "update_structs", "value": self.update_structs},
            )
        if len(header.ranges) > self.update_clients or len(header.needs) > self.update_clients:
            raise LimitExceededError(
                "The update has edits of too many page loads. Send it in pieces.",
                extra={"limit": "update_clients", "value": self.update_clients},
            )
