"""Presence: the awareness states of one document, stamped with authenticated names. Pure.

What a client sends is untrusted data (docs/invariants.md, 14): each state is rebuilt from an
allow-list (``presence_state``), and judged before it is stored. A client id belongs to the person
who owns it in the log, else to the session that announced it first (docs/invariants.md, 12).
"""

import json
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from typing import Final

from apps.collab.limits import Limits
from apps.collab.presence_state import (
    GONE,
    Identity,
    PresenceRefusedError,
    remote_state_rebuild,
    state_rebuild,
)
from apps.collab.protocol import AwarenessEntry
from apps.crdt.codec.lib0 import MAX_SAFE_INTEGER

#: Largest clock of a state. A stock client that is told of its own end adds one, and a server of an
#: earlier release did, too: both must stay readable as JavaScript's safe integers.
MAX_CLOCK: Final = MAX_SAFE_INTEGER - 2


@dataclass(slots=True)
class _State:
    clock: int
    json: str
    owner: object | None
    """The local session; None for a client of another server."""
    user_id: str
    seen_at: float
    #: Whether the client id is reserved for the person's edits.
    reserves: bool


class Presence:
    """The awareness states of a document."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._states: dict[int, _State] = {}
        #: The clients of each local session.
        self._clients: dict[object, set[int]] = {}

    def update(
        self,
        entries: Iterable[AwarenessEntry],
        *,
        owner: object,
        identity: Identity,
        at: float,
        may_write: bool = True,
        owner_in_log: Callable[[int], str | None] = lambda _: None,
    ) -> list[AwarenessEntry]:
        """Apply a session's own states; return the entries to broadcast.

        An entry is ignored for a client id that another person's session holds, on any server, or
        that another person owns in the log. ``may_write`` reserves the ids for the person's edits;
        who cannot write must keep nobody from writing. Raises
        ``PresenceRefusedError`` for a clock above ``MAX_CLOCK``, for a state that is no JSON
        object, too large, or one too many; then nothing of the message is stored.
        """
        changed = []
        for entry in entries:
            known = self._states.get(entry.client)
            if known is not None and not self._may_replace(known, entry, owner, identity):
                continue
            if (owner_in_log(entry.client) or identity.user_id) != identity.user_id:
                continue
            if entry.clock > MAX_CLOCK:
                raise PresenceRefusedError("The clock of the awareness state is too large.")
            rebuilt = state_rebuild(
                entry.state_json, identity, max_bytes=self._limits.presence_bytes
            )
            if rebuilt != GONE or known is not None:
                changed.append(AwarenessEntry(entry.client, entry.clock, rebuilt))
        self._check_clients(changed, owner)
        for entry in changed:
            self._put(entry, owner=owner, user_id=identity.user_id, at=at, reserves=may_write)
        return changed

    def announced_by(self, client: int) -> str | None:
        """Return the person for whose edits a client id is reserved, None where it is free."""
        state = self._states.get(client)
        return state.user_id if state is not None and state.reserves else None

    def merge_remote(
        self, entries: Iterable[AwarenessEntry], *, at: float, readers: Container[int] = ()
    ) -> list[AwarenessEntry]:
        """Apply states that another server has stamped; return the entries that changed.

        ``readers`` are the clients of people who may only read. An entry that could not be from
        this release is ignored: the other server may be older.
        """
        changed = []
        for entry in entries:
            known = self._states.get(entry.client)
            if known is not None and (known.owner is not None or known.clock > entry.clock):
                continue
            if entry.clock > (MAX_CLOCK + 1 if entry.state_json == GONE else MAX_CLOCK):
                continue
            try:
                state_json = remote_state_rebuild(
                    entry.state_json, max_bytes=2 * self._limits.presence_bytes
                )
            except PresenceRefusedError:
                continue
            if known is not None and (known.clock, known.json) == (entry.clock, state_json):
                known.seen_at = at
                continue
            rebuilt = entry._replace(state_json=state_json)
            user_id = "" if state_json == GONE else json.loads(state_json)["user"]["id"]
            reserves = entry.client not in readers
            self._put(rebuilt, owner=None, user_id=user_id, at=at, reserves=reserves)
            changed.append(rebuilt)
        return changed

    def readers(self, entries: Iterable[AwarenessEntry]) -> list[int]:
        """Return the clients among entries that are of people who may only read."""
        return [
            entry.client
            for entry in entries
            if (state := self._states.get(entry.client)) is not None and not state.reserves
        ]

    def leave(self, owner: object) -> list[AwarenessEntry]:
        """Remove the session's awareness states; return the removal entries to broadcast."""
        return [self._remove(client) for client in sorted(self._clients.get(owner, ()))]

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
            if state.json != GONE and (state.owner is not None or not local_only)
        ]

    def _may_replace(
        self, known: _State, entry: AwarenessEntry, owner: object, identity: Identity
    ) -> bool:
        if known.owner is not owner and known.user_id != identity.user_id:
            return False
        if known.owner is not None and known.owner is not owner:
            # A new connection of the same person replaces one that is being closed.
            return True
        return entry.clock > known.clock or (
            entry.clock == known.clock and entry.state_json == GONE
        )

    def _check_clients(self, changed: Iterable[AwarenessEntry], owner: object) -> None:
        """Raise when a session would have more clients than ``presence_clients``."""
        clients = set(self._clients.get(owner, ()))
        for entry in changed:
            if entry.state_json == GONE:
                clients.discard(entry.client)
            else:
                clients.add(entry.client)
        if len(clients) > self._limits.presence_clients:
            raise PresenceRefusedError("One connection cannot stand for so many clients.")

    def _put(
        self,
        entry: AwarenessEntry,
        *,
        owner: object | None,
        user_id: str,
        at: float,
        reserves: bool,
    ) -> None:
        if entry.client in self._states:
            self._forget(entry.client)
        if entry.state_json == GONE:
            return
        self._states[entry.client] = _State(
            entry.clock, entry.state_json, owner, user_id, at, reserves
        )
        if owner is not None:
            self._clients.setdefault(owner, set()).add(entry.client)

    def _remove(self, client: int) -> AwarenessEntry:
        """Remove a state. Its end has its clock, which y-protocols applies.

        With the next clock it would hide the first state of the client's next connection.
        """
        return AwarenessEntry(client, self._forget(client).clock, GONE)

    def _forget(self, client: int) -> _State:
        state = self._states.pop(client)
        if state.owner is not None:
            clients = self._clients[state.owner]
            clients.discard(client)
            if not clients:
                del self._clients[state.owner]
        return state
