"""The rights and sign-ins of the sessions of one process, kept equal to PostgreSQL (ADR 0003).

A change names the sessions whose abilities or sign-in may be outdated. One task reads all of them
again in one query, and repeats it while the database does not answer: a revoked right or an ended
sign-in must not outlive that.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable

from channels.db import database_sync_to_async
from django.db import Error as DatabaseError

from apps.accounts.changes import AccessChange, listen
from apps.accounts.roles import Abilities
from apps.collab.close_codes import NOT_AUTHENTICATED, NOT_FOUND, TRY_AGAIN
from apps.collab.selectors import rights_recheck
from apps.collab.session import Session
from apps.core import metrics
from apps.core.tasks import is_cancelled

logger = logging.getLogger(__name__)

#: Pause before the query is repeated, in seconds.
RETRY_S = 0.5
#: The reason that people read after their sign-in has ended.
SIGNED_OUT = "This sign-in has ended. Log in again."
#: The reason that people read after an administrator has closed the sessions.
CLOSED_BY_ADMIN = "An administrator has closed the sessions of this document."


class RightsWatch:
    """Keeps the abilities of open sessions equal to the database.

    ``sessions`` returns all open sessions. ``changes`` counts the notifications: a caller that
    reads a right before its session is open compares the count before and after.
    """

    def __init__(self, sessions: Callable[[], Iterable[Session]]) -> None:
        self.changes = 0
        self._sessions = sessions
        self._invalid: set[Session] = set()
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Listen to changes and read rights again, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(listen(self.on_change), name="rights-listen")
            tasks.create_task(self._recheck_all(), name="rights-recheck")

    def on_change(self, change: AccessChange | None) -> None:
        """Invalidate the rights of every session that a change may concern."""
        self.changes += 1
        concerned = [session for session in self._sessions() if _concerns(change, session)]
        if change is not None and change.closes:
            for session in concerned:
                session.close(TRY_AGAIN, CLOSED_BY_ADMIN)
        self.invalidate(concerned)

    def invalidate(self, sessions: Iterable[Session]) -> None:
        """Read the rights of these sessions again."""
        self._invalid.update(sessions)
        if self._invalid:
            self._wake.set()

    async def _recheck_all(self) -> None:
        while not is_cancelled():
            await self._wake.wait()
            self._wake.clear()
            sessions, self._invalid = self._invalid, set()
            try:
                await _recheck(sessions)
            except Exception as err:
                metrics.LOOP_ERRORS.labels(loop="rights").inc()
                if isinstance(err, DatabaseError):
                    logger.warning("rights of %d sessions not read: %s", len(sessions), err)
                else:
                    logger.exception("rights of %d sessions not read", len(sessions))
                if not is_cancelled():
                    await asyncio.sleep(RETRY_S)
                self.invalidate(session for session in sessions if session.close_code is None)


async def _recheck(sessions: set[Session]) -> None:
    pairs = {(session.user_id, session.document_id) for session in sessions}
    # A session may get another sign-in meanwhile: what was read is about this one.
    sign_ins = {session: session.sign_in for session in sessions if session.sign_in is not None}
    rights = await database_sync_to_async(rights_recheck)(pairs, set(sign_ins.values()))
    for session in sessions:
        if session.sign_in in rights.ended and session.sign_in == sign_ins[session]:
            session.close(NOT_AUTHENTICATED, SIGNED_OUT)
        session.is_over_quota = session.user_id in rights.over_quota
        answer = rights.abilities[session.user_id, session.document_id]
        if isinstance(answer, Abilities):
            session.set_abilities(answer)
        else:
            session.close(NOT_FOUND)


def _concerns(change: AccessChange | None, session: Session) -> bool:
    if change is None:
        return True
    if change.document_id is not None:
        return change.document_id == session.document_id
    if change.session is not None:
        return session.sign_in is not None and change.session == session.sign_in.session
    return str(change.user_id) == session.user_id
