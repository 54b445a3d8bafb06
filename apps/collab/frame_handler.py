"""Handles the frames of a client. Pure, except for the calls to its room.

Every frame is authorised by the session's present abilities, never by its own content.
"""

import time
from collections.abc import Callable

from apps.collab import protocol
from apps.collab.limits import Limits
from apps.collab.protocol import AwarenessEntry
from apps.collab.read_budget import ReadBudget, presence_price, sync_price
from apps.collab.room import Room
from apps.collab.session import Session
from apps.collab.submission import Submission
from apps.core import metrics
from apps.core.errors import AppError, ForbiddenError, InvalidInputError, LimitExceededError
from apps.core.logs import operation_log, operations_are_logged
from apps.crdt.codec.copy_map import copy_map_fits
from apps.crdt.codec.lib0 import Decoder
from apps.crdt.codec.update_reader import UpdateHeader, read_update
from apps.crdt.codec.vectors import check_vector, decode_vector
from apps.crdt.engine.causal_gate import brings_structs


class MalformedFrameError(InvalidInputError):
    """A frame that cannot be decoded, or that a client may not send."""

    code = "malformed"


class TooFastError(AppError):
    """More frames in a second than ``frames_per_s``."""

    code = "too_fast"


class FrameHandler:
    """Decodes, authorises and executes the frames of one session."""

    def __init__(
        self, session: Session, room: Room, *, limits: Limits, on_token: Callable[[str], None]
    ) -> None:
        self._session = session
        self._room = room
        self._limits = limits
        self._on_token = on_token
        self._second = 0
        self._frames = 0
        self._presence_frames = 0
        #: The update of a large frame and its header, or why it has none; read in a thread.
        self._ahead: tuple[bytes, UpdateHeader | AppError] | None = None
        self._budget = ReadBudget(limits.read_budget, limits.read_budget_per_s, at=time.monotonic())

    def read_ahead(self, frame: bytes) -> None:
        """Read the update of a large frame, in a thread; call before ``handle``.

        Threat: the event loop, which a reading of 4 MiB of small structs would hold for a second.
        """
        self._ahead = None
        try:
            decoder = Decoder(frame)
            if decoder.var_uint() == protocol.OPERATION:
                update = protocol.decode_operation(decoder).update
            else:
                decoder.var_uint()
                update = decoder.var_bytes()
        except AppError:  # which ``handle`` meets again at once
            return
        try:
            self._ahead = (update, read_update(update))
        except AppError as err:
            self._ahead = (update, err)

    def handle(self, frame: bytes) -> None:
        """Handle one frame. Raises ``AppError``, whose kind decides the close code."""
        self._count()
        if len(frame) > self._limits.frame_bytes:
            raise LimitExceededError(
                "The frame is too large.",
                extra={"limit": "frame_bytes", "value": self._limits.frame_bytes},
            )
        decoder = Decoder(frame)
        kind = decoder.var_uint()
        if kind == protocol.SYNC:
            self._sync(decoder)
        elif kind == protocol.AWARENESS:
            self._awareness(decoder)
        elif kind == protocol.QUERY_AWARENESS:
            decoder.expect_end()
            states = self._room.presence.entries()
            self._spend(presence_price(len(states)))
            self._session.push(protocol.encode_awareness(states))
        elif kind == protocol.OPERATION and self._session.native:
            self._operation(decoder)
        elif kind == protocol.TOKEN and self._session.native:
            self._on_token(protocol.decode_token(decoder))
        else:
            raise MalformedFrameError(f"A client does not send frames of type {kind}.")

    def _sync(self, decoder: Decoder) -> None:
        step = decoder.var_uint()
        body = decoder.var_bytes()
        decoder.expect_end()
        if step == protocol.SYNC_STEP1:
            self._spend(sync_price(self._room.live.size_bytes, len(body)))
            decode_vector(body, max_clients=2 * self._limits.document_clients)
            self._room.sync(self._session, body)
        elif step in (protocol.SYNC_STEP2, protocol.SYNC_UPDATE):
            self._update(body)
        else:
            raise MalformedFrameError(f"There is no sync step {step}.")

    def _update(self, update: bytes) -> None:
        """Submit an update without an id. The server makes one; a no-op is not logged."""
        self._limits.check_update(update)
        header = read_update(update) if self._ahead is None else self._header_of(update)
        self._limits.check_header(header)
        submission = Submission(update=update, header=header, author=self._session)
        if self._session.abilities.write:
            self._room.submit(submission)
        elif brings_structs(header, self._room.live.vector):
            self._session.on_rejected(None, _read_only())

    def _operation(self, decoder: Decoder) -> None:
        timer = metrics.StepTimer()
        frame = protocol.decode_operation(decoder)
        if frame.document_id != self._session.document_id:
            raise MalformedFrameError("The operation names another document.")
        if not self._session.abilities.write:
            self._session.on_rejected(frame.unique_id, _read_only())
            return
        try:
            check_vector(frame.version_vector)
            self._limits.check_update(frame.update)
            header = (
                read_update(frame.update) if self._ahead is None else self._header_of(frame.update)
            )
            self._limits.check_header(header)
        except (InvalidInputError, LimitExceededError) as err:
            self._session.on_rejected(frame.unique_id, err)
            return
        self._session.on_received(frame.unique_id)
        receipt_s = timer.lap(metrics.STEP_RECEIPT)
        if operations_are_logged():
            operation_log(
                "received", document_id=self._session.document_id, unique_id=frame.unique_id
            )
        self._room.submit(
            Submission(
                update=frame.update,
                header=header,
                author=self._session,
                unique_id=frame.unique_id,
                copies=frame.copies if copy_map_fits(frame.copies, frame.update) else b"",
                receipt_s=receipt_s,
            )
        )

    def _header_of(self, update: bytes) -> UpdateHeader:
        ahead, self._ahead = self._ahead, None
        if ahead is None or ahead[0] != update:
            return read_update(update)
        if isinstance(ahead[1], AppError):
            raise ahead[1]
        return ahead[1]

    def _awareness(self, decoder: Decoder) -> None:
        self._presence_frames += 1
        if self._presence_frames > self._limits.presence_frames_per_s:
            raise TooFastError("Too many changes of presence in a second.")
        body = decoder.var_bytes()
        decoder.expect_end()
        entries = protocol.decode_awareness(body)
        self._note_taken(entries)
        changed = self._room.presence.update(
            entries,
            owner=self._session,
            identity=self._session.identity,
            at=time.monotonic(),
            may_write=self._session.abilities.write,
            owner_in_log=self._room.live.owners.get,
        )
        self._room.fanout.queue_presence(changed)

    def _note_taken(self, entries: list[AwarenessEntry]) -> None:
        """Note which of a stock client's own ids another person owns in the log."""
        owners, session = self._room.live.owners, self._session
        if not session.native and len(entries) <= self._limits.presence_clients:
            taken = (
                e.client for e in entries if owners.get(e.client) not in (None, session.user_id)
            )
            session.taken_clients = tuple(taken)

    def _spend(self, units: float) -> None:
        if not self._budget.spend(units, at=time.monotonic()):
            raise TooFastError("Too many requests for the whole document in a short time.")

    def _count(self) -> None:
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._frames, self._presence_frames = second, 0, 0
        self._frames += 1
        if self._frames > self._limits.frames_per_s:
            raise TooFastError("Too many frames in a second.")


def _read_only() -> ForbiddenError:
    return ForbiddenError("You may read this document, not write in it.")
