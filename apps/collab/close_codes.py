"""Close codes of a socket and their reasons: the one place that maps an error to a close frame.

A stock y-websocket client gives up at 4400 to 4499 and reconnects at all others.
"""

from typing import Final, NamedTuple

from apps.core import errors

MALFORMED = 4400
NOT_AUTHENTICATED = 4401
FORBIDDEN = 4403
NOT_FOUND = 4404
OTHER_LINEAGE = 4409
TOO_LARGE = 4413
QUARANTINED = 4423
TRY_AGAIN = 1013
GOING_DOWN = 1012

#: The longest reason that fits a close frame, in bytes of UTF-8 (RFC 6455, 5.5).
REASON_MAX_BYTES: Final = 123

#: What people read where the error has no words of its own.
_REASONS: Final = {
    MALFORMED: "The server could not read a message of this client.",
    NOT_AUTHENTICATED: "Log in again.",
    FORBIDDEN: "You no longer have access to this document.",
    NOT_FOUND: "This document is in the trash or no longer exists.",
    OTHER_LINEAGE: "This document was replaced on the server. Reload the page to continue.",
    TOO_LARGE: "A change, or the whole document, is too large.",
    QUARANTINED: (
        "This document does not load and is closed for repair. Ask an administrator to repair it."
    ),
    TRY_AGAIN: "The server cannot serve this document right now.",
    GOING_DOWN: "The server is restarting.",
}

_OF_KIND: dict[type[errors.AppError], int] = {
    errors.InvalidInputError: MALFORMED,
    errors.NotAuthenticatedError: NOT_AUTHENTICATED,
    errors.ForbiddenError: FORBIDDEN,
    errors.NotFoundError: NOT_FOUND,
    errors.ConflictError: TRY_AGAIN,
    errors.LimitExceededError: TOO_LARGE,
    errors.UnsupportedError: MALFORMED,
    errors.RangeError: MALFORMED,
    errors.UnprocessableError: MALFORMED,
    errors.QuarantinedError: QUARANTINED,
    errors.TransientError: TRY_AGAIN,
}


class OtherLineageError(errors.ConflictError):
    """The client holds an earlier document with this id and must reload."""

    code = "other_lineage"


class OutdatedCopyError(errors.ConflictError):
    """The client's copy can never be merged: it has other content than the log at the same ids."""

    code = "outdated_copy"


class GoingDownError(errors.TransientError):
    """The server is stopping in order; the client reconnects to another server."""

    code = "going_down"


#: Errors with a close code of their own instead of that of their kind.
_OF_ERROR: dict[type[errors.AppError], int] = {
    OtherLineageError: OTHER_LINEAGE,
    OutdatedCopyError: OTHER_LINEAGE,
    GoingDownError: GOING_DOWN,
}


class Close(NamedTuple):
    """A close frame: the code for the client, the reason for people."""

    code: int
    reason: str


def close_with(code: int, reason: str = "") -> Close:
    """Return a close frame; without a reason it has that of the code."""
    encoded = (reason or _REASONS[code]).encode()
    return Close(code, encoded[:REASON_MAX_BYTES].decode(errors="ignore"))


def close_of(error: Exception) -> Close:
    """Return the close frame for ``error``: 1013 for a failing service.

    The reason is the error's message. An unexpected error gets the words of its code: its own may
    hold what a client must not see.
    """
    return close_with(_code_of(error), error.message if isinstance(error, errors.AppError) else "")


def _code_of(error: Exception) -> int:
    for own, code in _OF_ERROR.items():
        if isinstance(error, own):
            return code
    for kind in type(error).__mro__:
        if kind in _OF_KIND:
            return _OF_KIND[kind]
    return TRY_AGAIN
