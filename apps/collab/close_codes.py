"""Why the server closes a socket: the one place that maps an error to a close code.

A stock y-websocket client gives up at 4400 to 4499 and tries again at all others.
"""

from apps.core import errors

MALFORMED = 4400
NOT_AUTHENTICATED = 4401
FORBIDDEN = 4403
NOT_FOUND = 4404
OTHER_LINEAGE = 4409
TOO_LARGE = 4413
TRY_AGAIN = 1013
GOING_DOWN = 1012

_OF_KIND: dict[type[errors.AppError], int] = {
    errors.InvalidInputError: MALFORMED,
    errors.NotAuthenticatedError: NOT_AUTHENTICATED,
    errors.ForbiddenError: FORBIDDEN,
    errors.NotFoundError: NOT_FOUND,
    errors.ConflictError: TRY_AGAIN,
    errors.LimitExceededError: TOO_LARGE,
    errors.TransientError: TRY_AGAIN,
}


class OtherLineageError(errors.ConflictError):
    """The client holds another document that had this id: it has to load anew."""

    code = "other_lineage"


class GoingDownError(errors.TransientError):
    """The server is being stopped in order: another one, or the next, takes the client."""

    code = "going_down"


#: Errors with a close code of their own, beside that of their kind.
_OF_ERROR: dict[type[errors.AppError], int] = {
    OtherLineageError: OTHER_LINEAGE,
    GoingDownError: GOING_DOWN,
}


def close_code_of(error: Exception) -> int:
    """Return the close code that tells a client of ``error``; 1013 for a failing service."""
    for own, code in _OF_ERROR.items():
        if isinstance(error, own):
            return code
    for kind in type(error).__mro__:
        if kind in _OF_KIND:
            return _OF_KIND[kind]
    return TRY_AGAIN
