"""The startup check of web servers, workers and beat.

An unavailable service is logged and waited for, as at any other time. A service that refuses its
URL, or lacks tables, needs an operator: the process exits.
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
from apps.core.service_checks import SERVICE_VARIABLES, migrations_check

logger = logging.getLogger(__name__)

#: Parts of PostgreSQL's refusals: its driver has no code for them.
_REFUSALS = ("authentication failed", "does not exist", "no pg_hba.conf entry", "not permitted")


class StartRefusedError(ConflictError):
    """The process cannot serve with its configuration; the message says what to do."""

    code = "start_refused"


def start_check(**extra_checks: Callable[[], None]) -> None:
    """Raise ``StartRefusedError`` where a service refuses, or lacks tables; log unavailable ones.

    ``extra_checks`` are further checks, by the variable of their service.
    """
    checks = {SERVICE_VARIABLES[name]: check for name, check in health.CHECKS.items()}
    checks["MONGODB_URL"] = _read_mongodb
    for variable, err in health.checks_run({**checks, **extra_checks}).items():
        if err is None:
            continue
        line = " ".join(str(err).split())[:300].rstrip(".")
        if _is_refusal(err):
            raise StartRefusedError(f"{variable} is refused: {line}. Correct it.") from err
        logger.warning("%s: no answer (%s). Start its service, or correct it.", variable, line)
    _check_tables()


def metrics_serve() -> None:
    """Answer probes on ``METRICS_PORT``, if it is set. Raises ``StartRefusedError``."""
    if not settings.METRICS_PORT:
        return
    try:
        liveness.serve(settings.METRICS_PORT)
    except OSError as err:
        raise StartRefusedError(
            f"METRICS_PORT={settings.METRICS_PORT} cannot be used: {err}. Choose another one."
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
    """Raise unless MongoDB allows a read: a ping needs no login."""
    get_db().list_collection_names()


def _is_refusal(err: BaseException | None) -> bool:
    """Return whether the error, or one of its causes, is a refusal of the service."""
    if err is None:
        return False
    if isinstance(err, OperationalError):
        return any(word in str(err) for word in _REFUSALS)
    is_no = isinstance(err, OperationFailure | AuthenticationError | ResponseError)
    return is_no or _is_refusal(err.__cause__)
