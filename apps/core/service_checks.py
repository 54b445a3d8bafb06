"""The checks that connect to services: ``manage.py check --services``.

Django runs registered checks at each command, and a command must not wait for an unavailable
service; so these checks are registered only with ``--services``. Each app has its own, in
``checks.py``, and each message has a hint. An unavailable service is reported once; the checks that
need it report nothing.
"""

import functools
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django_redis import get_redis_connection
from mongoengine.connection import get_connection

from apps.core import clock, health
from apps.core.api.errors import STORAGE_ERRORS
from apps.core.mongo_indexes import Index, indexes_found, indexes_wanted
from apps.core.mongo_plans import (
    COLLECTION_SCAN,
    HotQuery,
    NotExplainedError,
    hot_queries,
    query_stages,
)

TAG = "services"
Check = Callable[..., Sequence[CheckMessage]]
_service_checks: list[Check] = []

#: The variable that names each service, by its name in ``/readyz``.
SERVICE_VARIABLES = {
    "postgresql": "DATABASE_URL",
    "mongodb": "MONGODB_URL",
    "redis": "REDIS_URL",
    "kafka": "KAFKA_BOOTSTRAP_SERVERS",
}
#: The oldest supported versions.
MINIMUM_VERSIONS = {"PostgreSQL": (14,), "MongoDB": (6, 0), "Redis": (6, 2)}
#: The largest difference of two clocks, in seconds. Tokens, leases and lists that are ordered by
#: time depend on clocks; the log does not.
MAX_CLOCK_SKEW_S = 1.0


def service_check(check: Check) -> Check:
    """Add a check to ``check --services``."""
    _service_checks.append(check)
    return check


def services_register() -> None:
    """Register these checks: from now on Django runs them with all others.

    The first check that Django runs starts all of them in threads: each waits seconds for an
    unavailable service, and the waits do not add up.
    """

    @functools.cache
    def results() -> dict[Check, Sequence[CheckMessage]]:
        with ThreadPoolExecutor(len(_service_checks), thread_name_prefix="check") as executor:
            return dict(zip(_service_checks, executor.map(_run, _service_checks), strict=True))

    def result_of(check: Check) -> Check:
        return lambda **_: results()[check]

    for check in _service_checks:
        checks.register(result_of(check), TAG)


def _run(check: Check) -> Sequence[CheckMessage]:
    """Return a check's messages, none for an unavailable service: ``reachable_check`` has one.

    Runs in a thread of its own, whose connection is closed afterwards.
    """
    try:
        return check()
    except STORAGE_ERRORS:
        return []
    finally:
        connection.close()


# --- reachable, and new enough --------------------------------------------------------------


@service_check
def reachable_check(**_: object) -> list[CheckMessage]:
    """Report services that do not answer."""
    found: list[CheckMessage] = []
    for name, state in health.services_check().items():
        if state == "ok":
            continue
        hint = f"Start it, or correct {SERVICE_VARIABLES[name]}."
        if name in health.OPTIONAL_SERVICES:
            text = f"{name} does not answer; {health.OPTIONAL_SERVICES[name]}. {state}"
            found.append(checks.Warning(text, hint=hint, id="core.W101"))
        else:
            found.append(
                checks.Error(f"{name} does not answer. {state}", hint=hint, id="core.E101")
            )
    return found


def _postgresql_version() -> tuple[int, ...]:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        return (int(cursor.fetchone()[0]) // 10_000,)


def _mongodb_version() -> tuple[int, ...] | None:
    # The embedded server has no version.
    version = get_connection().server_info().get("version")
    return None if version is None else _numbers(version)


def _redis_version() -> tuple[int, ...]:
    return _numbers(get_redis_connection("default").info("server")["redis_version"])


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())


def _version_check(name: str, read_version: Callable[[], tuple[int, ...] | None]) -> None:
    @service_check
    def check(**_: object) -> list[CheckMessage]:
        version = read_version()
        if version is None or version >= MINIMUM_VERSIONS[name]:
            return []
        found, required = (
            ".".join(map(str, numbers)) for numbers in (version, MINIMUM_VERSIONS[name])
        )
        text = f"{name} is of version {found}, older than {required}."
        return [checks.Error(text, hint=f"Upgrade {name}.", id="core.E102")]


_version_check("PostgreSQL", _postgresql_version)
_version_check("MongoDB", _mongodb_version)
_version_check("Redis", _redis_version)


# --- clocks ----------------------------------------------------------------


def _postgresql_time() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        return float(cursor.fetchone()[0])


def _mongodb_time() -> float:
    moment: datetime = get_connection().admin.command("hello")["localTime"]
    return moment.timestamp()


def _redis_time() -> float:
    seconds, microseconds = get_redis_connection("default").time()
    return float(seconds + microseconds / 1e6)


def _clock_check(name: str, read_time: Callable[[], float]) -> None:
    @service_check
    def check(**_: object) -> list[CheckMessage]:
        read_time()  # connects, which must not be measured
        before = clock.now().timestamp()
        service_time = read_time()
        after = clock.now().timestamp()
        # The time of the request may have passed before or after the answer.
        ahead = service_time - after if service_time > after else min(0.0, service_time - before)
        if abs(ahead) <= MAX_CLOCK_SKEW_S:
            return []
        text = f"The clock of {name} is {abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'}"
        hint = "Let all machines keep their clocks by NTP."
        return [checks.Warning(f"{text} this machine's.", hint=hint, id="core.W103")]


_clock_check("PostgreSQL", _postgresql_time)
_clock_check("MongoDB", _mongodb_time)
_clock_check("Redis", _redis_time)


# --- migrations, indexes, plans
# --------------------------------------------------------------------------


@service_check
def migrations_check(**_: object) -> list[CheckMessage]:
    """Report migrations of PostgreSQL that are not applied."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not plan:
        return []
    names = ", ".join(str(migration) for migration, _ in plan[:5]) + (", …" if plan[5:] else "")
    text = f"{len(plan)} migrations are not applied: {names}."
    return [checks.Error(text, hint="Run manage.py migrate.", id="core.E104")]


@service_check
def indexes_check(**_: object) -> list[CheckMessage]:
    """Report missing indexes of MongoDB, and unique indexes that the product does not declare."""
    found: list[CheckMessage] = []
    wanted = indexes_wanted()
    for collection in sorted({index.collection for index in wanted}):
        wanted_here = {index for index in wanted if index.collection == collection}
        existing = set(indexes_found(collection))
        found += [_missing_index(index) for index in sorted(wanted_here - existing, key=str)]
        found += [
            _foreign_unique_index(index)
            for index in sorted(existing - wanted_here, key=str)
            if index.unique
        ]
    return found


def _missing_index(index: Index) -> CheckMessage:
    hint = "Run manage.py mongo_indexes."
    if index.unique:
        return checks.Error(f"No index {index}: nothing decides races.", hint=hint, id="core.E105")
    return checks.Warning(f"No index {index}: reads are slow.", hint=hint, id="core.W105")


def _foreign_unique_index(index: Index) -> CheckMessage:
    text = f"The index {index} is not one of the product's and refuses rows."
    hint = f"Drop it (dropIndex), then run manage.py mongo_indexes. Database: {_database()}."
    return checks.Error(text, hint=hint, id="core.E106")


def _database() -> str:
    return str(settings.MONGODB_URL).rpartition("/")[2].partition("?")[0]


@service_check
def plans_check(**_: object) -> list[CheckMessage]:
    """Report hot queries of MongoDB that scan a whole collection, or that plans are unknown."""
    try:
        plans = [(query, query_stages(query)) for query in hot_queries.queries]
    except NotExplainedError as err:
        text = f"MongoDB's plans are not checked: this server does not explain; {err}."
        hint = (
            "Harmless with the embedded server; MongoDB itself explains to users with read access."
        )
        return [checks.Info(text, hint=hint, id="core.I107")]
    return plan_messages(plans)


def plan_messages(plans: Iterable[tuple[HotQuery, set[str]]]) -> list[CheckMessage]:
    """Return the warnings for queries whose plan scans a whole collection."""
    return [_collection_scan(query) for query, stages in plans if COLLECTION_SCAN in stages]


def _collection_scan(query: HotQuery) -> CheckMessage:
    text = f"MongoDB scans a whole collection for a hot query, {query}."
    hint = "Run manage.py mongo_indexes; if no index is missing, look at its explain()."
    return checks.Warning(text, hint=hint, id="core.W107")
