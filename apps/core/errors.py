"""The errors of the product, for all interfaces.

Each concrete error is defined beside the code that raises it, as a subclass of one of the kinds
below. The HTTP status of a kind is mapped in ``apps.core.api.errors``, its close code in
``apps.collab.close_codes``, and nowhere else.
"""

from typing import Any


class AppError(Exception):
    """An error that is reported to the caller.

    ``code`` is a stable word for programs, ``message`` a sentence for people with what to do,
    ``extra`` further facts as JSON.
    """

    code = "error"

    def __init__(
        self, message: str, *, code: str | None = None, extra: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.extra = extra or {}


class InvalidInputError(AppError):
    """The input cannot be understood; repeating it will not help."""

    code = "invalid"


class NotAuthenticatedError(AppError):
    """There is no identity, or it has expired."""

    code = "not_authenticated"


class ForbiddenError(AppError):
    """The identity is known, but lacks the right."""

    code = "forbidden"


class NotFoundError(AppError):
    """The object does not exist, or the caller may not know of it."""

    code = "not_found"


class ConflictError(AppError):
    """The object is in another state than the request assumes."""

    code = "conflict"


class QuarantinedError(AppError):
    """The object is closed until an operator has repaired it."""

    code = "quarantined"


class LimitExceededError(AppError):
    """A named limit was exceeded; ``extra`` holds ``limit`` and its value."""

    code = "limit_exceeded"


class UnsupportedError(AppError):
    """The input is of a type that is not accepted, or not of the type that it claims."""

    code = "unsupported_type"


class RangeError(AppError):
    """The part of the object that is asked for does not exist."""

    code = "range_not_satisfiable"


class UnprocessableError(AppError):
    """The input is understood, and the work that it asks for cannot be done within the limits."""

    code = "unprocessable"


class ThrottledError(AppError):
    """Too many attempts in too short a time; ``retry_after_s`` is the time until the next one."""

    code = "throttled"

    def __init__(self, message: str, *, retry_after_s: int, **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.retry_after_s = retry_after_s
        self.extra = {"wait_s": retry_after_s, **self.extra}


class TransientError(AppError):
    """A service is unavailable or too slow; the same request may succeed later."""

    code = "unavailable"

    def __init__(self, message: str, *, retry_after_s: int = 2, **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.retry_after_s = retry_after_s
