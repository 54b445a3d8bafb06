"""How every server hears of a change of rights within a second (ADR 0003).

PostgreSQL's triggers (migration 0002) notify on one channel at commit; each web process listens
on one connection of its own. What a lost connection may have missed is told as None.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connection, connections
from prometheus_client import Counter

logger = logging.getLogger(__name__)

CHANNEL = "scriptorium_access"
#: How long the first and the longest pause before a new connection are, in seconds.
RETRY_FIRST_S = 0.1
RETRY_LONGEST_S = 5.0
#: How long the channel may be quiet before the connection is tried, in seconds.
HEARTBEAT_S = 15.0
#: How long PostgreSQL may take to answer a connection or a heartbeat, in seconds.
ANSWER_WAIT_S = 5.0

failures = Counter(
    "scriptorium_access_change_failures", "Changes of rights that their handler failed on."
)


@dataclass(frozen=True, slots=True)
class AccessChange:
    """Whose rights may have changed: everybody's on one document, or one user's everywhere."""

    document_id: str | None = None
    user_id: int | None = None


def change_parse(payload: str) -> AccessChange | None:
    """Return the change that a notice tells; None ("anything") where it cannot be read."""
    try:
        values = json.loads(payload)
        change = AccessChange(values.get("document_id"), values.get("user_id"))
    except (ValueError, AttributeError):
        return None
    return None if change == AccessChange() else change


def access_publish(*, document_id: str) -> None:
    """Tell every server to look again at who may see a document (trashed, restored).

    Sent when the present transaction commits, at once when there is none.
    """
    payload = json.dumps({"document_id": document_id})
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, payload])


async def listen(on_change: Callable[[AccessChange | None], None]) -> None:
    """Call ``on_change`` for every change until cancelled; None means "anything may have changed".

    None is told after each (re)connection: between two connections notices are lost.
    ``on_change`` runs in the caller's event loop and must not block; what it raises is logged
    and counted, and the listening goes on.
    """
    pause_s = RETRY_FIRST_S
    while True:
        try:
            async with await _connect() as listener:
                pause_s = RETRY_FIRST_S
                await _forward(listener, on_change)
        except (psycopg.Error, OSError, TimeoutError) as err:
            logger.warning("listening for changes of rights: %s; again in %.1f s", err, pause_s)
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, RETRY_LONGEST_S)


def _connection_parameters() -> dict[str, Any]:
    """Return Django's own connection parameters, without what is for its cursors."""
    parameters = connections["default"].get_connection_params()
    for name in ("cursor_factory", "context", "prepare_threshold", "pool"):
        parameters.pop(name, None)
    return {**parameters, "connect_timeout": int(ANSWER_WAIT_S)}


async def _connect() -> psycopg.AsyncConnection[Any]:
    return await psycopg.AsyncConnection.connect(
        **_connection_parameters(), application_name="scriptorium-access", autocommit=True
    )


async def _forward(
    listener: psycopg.AsyncConnection[Any], on_change: Callable[[AccessChange | None], None]
) -> None:
    """Hand on the notices of one connection until it breaks."""
    await listener.execute(f"LISTEN {CHANNEL}")
    _tell(on_change, None)
    while True:
        async for notice in listener.notifies(timeout=HEARTBEAT_S):
            _tell(on_change, change_parse(notice.payload))
        async with asyncio.timeout(ANSWER_WAIT_S):
            await listener.execute("SELECT 1")


def _tell(on_change: Callable[[AccessChange | None], None], change: AccessChange | None) -> None:
    try:
        on_change(change)
    except Exception:
        failures.inc()
        logger.exception("a change of rights could not be handled: %s", change)
