"""Health checks of the services."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from confluent_kafka.admin import AdminClient
from django.conf import settings
from django.db import connection
from django_redis import get_redis_connection
from mongoengine.connection import get_connection

#: Timeout of the check of one service, in seconds.
CHECK_WAIT_S = 3.0


def check_postgresql() -> None:
    """Raise unless PostgreSQL answers a query."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()


def check_mongodb() -> None:
    """Raise unless MongoDB answers a ping."""
    get_connection().admin.command("ping")


def check_redis() -> None:
    """Raise unless Redis answers a ping."""
    get_redis_connection("default").ping()


def check_kafka() -> None:
    """Raise unless a Kafka broker answers with its metadata."""
    client = AdminClient({"bootstrap.servers": settings.KAFKA_BOOTSTRAP_SERVERS})
    client.list_topics(timeout=CHECK_WAIT_S)


CHECKS: dict[str, Callable[[], None]] = {
    "postgresql": check_postgresql,
    "mongodb": check_mongodb,
    "redis": check_redis,
    "kafka": check_kafka,
}

#: Services that are not required, and what happens without them.
OPTIONAL_SERVICES = {"kafka": "the workers read the log instead, and it is published afterwards"}

#: One thread for each check: a service that hangs delays neither the others nor the response.
_executor = ThreadPoolExecutor(max_workers=2 * len(CHECKS), thread_name_prefix="health")


def services_check() -> dict[str, str]:
    """Return ``{service: "ok" or the error}``, each within about ``CHECK_WAIT_S``."""
    return {
        name: "ok" if err is None else f"{type(err).__name__}: {err}"[:300]
        for name, err in checks_run(CHECKS).items()
    }


def checks_run(checks: Mapping[str, Callable[[], None]]) -> dict[str, Exception | None]:
    """Run checks in parallel; return the error of each, None for a success."""
    futures = {name: _executor.submit(check) for name, check in checks.items()}
    results: dict[str, Exception | None] = {}
    for name, future in futures.items():
        try:
            future.result(timeout=CHECK_WAIT_S + 1)
            results[name] = None
        except Exception as err:  # noqa: BLE001 - any error is the result
            results[name] = err
    return results
