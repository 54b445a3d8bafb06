"""Every limit of the live path: a name, a unit, a default, and the threat that it answers.

The values come from ``settings.COLLAB_LIMITS`` (``docs/env.md``); this file is pure.
"""

from dataclasses import dataclass

from apps.core.errors import LimitExceededError


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of a process's live editing."""

    #: One WebSocket message. Threat: a frame that fills the memory.
    frame_bytes: int = 4 * 1024 * 1024
    #: One update within a frame or a REST call. Threat: a log row that no Mongo takes.
    update_bytes: int = 4 * 1024 * 1024
    #: A whole document. Threat: a document that nobody can load any more.
    document_bytes: int = 12 * 1024 * 1024
    #: Updates set aside until what they need arrives, per document. Threat: holes sent on purpose.
    pending_bytes: int = 4 * 1024 * 1024
    #: How long an update may be set aside, in seconds.
    pending_age_s: float = 60.0
    #: Updates waiting for a commit, per document. Threat: writers faster than the disk.
    queue_bytes: int = 16 * 1024 * 1024
    #: Updates of one commit, so that one commit stays short.
    batch_bytes: int = 4 * 1024 * 1024
    #: Frames waiting to be sent to one session. Threat: a reader that does not read.
    outbox_bytes: int = 16 * 1024 * 1024
    #: Frames that one session may send in a second. Threat: a flood of small frames.
    frames_per_s: int = 20_000
    #: Sockets that are let in at one moment; the handshakes of the others wait. Threat: a client
    #: that opens and closes sockets faster than their rights are looked up.
    sessions_entering: int = 16
    #: Frames of one session in one batch; the next ones are read when the room has taken these.
    #: Threat: a sender who heeds nothing, and takes the time of all other documents.
    frames_in_hand: int = 64
    #: Awareness states of one session. Threat: a crowd of invented people.
    presence_clients: int = 8
    #: One awareness state as JSON. Threat: presence used as storage.
    presence_bytes: int = 8 * 1024
    #: Sessions of one document in one process. Threat: fan-out that starves the rest.
    sessions_per_room: int = 1_000
    #: Documents in memory of one process. Threat: opening everything at once.
    rooms: int = 10_000
    #: How long a document stays in memory without sessions, in seconds.
    warm_s: float = 60.0
    #: How long loading a document may take, in seconds.
    load_wait_s: float = 20.0
    #: How long an edit may wait for the document's lock, in seconds: longer than a dead lease.
    lock_wait_s: float = 15.0
    #: After how long without edits a document's lock is given up, in seconds.
    quiet_s: float = 2.0
    #: How often rooms compare their seq with the stored one, in seconds (docs/invariants.md, 7).
    compare_s: float = 4.0
    #: How long an expired access token is still good on an open socket, in seconds.
    expiry_grace_s: float = 30.0
    #: Presence of another server is forgotten after so long without a word, in seconds.
    presence_age_s: float = 35.0

    def check_update(self, update: bytes) -> None:
        """Raise ``LimitExceededError`` for an update of more than ``update_bytes``."""
        if len(update) > self.update_bytes:
            raise LimitExceededError(
                "The update is too large.",
                extra={"limit": "update_bytes", "value": self.update_bytes},
            )
