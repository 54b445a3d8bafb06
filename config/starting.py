"""Start errors of a process, in one line with advice."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError
from environs import EnvError
from pymongo.errors import ConnectionFailure

from apps.core.hidden_imports import hidden

with hidden("opentelemetry"):  # as in apps.core.apps, which comes later
    from redis.exceptions import ConnectionError as RedisConnectionError

_HINT = (
    "See docs/env.md for what to set; with the services of `make up`: "
    'eval "$(.venv/bin/python -m apps.embedded env)".'
)
#: How the driver's message starts if PostgreSQL cannot be reached.
_NO_CONNECTION = "connection "


@contextmanager
def errors_in_one_line() -> Iterator[None]:
    """Exit with one line on stderr and code 1 if a setting is invalid or a service unreachable.

    Other errors are bugs, and are not caught.
    """
    try:
        yield
    except (EnvError, ImproperlyConfigured) as err:
        raise SystemExit(f"{_line(err)} {_HINT}") from None
    except OperationalError as err:
        if not str(err).startswith(_NO_CONNECTION):
            raise
        raise SystemExit(f"PostgreSQL (DATABASE_URL): {_line(err)}") from None
    except ConnectionFailure as err:
        raise SystemExit(f"MongoDB (MONGODB_URL): {_line(err)}") from None
    except RedisConnectionError as err:
        raise SystemExit(f"Redis (REDIS_URL, CELERY_BROKER_URL): {_line(err)}") from None


def _line(err: Exception) -> str:
    line = " ".join(str(err).split())[:300]
    line = line.replace("['", "").replace(
        "']", ""
    )  # environs shows the message of a validator as a list
    return line if line.endswith((".", "?")) else f"{line}."
