"""What a web server, a worker and beat look at before they serve.

A service that is away is said and waited for, as at any other time. One that refuses what its
variable says, and tables that are not made, do not mend themselves: the process ends.
"""

import logging
from collections.abc import Callable

from django.conf import settings
from django.db import OperationalError, connection
from mongoengine.connection import get_db
from pymongo.errors import OperationFailure
from redis.exceptions import AuthenticationError, ResponseError

from apps.core import health, liveness
from apps.core.api.errors import STORAGE_ERRORS
from apps.core.errors import ConflictError
from apps.core.service_checks import VARIABLES, migrations_check

logger = logging.getLogger(__name__)

#: What PostgreSQL's refusals have in their words: its driver gives no code for them.
_REFUSALS = ("authentication failed", "does not exist", "no pg_hba.conf entry", "not permitted")


class StartRefusedError(ConflictError):
    """The process cannot serve as it is set up; the message says what to do."""

    code = "start_refused"


def start_check(**more: Callable[[], None]) -> None:
    """Raise ``StartRefusedError`` where a service refuses, or lacks tables; tell who is away.

    ``more`` are further checks, by the variable that names what they ask.
    """
    asked = {VARIABLES[name]: check for name, check in health.CHECKS.items()}
    asked["MONGODB_URL"] = _read_mongodb
    for variable, err in health.checks_run({**asked, **more}).items():
        if err is None:
            continue
        line = " ".join(str(err).split())[:300].rstrip(".")
        if _is_refusal(err):
            raise StartRefusedError(f"{variable} is refused: {line}. Correct it.") from err
        logger.warning("%s: no answer (%s). Start what it names, or correct it.", variable, line)
    _check_tables()


def metrics_serve() -> None:
    """Answer probes on ``METRICS_PORT``, if any. Raises ``StartRefusedError``."""
    if not settings.METRICS_PORT:
        return
    try:
        liveness.serve(settings.METRICS_PORT)
    except OSError as err:
        raise StartRefusedError(
            f"METRICS_PORT={settings.METRICS_PORT} cannot be had: {err}. Choose another one."
        ) from err


def _check_tables() -> None:
    try:
        messages = migrations_check()
    except STORAGE_ERRORS:
        return
    finally:
        connection.close()
    for message in messages:
        raise StartRefusedError(f"{message.msg} {message.hint}")


def _read_mongodb() -> None:
    """Raise unless MongoDB lets us read: it answers a ping to anybody."""
    get_db().list_collection_names()


def _is_refusal(err: BaseException | None) -> bool:
    """Tell whether the error, or one that it came from, is a service's own no."""
    if err is None:
        return False
    if isinstance(err, OperationalError):
        return any(word in str(err) for word in _REFUSALS)
    is_no = isinstance(err, OperationFailure | AuthenticationError | ResponseError)
    return is_no or _is_refusal(err.__cause__)
