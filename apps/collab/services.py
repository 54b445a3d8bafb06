"""Edits from elsewhere than a socket, awaited until they are durable; the end of all sessions."""

import asyncio
from dataclasses import dataclass

from asgiref.sync import async_to_sync
from django.db import transaction

from apps.accounts.changes import sockets_close_publish
from apps.accounts.models import User
from apps.accounts.usage import storage_check
from apps.collab.events import SessionsClosed, sessions_closed
from apps.collab.large_edits import READ_AHEAD_BYTES
from apps.collab.runtime import get_runtime
from apps.collab.submission import Submission
from apps.core.errors import AppError, TransientError
from apps.core.request_ids import request_id_find
from apps.crdt.codec.copy_map import copy_map_decode, copy_map_fits
from apps.crdt.codec.update_reader import UpdateHeader, read_update
from apps.crdt.codec.vectors import Vector, check_vector

#: How long a caller waits for its edit to be durable, in seconds.
PERSIST_WAIT_S = 20.0


@dataclass(frozen=True, slots=True)
class Submitted:
    """The place of an edit in the log; ``duplicate`` when it was there before."""

    seq: int
    duplicate: bool


class _Caller:
    """The author of one edit, as a future of its answer."""

    can_wait = False
    may_write = True
    refusal: AppError | None = None

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        self.request_id = request_id_find()
        self.answer: asyncio.Future[Submitted] = asyncio.get_running_loop().create_future()

    def on_persisted(self, unique_id: str, seq: int) -> None:
        """Resolve with the seq."""
        self._set(Submitted(seq, duplicate=False))

    def on_duplicate(self, unique_id: str, seq: int) -> None:
        """Resolve with the first seq."""
        self._set(Submitted(seq, duplicate=True))

    def on_rejected(self, unique_id: str | None, error: AppError) -> None:
        """Fail with the error."""
        if not self.answer.done():
            self.answer.set_exception(error)

    def on_missing(self, vector: Vector) -> None:
        """Never happens: this caller cannot wait."""
        raise NotImplementedError

    def _set(self, answer: Submitted) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)


def sessions_close(*, actor: User, document_id: str) -> None:
    """Close the sessions of a document on all servers within a second, and record it.

    Pages keep what they have not sent, and connect again where the right is still there. The caller
    has checked that ``actor`` may.
    """
    with transaction.atomic():
        sessions_closed.publish(SessionsClosed(document_id, actor.pk))
        sockets_close_publish(document_id=document_id)


def operation_submit(
    *,
    document_id: str,
    lineage: str,
    author_id: str,
    unique_id: str,
    update: bytes,
    version_vector: bytes | None = None,
    copies: bytes = b"",
) -> Submitted:
    """Submit an edit to the document's room and wait until it is in the log on disk.

    The caller has checked the right to write. ``copies`` is the edit's copy map. Raises
    ``InvalidInputError`` for a malformed update or copy map, ``ConflictError`` when it builds on
    operations that the log lacks, ``QuotaExceededError`` for an author whose share of the storage
    is used up, ``LimitExceededError``, and ``TransientError`` when it cannot be stored now; then
    the same call may be repeated.
    """
    storage_check(user_id=author_id)

    def read() -> UpdateHeader:
        if version_vector is not None:
            check_vector(version_vector)
        copy_map_decode(copies)
        return read_update(update)

    is_large = len(update) + len(version_vector or b"") + len(copies) > READ_AHEAD_BYTES
    small = None if is_large else read()

    async def submit() -> Submitted:
        runtime = await get_runtime()
        runtime.limits.check_update(update)
        header = small
        if header is None:
            header = await runtime.large_edits.read(read, user_id=author_id)
        runtime.limits.check_header(header)
        room = await runtime.room(document_id, lineage=lineage)
        caller = _Caller(author_id)
        claim = copies if copy_map_fits(copies, update) else b""
        room.submit(Submission(update, header, caller, unique_id, claim))
        try:
            async with asyncio.timeout(PERSIST_WAIT_S):
                return await caller.answer
        except TimeoutError as err:
            raise TransientError(
                "The edit was not stored in time. Repeat it with the same unique_id."
            ) from err

    return async_to_sync(submit)()
