"""What happened in a room, for the rooms above (HOUSE, imports go one way)."""

from dataclasses import dataclass

from apps.core.events import Event


@dataclass(frozen=True, slots=True)
class SessionJoined:
    """Somebody has opened a document; ``user_id`` as ``session.user_id``."""

    document_id: str
    user_id: str


#: Published in the event loop, on the way in: a subscriber must neither wait nor raise.
session_joined: Event[SessionJoined] = Event("session_joined")


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A document was taken back to what it was after operation ``seq``, by ``user_id``.

    ``number`` is that of the version, None for a moment that is none.
    """

    document_id: str
    user_id: str
    seq: int
    number: int | None


#: In the log already: what a subscriber raises undoes nothing.
document_taken_back: Event[TakenBack] = Event("document_taken_back")
