"""The mapping of errors to close codes: final or retryable for a stock client."""

from collections.abc import Iterator

import pytest
from pymongo.errors import AutoReconnect

from apps.collab import close_codes
from apps.collab.client_guard import ContentConflictError
from apps.collab.close_codes import REASON_MAX_BYTES, OtherLineageError, close_of, close_with
from apps.collab.frame_handler import MalformedFrameError, TooFastError
from apps.collab.presence_state import PresenceRefusedError
from apps.collab.room import RoomGoneError
from apps.core.errors import (
    AppError,
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    LimitExceededError,
    NotAuthenticatedError,
    NotFoundError,
    QuarantinedError,
    ThrottledError,
    TransientError,
)
from apps.crdt.codec.lib0 import DecodeError
from apps.crdt.engine.causal_gate import PendingFullError

#: Close codes at which a stock y-websocket client gives up.
FINAL = range(4400, 4500)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidInputError("no"), close_codes.MALFORMED),
        (DecodeError("no"), close_codes.MALFORMED),
        (MalformedFrameError("no"), close_codes.MALFORMED),
        (PresenceRefusedError("no"), close_codes.MALFORMED),
        (NotAuthenticatedError("no"), close_codes.NOT_AUTHENTICATED),
        (ForbiddenError("no"), close_codes.FORBIDDEN),
        (NotFoundError("no"), close_codes.NOT_FOUND),
        (OtherLineageError("no"), close_codes.OTHER_LINEAGE),
        (ContentConflictError("no"), close_codes.OTHER_LINEAGE),
        (LimitExceededError("no"), close_codes.TOO_LARGE),
        (PendingFullError("no"), close_codes.TOO_LARGE),
        (QuarantinedError("no"), close_codes.QUARANTINED),
        (ConflictError("no"), close_codes.TRY_AGAIN),
        (TransientError("no"), close_codes.TRY_AGAIN),
        (RoomGoneError("no"), close_codes.TRY_AGAIN),
        (TooFastError("no"), close_codes.TRY_AGAIN),
        (ThrottledError("no", retry_after_s=1), close_codes.TRY_AGAIN),
        (AutoReconnect("the store is away"), close_codes.TRY_AGAIN),
        (ZeroDivisionError(), close_codes.TRY_AGAIN),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_error_has_the_code_of_its_kind(error: Exception, code: int) -> None:
    """A concrete error has its kind's code; an unexpected error may be retried."""
    assert close_of(error).code == code


def test_retryable_error_is_never_final() -> None:
    """No retryable error has a close code at which a stock client gives up."""
    transient = list(kinds(TransientError))
    assert RoomGoneError in transient
    codes = {close_of(kind("no")).code for kind in transient}
    assert codes == {close_codes.TRY_AGAIN, close_codes.GOING_DOWN}
    assert codes.isdisjoint(FINAL)


def kinds(kind: type[AppError]) -> Iterator[type[AppError]]:
    """Yield an error class and all its subclasses."""
    yield kind
    for subclass in kind.__subclasses__():
        yield from kinds(subclass)


def test_reason_is_the_message_of_an_app_error() -> None:
    """The page shows the reason to the user."""
    assert close_of(NotFoundError("There is no such document.")).reason == (
        "There is no such document."
    )


def test_reason_of_an_unexpected_error_does_not_leak_its_text() -> None:
    """The text may contain an address, a password or a name."""
    close = close_of(AutoReconnect("mongodb://user:secret@host is away"))
    assert close == close_with(close_codes.TRY_AGAIN)
    assert "secret" not in close.reason


def test_every_code_has_a_reason() -> None:
    """No close frame is sent without a reason."""
    codes = {
        value
        for name, value in vars(close_codes).items()
        if name.isupper() and value in range(1000, 5000)
    }
    assert len(codes) == 9
    assert all(close_with(code).reason for code in codes)


def test_long_reason_is_cut_between_characters() -> None:
    """A close frame takes 125 bytes; half a character would make it invalid."""
    reason = close_with(close_codes.MALFORMED, "ü" * 100).reason
    assert reason == "ü" * (REASON_MAX_BYTES // 2)
