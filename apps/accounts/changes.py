"""Notifies every server of changes of rights and ended sign-ins within a second (ADR 0003).

PostgreSQL's triggers (migrations 0002, 0003) notify one channel at commit; each web process listens
on a connection of its own. After a lost connection, None is passed for the notices that were
missed.
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

from apps.core.tasks import is_cancelled

logger = logging.getLogger(__name__)

CHANNEL = "scriptorium_access"
#: The first and the longest pause before a new connection, in seconds.
RETRY_FIRST_S = 0.1
RETRY_LONGEST_S = 5.0
#: How long the channel may be quiet before the connection is tested, in seconds.
HEARTBEAT_S = 15.0
#: Timeout of a connection and of a heartbeat, in seconds.
ANSWER_WAIT_S = 5.0

failures = Counter(
    "scriptorium_access_change_failures", "Changes of rights that their handler failed on."
)


@dataclass(frozen=True, slots=True)
class AccessChange:
    """Rights that may have changed: of all users on a document, or of a user on all documents.

    Or a session that has ended, by its digest (``apps.accounts.sign_ins``). ``closes``: the sockets
    of the document are to be closed, whatever the rights are.
    """

    document_id: str | None = None
    user_id: int | None = None
    session: str | None = None
    closes: bool = False


def change_parse(payload: str) -> AccessChange | None:
    """Return the change of a notice, None ("anything") for one that cannot be parsed."""
    try:
        values = json.loads(payload)
        document_id = values.get("document_id")
        change = AccessChange(
            document_id,
            values.get("user_id"),
            values.get("session"),
            closes=document_id is not None and values.get("closes") is True,
        )
    except (ValueError, AttributeError):
        return None
    return None if change == AccessChange() else change


def access_publish(*, document_id: str) -> None:
    """Notify every server to check again who may see a document (trashed, untrashed).

    Sent when the present transaction commits, or at once without one.
    """
    payload = json.dumps({"document_id": document_id})
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, payload])


def sockets_close_publish(*, document_id: str) -> None:
    """Notify every server to close the sockets of a document, as ``access_publish`` notifies."""
    payload = json.dumps({"document_id": document_id, "closes": True})
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, payload])


def user_access_publish(*, user_id: int) -> None:
    """Notify every server to check again what a user may do (shares of the storage)."""
    payload = json.dumps({"user_id": user_id})
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, payload])


async def listen(on_change: Callable[[AccessChange | None], None]) -> None:
    """Call ``on_change`` for every change until cancelled; None means "anything may have changed".

    None is passed after each (re)connection: between two connections notices are lost.
    ``on_change`` runs in the caller's event loop and must not block; its errors are logged and
    counted, and do not end the listening.
    """
    pause_s = RETRY_FIRST_S
    while not is_cancelled():
        try:
            listener = await _connect()
            try:
                pause_s = RETRY_FIRST_S
                await _forward(listener, on_change)
            finally:
                # Its context manager waits for a rollback first, which a cancellation ends.
                await listener.close()
        except (psycopg.Error, OSError, TimeoutError) as err:
            if is_cancelled():
                return
            logger.warning("listening for changes of rights: %s; again in %.1f s", err, pause_s)
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, RETRY_LONGEST_S)


def _connection_parameters() -> dict[str, Any]:
    """Return Django's connection parameters, without those of its cursors."""
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
    """Pass on the notices of one connection until it breaks."""
    await listener.execute(f"LISTEN {CHANNEL}")
    _call(on_change, None)
    while True:
        async for notice in listener.notifies(timeout=0):
            _call(on_change, change_parse(notice.payload))
        if not await _is_readable(listener.fileno(), within_s=HEARTBEAT_S):
            async with asyncio.timeout(ANSWER_WAIT_S):
                await listener.execute("SELECT 1")


async def _is_readable(descriptor: int, *, within_s: float) -> bool:
    """Wait until a connection has something to read; return False when it has not in that time.

    psycopg itself would look ten times a second.
    """
    loop, readable = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, readable.set)
    try:
        async with asyncio.timeout(within_s):
            await readable.wait()
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(descriptor)
    return True


def _call(on_change: Callable[[AccessChange | None], None], change: AccessChange | None) -> None:
    try:
        on_change(change)
    except Exception:
        failures.inc()
        logger.exception("a change of rights could not be handled: %s", change)
