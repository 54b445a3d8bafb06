"""Events of rooms, for the upper apps (docs/architecture.md, Layers)."""

from dataclasses import dataclass

from apps.core.events import Event


@dataclass(frozen=True, slots=True)
class SessionJoined:
    """A session has joined a document; ``user_id`` as ``session.user_id``."""

    document_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class SessionsClosed:
    """An administrator closes all sessions of a document."""

    document_id: str
    actor_id: int


#: Published in the event loop: a subscriber must neither block nor raise.
session_joined: Event[SessionJoined] = Event("session_joined")
#: Published within the transaction that closes the sessions, as ``permission_granted`` is.
sessions_closed: Event[SessionsClosed] = Event("sessions_closed")
