"""Presence: the awareness states of one document, stamped with authenticated names. Pure.

An awareness state is JSON that the client made. Its ``user`` is set by the server, so nobody can
appear as another person (docs/invariants.md, 14). A client id belongs to the session that used it
first.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from apps.collab.limits import Limits
from apps.collab.protocol import AwarenessEntry
from apps.core.errors import InvalidInputError

_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\Z")
_GONE = "null"


class PresenceRefusedError(InvalidInputError):
    """An awareness state that is malformed, too large, or one too many."""

    code = "malformed"


@dataclass(frozen=True, slots=True)
class Identity:
    """The authenticated user of a session, never what a frame claims."""

    user_id: str
    username: str
    name: str


@dataclass(slots=True)
class _State:
    clock: int
    json: str
    owner: object | None
    """The local session; None for a client of another server."""
    user_id: str
    seen_at: float


class Presence:
    """The awareness states of a document."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._states: dict[int, _State] = {}

    def update(
        self, entries: Iterable[AwarenessEntry], *, owner: object, identity: Identity, at: float
    ) -> list[AwarenessEntry]:
        """Apply a session's own states; return the entries to broadcast.

        An entry for a client id that another person's session holds is ignored. Raises
        ``PresenceRefusedError`` for a state that is no JSON object, too large, or one too many.
        """
        changed = []
        for entry in entries:
            known = self._states.get(entry.client)
            if known is not None and not self._may_replace(known, entry, owner, identity):
                continue
            stamped = stamp(entry.state_json, identity, max_bytes=self._limits.presence_bytes)
            if stamped == _GONE and known is None:
                continue
            self._put(entry, stamped, owner=owner, user_id=identity.user_id, at=at)
            changed.append(AwarenessEntry(entry.client, entry.clock, stamped))
        if sum(state.owner is owner for state in self._states.values()) > (
            self._limits.presence_clients
        ):
            raise PresenceRefusedError("One connection cannot stand for so many clients.")
        return changed

    def merge_remote(self, entries: Iterable[AwarenessEntry], *, at: float) -> list[AwarenessEntry]:
        """Apply states that another server has stamped; return the entries that changed."""
        changed = []
        for entry in entries:
            known = self._states.get(entry.client)
            if known is not None and (known.owner is not None or known.clock > entry.clock):
                continue
            self._put(entry, entry.state_json, owner=None, user_id="", at=at)
            changed.append(entry)
        return changed

    def leave(self, owner: object) -> list[AwarenessEntry]:
        """Remove the session's awareness states; return the removal entries to broadcast."""
        gone = [client for client, state in self._states.items() if state.owner is owner]
        return [self._remove(client) for client in gone]

    def expire(self, *, at: float) -> list[AwarenessEntry]:
        """Remove the states of other servers that were not renewed; return the removal entries."""
        horizon = at - self._limits.presence_age_s
        gone = [
            client
            for client, state in self._states.items()
            if state.owner is None and state.seen_at < horizon
        ]
        return [self._remove(client) for client in gone]

    def entries(self, *, local_only: bool = False) -> list[AwarenessEntry]:
        """Return all present states, or those of this server's sessions."""
        return [
            AwarenessEntry(client, state.clock, state.json)
            for client, state in self._states.items()
            if state.json != _GONE and (state.owner is not None or not local_only)
        ]

    def _may_replace(
        self, known: _State, entry: AwarenessEntry, owner: object, identity: Identity
    ) -> bool:
        if known.owner is not None and known.owner is not owner:
            # A new connection of the same person replaces one that is being closed.
            return known.user_id == identity.user_id
        return entry.clock > known.clock or (
            entry.clock == known.clock and entry.state_json == _GONE
        )

    def _put(
        self,
        entry: AwarenessEntry,
        state_json: str,
        *,
        owner: object | None,
        user_id: str,
        at: float,
    ) -> None:
        if state_json == _GONE:
            self._states.pop(entry.client, None)
            return
        self._states[entry.client] = _State(entry.clock, state_json, owner, user_id, at)

    def _remove(self, client: int) -> AwarenessEntry:
        state = self._states.pop(client)
        return AwarenessEntry(client, state.clock + 1, _GONE)


def stamp(state_json: str, identity: Identity, *, max_bytes: int) -> str:
    """Return a client's state with ``user`` set to the session's identity; null stays null.

    Only the colour of the client's own ``user`` is kept (``#rgb`` … ``#rrggbbaa``): stock editors
    paint carets with it. Raises ``PresenceRefusedError``.
    """
    if len(state_json.encode()) > max_bytes:
        raise PresenceRefusedError("The awareness state is too large.")
    try:
        state: Any = json.loads(state_json)
    except (ValueError, RecursionError) as err:
        raise PresenceRefusedError("The awareness state is not JSON.") from err
    if state is None:
        return _GONE
    if not isinstance(state, dict):
        raise PresenceRefusedError("The awareness state is not an object.")
    user = {"id": identity.user_id, "username": identity.username, "name": identity.name}
    own = state.get("user")
    colour = own.get("color") if isinstance(own, dict) else None
    if isinstance(colour, str) and _COLOUR.match(colour):
        user["color"] = colour
    return json.dumps({**state, "user": user}, separators=(",", ":"))
