"""The errors of the product: what went wrong, said once, for every interface.

Each concrete error is defined beside the code that raises it, as a subclass of one of the kinds
below. The HTTP status of a kind is mapped in ``apps.core.api.errors``, its close code in
``apps.collab.close_codes``, and nowhere else.
"""

from typing import Any


class AppError(Exception):
    """Something that a caller can be told.

    ``code`` is a stable word for programs, ``message`` a sentence for people that says what to
    do, ``extra`` further JSON-able facts.
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
    """The identity is known and lacks the right."""

    code = "forbidden"


class NotFoundError(AppError):
    """There is no such thing, or one may not know of it."""

    code = "not_found"


class ConflictError(AppError):
    """The thing is in another state than the request assumes."""

    code = "conflict"


class LimitExceededError(AppError):
    """A named limit was passed; ``extra`` holds ``limit`` and its value."""

    code = "limit_exceeded"


class ThrottledError(AppError):
    """Too many attempts in too short a time; ``retry_after_s`` says when to come back."""

    code = "throttled"

    def __init__(self, message: str, *, retry_after_s: int, **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.retry_after_s = retry_after_s
        self.extra = {"wait_s": retry_after_s, **self.extra}


class TransientError(AppError):
    """A service is away or too slow; the same request may succeed later."""

    code = "unavailable"

    def __init__(self, message: str, *, retry_after_s: int = 2, **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.retry_after_s = retry_after_s
