"""The rights of the sessions of one process, kept equal to PostgreSQL (ADR 0003).

A change names whose rights are in doubt; one task asks about all of them together, and goes on
asking while the database does not answer: a right that was taken away must not outlive that.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable

from channels.db import database_sync_to_async
from django.db import Error as DatabaseError

from apps.accounts.changes import AccessChange, listen
from apps.accounts.roles import Abilities
from apps.collab.close_codes import NOT_FOUND
from apps.collab.selectors import abilities_recheck
from apps.collab.session import Session
from apps.core import metrics

logger = logging.getLogger(__name__)

#: Pause before the database is asked again, in seconds.
RETRY_S = 0.5


class RightsWatch:
    """Sees to it that no session lives on with a right that it no longer has.

    ``sessions`` returns all that are open now. ``changes`` counts what was heard: who reads a
    right before a session can be found here compares it before and after.
    """

    def __init__(self, sessions: Callable[[], Iterable[Session]]) -> None:
        self.changes = 0
        self._sessions = sessions
        self._doubtful: set[Session] = set()
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Hear of changes and look again, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(listen(self.on_change), name="rights-listen")
            tasks.create_task(self._recheck_all(), name="rights-recheck")

    def on_change(self, change: AccessChange | None) -> None:
        """Doubt the rights of every session that a change may concern."""
        self.changes += 1
        self.doubt(session for session in self._sessions() if _concerns(change, session))

    def doubt(self, sessions: Iterable[Session]) -> None:
        """Have the rights of these sessions read again."""
        self._doubtful.update(sessions)
        if self._doubtful:
            self._wake.set()

    async def _recheck_all(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            sessions, self._doubtful = self._doubtful, set()
            try:
                await _recheck(sessions)
            except Exception as err:
                metrics.LOOP_ERRORS.labels(loop="rights").inc()
                if isinstance(err, DatabaseError):
                    logger.warning("rights of %d sessions not read: %s", len(sessions), err)
                else:
                    logger.exception("rights of %d sessions not read", len(sessions))
                await asyncio.sleep(RETRY_S)
                self.doubt(session for session in sessions if session.close_code is None)


async def _recheck(sessions: set[Session]) -> None:
    pairs = {(session.user_id, session.document_id) for session in sessions}
    answers = await database_sync_to_async(abilities_recheck)(pairs)
    for session in sessions:
        answer = answers[session.user_id, session.document_id]
        if isinstance(answer, Abilities):
            session.set_abilities(answer)
        else:
            session.close(NOT_FOUND)


def _concerns(change: AccessChange | None, session: Session) -> bool:
    if change is None:
        return True
    if change.document_id is not None:
        return change.document_id == session.document_id
    return str(change.user_id) == session.user_id
