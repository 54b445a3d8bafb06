"""The register of sessions in Redis: the people by open document, for the administration.

Each web server writes one value for all its rooms, within some seconds of a change, and never on
the way of an edit. The value of a server that has stopped or died expires.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from django_redis import get_redis_connection

from apps.collab.session import Session
from apps.core import ids, metrics
from apps.core.tasks import is_cancelled

logger = logging.getLogger(__name__)

#: How often a server looks whether its sessions have changed, in seconds.
INTERVAL_S: Final = 3.0
#: How long a value counts, and how often one that has not changed is written again, in seconds.
TTL_S: Final = 15.0
RENEW_S: Final = 5.0
#: Pairs of document and person that one server names. Threat: a value of many megabytes each time.
MAX_PAIRS: Final = 10_000

# The braces put all keys into one slot of a Redis cluster.
_SERVERS: Final = "scriptorium:{sessions}"

#: The ids of people by document.
People = dict[str, list[str]]


class SessionRegister:
    """The entry of one server; ``sessions`` returns its open sessions."""

    def __init__(self, sessions: Callable[[], Iterable[Session]]) -> None:
        self._sessions = sessions
        self._server = ids.new_id()
        self._written: People = {}
        self._written_at = float("-inf")

    async def run(self) -> None:
        """Keep the entry equal to the sessions until cancelled; then it expires."""
        while not is_cancelled():
            await self._write()
            await asyncio.sleep(INTERVAL_S)

    async def _write(self) -> None:
        people = people_of(self._sessions())
        now = time.monotonic()
        is_old = bool(people) and now - self._written_at >= RENEW_S
        if people == self._written and not is_old:
            return
        try:
            await asyncio.to_thread(register_put, self._server, people)
            self._written, self._written_at = people, now
        except Exception as err:  # noqa: BLE001 - Redis is away: the next turn tries again
            metrics.LOOP_ERRORS.labels(loop="register").inc()
            logger.warning("sessions not registered: %r", err)


def people_of(sessions: Iterable[Session]) -> People:
    """Return the people of open sessions by document, at most ``MAX_PAIRS``."""
    pairs: set[tuple[str, str]] = set()
    for session in sessions:
        if len(pairs) >= MAX_PAIRS:
            break
        if session.close_code is None:
            pairs.add((session.document_id, session.user_id))
    people: People = {}
    for document_id, user_id in sorted(pairs):
        people.setdefault(document_id, []).append(user_id)
    return people


def register_put(server: str, people: Mapping[str, list[str]]) -> None:
    """Store the people of a server, until ``TTL_S`` from now. Raises ``RedisError``."""
    now = time.time()
    with get_redis_connection("default").pipeline() as commands:
        commands.set(_key(server), json.dumps(people), ex=int(TTL_S))
        commands.zadd(_SERVERS, {server: now + TTL_S})
        commands.zremrangebyscore(_SERVERS, "-inf", now)
        commands.expire(_SERVERS, int(2 * TTL_S))
        commands.execute()


def people_by_document() -> dict[str, set[int]]:
    """Return the ids of the people who have each document open, on any server.

    Raises ``RedisError``.
    """
    redis: Any = get_redis_connection("default")
    servers = redis.zrangebyscore(_SERVERS, time.time(), "+inf")
    found: dict[str, set[int]] = {}
    for body in redis.mget([_key(server.decode()) for server in servers]) if servers else []:
        for document_id, user_ids in json.loads(body or "{}").items():
            people = {int(user_id) for user_id in user_ids if user_id.isdecimal()}
            found.setdefault(document_id, set()).update(people)
    return found


def _key(server: str) -> str:
    return f"{_SERVERS}:{server}"
