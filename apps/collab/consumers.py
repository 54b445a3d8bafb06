"""The document socket: ``/ws/documents/{id}`` (docs/protocol.md).

Channels routes it and finds who is calling; the consumer then runs a receive loop of its own,
because Channels' dispatch costs two thread hops and three task switches for each message.
"""

import asyncio
import contextlib
import logging
import math
import time
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from channels.consumer import AsyncConsumer
from channels.db import database_sync_to_async
from django.conf import settings
from django.http.cookie import parse_cookie
from django.http.request import split_domain_port, validate_host

from apps.collab import protocol, selectors
from apps.collab.close_codes import (
    MALFORMED,
    NOT_AUTHENTICATED,
    NOT_FOUND,
    TRY_AGAIN,
    OtherLineageError,
    close_of,
    close_with,
)
from apps.collab.edit_queue import EditQueue
from apps.collab.events import SessionJoined, session_joined
from apps.collab.fair_turns import get_fair_turns
from apps.collab.frame_handler import FrameHandler, MalformedFrameError, TooFastError
from apps.collab.large_edits import READ_AHEAD_BYTES
from apps.collab.room import Room
from apps.collab.runtime import Runtime, get_runtime
from apps.collab.selectors import Admission
from apps.collab.session import Session
from apps.core import metrics
from apps.core.errors import AppError, NotAuthenticatedError, TransientError
from apps.core.request_ids import request_id_find, request_id_headers

logger = logging.getLogger(__name__)

#: Frames of one session that are handled before other sessions get their turn.
_FRAMES_AT_ONCE = 16
#: The same in bytes of frames: 64 KiB of structs as short as can be take 15 ms.
_BYTES_AT_ONCE = 64 * 1024
#: A session that sends them within this time, in seconds, sends more than a person can: from then
#: on it waits for turns (``fair_turns``), until they take the other time.
_FAST_S = 0.08
_SLOW_S = 1.0
#: Digits of a schema version in the address.
_MAX_SCHEMA_DIGITS = 6
#: Clients that offer this subprotocol get frames 100 to 103.
NATIVE = "scriptorium.v1"
#: Clients may bring their access token as a subprotocol with this prefix.
TOKEN_PREFIX = "jwt."  # noqa: S105 - not a password


class DocumentConsumer(AsyncConsumer):  # type: ignore[misc]
    """One connection, from handshake to close."""

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve one socket until either side ends it."""
        await receive()  # websocket.connect
        try:
            runtime = await get_runtime()
            async with runtime.admission_semaphore:
                await send(_acceptance(_subprotocol(scope)))
                connection = await _Connection.open(scope, send, runtime)
        except Exception as err:
            if not isinstance(err, AppError):
                logger.exception("socket not opened")
            close = close_of(err)
            metrics.CLOSED.labels(code=str(close.code)).inc()
            await send({"type": "websocket.close", **close._asdict()})
            return
        await connection.serve(receive)


class NotFoundConsumer(AsyncConsumer):  # type: ignore[misc]
    """Any other socket path: closes with 4404."""

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Close with 4404."""
        await receive()
        await send(_acceptance(None))
        await send({"type": "websocket.close", **close_with(NOT_FOUND)._asdict()})


class _Connection:
    """An admitted socket."""

    def __init__(self, session: Session, room: Room, runtime: Runtime, *, changes: int) -> None:
        self._session = session
        self._room = room
        self._rights = runtime.rights
        self._shares = runtime.shares
        #: ``RightsWatch.changes`` when the session's right was read.
        self._changes = changes
        self._limits = runtime.limits
        self._large_edits = runtime.large_edits
        self._frame_handler = FrameHandler(
            session, room, limits=runtime.limits, on_token=self._on_token
        )
        self._expiry: asyncio.TimerHandle | None = None
        self._refresh: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, scope: dict[str, Any], send: Any, runtime: Runtime) -> "_Connection":
        """Authenticate and authorise the caller, and open the document's room."""
        query = parse_qs(scope["query_string"].decode("latin-1"))
        changes = runtime.rights.changes
        document_id = scope["url_route"]["kwargs"]["document_id"]
        admission = await _admit(scope, query, document_id)
        if query.get("lineage", [admission.lineage])[0] != admission.lineage:
            raise OtherLineageError("This document was created again. Reload it.")
        schema = _schema_of(query)
        room = await runtime.room(document_id, lineage=admission.lineage)
        if len(room.sessions) >= runtime.limits.sessions_per_room:
            raise TransientError("The document is full.", extra={"limit": "sessions_per_room"})
        session = Session(
            document_id=document_id,
            identity=admission.identity,
            abilities=admission.abilities,
            native=NATIVE in scope["subprotocols"],
            send=send,
            limits=runtime.limits,
            request_id=request_id_find(),
            sign_in=admission.sign_in,
            is_over_quota=admission.is_over_quota,
            schema=schema,
        )
        connection = cls(session, room, runtime, changes=changes)
        # Nothing is awaited from here to ``serve``, which counts it as closed.
        runtime.shares.open(user_id=session.user_id, document_id=document_id)
        connection._expire_at(admission.expires_at)
        return connection

    async def serve(self, receive: Any) -> None:
        """Join the room and handle frames until either side ends the socket."""
        metrics.SESSIONS.inc()
        writer = asyncio.create_task(self._write())
        try:
            if self._room.gone:
                raise TransientError("The document is being loaded again.")
            self._room.join(self._session)
            if self._rights.changes != self._changes:
                self._rights.invalidate([self._session])
            session_joined.publish(SessionJoined(self._session.document_id, self._session.user_id))
            await self._receive_all(receive)
        except AppError as err:
            self._session.close(*close_of(err))
            await _until_disconnect(receive)
        finally:
            self._room.leave(self._session)
            self._shares.close(user_id=self._session.user_id, document_id=self._session.document_id)
            self._stop_expiry()
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer
            metrics.SESSIONS.dec()

    async def _write(self) -> None:
        try:
            await self._session.write()
        except OSError:  # the client has gone (ASGI, 2.4)
            return
        except Exception:
            metrics.LOOP_ERRORS.labels(loop="send").inc()
            logger.exception("frames not sent")

    async def _receive_all(self, receive: Any) -> None:
        """Handle the frames one by one, until the client disconnects.

        A session that sends more frames than fit one batch is read again once that batch began.
        """
        flow = _FlowControl(self._room.queue, self._limits.unbatched_frames_per_session)
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            frame = message.get("bytes")
            await flow.wait(len(frame or b""))
            if self._session.close_code is not None:
                continue
            try:
                if frame is not None and READ_AHEAD_BYTES < len(frame) <= self._limits.frame_bytes:
                    await self._large_edits.read(
                        partial(self._frame_handler.read_ahead, frame),
                        user_id=self._session.user_id,
                    )
                if frame is None:
                    self._session.close(MALFORMED, "Frames are binary, not text.")
                else:
                    self._frame_handler.handle(frame)
            except AppError as err:
                self._session.close(*close_of(err))
            except Exception:
                metrics.LOOP_ERRORS.labels(loop="receive").inc()
                logger.exception("frame not handled")
                self._session.close(TRY_AGAIN)

    # --- the time of the access token or the session cookie ---

    def _expire_at(self, expires_at: float) -> None:
        self._stop_expiry()
        wait_s = max(0.0, expires_at - time.time()) + self._limits.expiry_grace_s
        loop = asyncio.get_running_loop()
        self._expiry = loop.call_later(wait_s, self._session.close, NOT_AUTHENTICATED)

    def _stop_expiry(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()

    def _on_token(self, raw: str) -> None:
        """Renew the access token in band; a token of another user ends the connection.

        Raises ``TooFastError`` while an earlier token is looked up: each costs a query.
        """
        if self._refresh is not None and not self._refresh.done():
            raise TooFastError("One token at a time.")
        self._refresh = asyncio.create_task(self._renew_token(raw))

    async def _renew_token(self, raw: str) -> None:
        changes = self._rights.changes
        try:
            caller = await database_sync_to_async(selectors.token_authenticate)(raw)
            if str(caller.user.pk) != self._session.user_id:
                raise NotAuthenticatedError("The token is another person's.")
        except AppError as err:
            self._session.close(*close_of(err))
            return
        self._session.sign_in = caller.sign_in
        if self._rights.changes != changes:
            self._rights.invalidate([self._session])
        self._expire_at(caller.expires_at)
        left_s = max(0, int(caller.expires_at - time.time()))
        self._session.push(protocol.encode_token(left_s))


class _FlowControl:
    """Flow control for one session.

    Yields to other sessions every ``_FRAMES_AT_ONCE`` frames or ``_BYTES_AT_ONCE`` bytes, and
    blocks after ``max_frames`` until the room has taken a batch.
    """

    def __init__(self, queue: EditQueue, max_frames: int) -> None:
        self._queue = queue
        self._max_frames = max_frames
        self._batches = queue.batches
        self._frames = 0
        self._turns = get_fair_turns()
        #: Whether it sends more than a person can.
        self._is_fast = False
        #: Frames and bytes since the last turn of the others, and when that was.
        self._unshared = 0
        self._bytes = 0
        self._shared_at = -math.inf

    async def wait(self, size_bytes: int) -> None:
        """Count a frame that is about to be handled; wait first where the session is ahead."""
        self._bytes += size_bytes
        self._unshared += 1
        if self._unshared >= _FRAMES_AT_ONCE or self._bytes > _BYTES_AT_ONCE:
            await self._share()
        elif not self._is_fast:
            self._turns.light_frames += 1
        if self._queue.batches != self._batches:
            self._batches, self._frames = self._queue.batches, 0
        if self._frames >= self._max_frames:
            await self._queue.wait_for_batch()
            self._batches, self._frames = self._queue.batches, 0
        self._frames += 1  # nothing is awaited from here to the handling of the frame

    async def _share(self) -> None:
        """Give the others a turn; a fast session waits for its own."""
        took_s = time.monotonic() - self._shared_at
        self._is_fast = took_s < (_SLOW_S if self._is_fast else _FAST_S)
        self._unshared = self._bytes = 0
        if self._is_fast and self._turns.is_shared:
            await self._turns.wait()
        else:
            await asyncio.sleep(0)
        self._shared_at = time.monotonic()


async def _admit(scope: dict[str, Any], query: dict[str, list[str]], document_id: str) -> Admission:
    """Return the caller's admission, by access token or session cookie.

    The token stands in the query or the subprotocol. A browser sends the session cookie from any
    page, so a cookie needs an Origin of ours. Raises ``NotAuthenticatedError``, and as
    ``token_admission_get``.
    """
    raw = next(iter(query.get("token", [])), None) or next(
        (p[len(TOKEN_PREFIX) :] for p in scope["subprotocols"] if p.startswith(TOKEN_PREFIX)), None
    )
    admission: Admission
    if raw is not None:
        admit_token = database_sync_to_async(selectors.token_admission_get)
        admission = await admit_token(raw=raw, document_id=document_id)
        return admission
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    session_key = parse_cookie(headers.get(b"cookie", "")).get(settings.SESSION_COOKIE_NAME)
    if not session_key:
        raise NotAuthenticatedError("Log in, or bring an access token.")
    if not _is_own_origin(scope.get("scheme", "ws"), headers):
        raise NotAuthenticatedError("The session cookie is only good from our own pages.")
    admit_session = database_sync_to_async(selectors.session_admission_get)
    admission = await admit_session(session_key=session_key, document_id=document_id)
    return admission


def _schema_of(query: dict[str, list[str]]) -> int | None:
    """Return the schema version that a client names; None where it names none.

    Raises ``MalformedFrameError``.
    """
    named = query.get("schema", [None])[0]
    if named is None:
        return None
    if not (named.isascii() and named.isdigit() and len(named) <= _MAX_SCHEMA_DIGITS):
        raise MalformedFrameError("The schema version is a whole number, such as ?schema=1.")
    return int(named)


def _is_own_origin(scheme: str, headers: dict[bytes, str]) -> bool:
    """Return whether the page that opens the socket came from the host that it calls.

    As Django's CSRF check: scheme, host and port must all be equal, and the scheme is the one that
    the trusted proxy reports, if there is one.
    """
    origin, host = headers.get(b"origin", ""), headers.get(b"host", "")
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    is_secure = scheme == "wss"
    if settings.SECURE_PROXY_SSL_HEADER is not None:
        name, secure = settings.SECURE_PROXY_SSL_HEADER
        reported = headers.get(name.removeprefix("HTTP_").replace("_", "-").lower().encode())
        if reported is not None:
            is_secure = reported.split(",")[0].strip() == secure
    if origin != f"{'https' if is_secure else 'http'}://{host}":
        return False
    return validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)


def _subprotocol(scope: dict[str, Any]) -> str | None:
    """Choose ours, else the one that carries the token: a browser insists on an answer."""
    offered: list[str] = scope["subprotocols"]
    if NATIVE in offered:
        return NATIVE
    return next((name for name in offered if name.startswith(TOKEN_PREFIX)), None)


def _acceptance(subprotocol: str | None) -> dict[str, Any]:
    """Return the message that accepts the handshake, with the socket's request id."""
    headers = request_id_headers()
    return {"type": "websocket.accept", "subprotocol": subprotocol, "headers": headers}


async def _until_disconnect(receive: Any) -> None:
    while (await receive())["type"] != "websocket.disconnect":
        pass
