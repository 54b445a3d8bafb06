"""The checks of the configuration that ask services: ``manage.py check --services``.

Django runs the checks that are registered at each command, and a command must not wait for what is
away; so these are kept apart until somebody wants them. Each room has its own, in ``checks.py``,
and each answer says what to do. A service that is away is told once; who needs it says nothing.
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
    WHOLE_COLLECTION,
    HotQuery,
    NotExplainedError,
    hot_queries,
    query_stages,
)

TAG = "services"
Check = Callable[..., Sequence[CheckMessage]]
_collected: list[Check] = []

#: The variable that names each service, by its name in ``/readyz``.
VARIABLES = {
    "postgresql": "DATABASE_URL",
    "mongodb": "MONGODB_URL",
    "redis": "REDIS_URL",
    "kafka": "KAFKA_BOOTSTRAP_SERVERS",
}
#: The oldest versions that the product, or what it stands on, is made for.
OLDEST = {"PostgreSQL": (14,), "MongoDB": (6, 0), "Redis": (6, 2)}
#: By how much two clocks may differ, in seconds. Tokens, leases and the order of a list of moments
#: go by clocks; the log does not.
SKEW_S = 1.0


def service_check(check: Check) -> Check:
    """Keep a check for ``check --services``."""
    _collected.append(check)
    return check


def services_register() -> None:
    """Register what is kept: from now on Django runs it with all other checks.

    The first one that Django comes to runs all of them side by side: each waits seconds for a
    service that is away, and the waits do not add up.
    """

    @functools.cache
    def results() -> dict[Check, Sequence[CheckMessage]]:
        with ThreadPoolExecutor(len(_collected), thread_name_prefix="check") as executor:
            return dict(zip(_collected, executor.map(_run, _collected), strict=True))

    def result_of(check: Check) -> Check:
        return lambda **_: results()[check]

    for check in _collected:
        checks.register(result_of(check), TAG)


def _run(check: Check) -> Sequence[CheckMessage]:
    """Return what a check says: nothing where a service is away, for ``reachable_check`` says it.

    Runs in a thread of its own, whose connection is closed afterwards.
    """
    try:
        return check()
    except STORAGE_ERRORS:
        return []
    finally:
        connection.close()


# --- are they there, and new enough --------------------------------------------------------------


@service_check
def reachable_check(**_: object) -> list[CheckMessage]:
    """Tell which services do not answer."""
    found: list[CheckMessage] = []
    for name, state in health.services_check().items():
        if state == "ok":
            continue
        hint = f"Start it, or correct {VARIABLES[name]}."
        if name in health.DISPENSABLE:
            words = f"{name} does not answer; {health.DISPENSABLE[name]}. {state}"
            found.append(checks.Warning(words, hint=hint, id="core.W101"))
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
    # The embedded server does not say.
    version = get_connection().server_info().get("version")
    return None if version is None else _numbers(version)


def _redis_version() -> tuple[int, ...]:
    return _numbers(get_redis_connection("default").info("server")["redis_version"])


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())


def _version_check(name: str, ask: Callable[[], tuple[int, ...] | None]) -> None:
    @service_check
    def check(**_: object) -> list[CheckMessage]:
        version = ask()
        if version is None or version >= OLDEST[name]:
            return []
        has, wants = (".".join(map(str, each)) for each in (version, OLDEST[name]))
        words = f"{name} is of version {has}, older than {wants}."
        return [checks.Error(words, hint=f"Upgrade {name}.", id="core.E102")]


_version_check("PostgreSQL", _postgresql_version)
_version_check("MongoDB", _mongodb_version)
_version_check("Redis", _redis_version)


# --- do they agree about the time ----------------------------------------------------------------


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


def _clock_check(name: str, ask: Callable[[], float]) -> None:
    @service_check
    def check(**_: object) -> list[CheckMessage]:
        ask()  # the connection is made outside of what is measured
        before = clock.now().timestamp()
        there = ask()
        after = clock.now().timestamp()
        # What the question took may lie before the answer or behind it.
        ahead = there - after if there > after else min(0.0, there - before)
        if abs(ahead) <= SKEW_S:
            return []
        words = f"The clock of {name} is {abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'}"
        hint = "Let all machines keep their clocks by NTP."
        return [checks.Warning(f"{words} this machine's.", hint=hint, id="core.W103")]


_clock_check("PostgreSQL", _postgresql_time)
_clock_check("MongoDB", _mongodb_time)
_clock_check("Redis", _redis_time)


# --- is everything made --------------------------------------------------------------------------


@service_check
def migrations_check(**_: object) -> list[CheckMessage]:
    """Tell which migrations of PostgreSQL are not applied."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not plan:
        return []
    names = ", ".join(str(migration) for migration, _ in plan[:5]) + (", …" if plan[5:] else "")
    words = f"{len(plan)} migrations are not applied: {names}."
    return [checks.Error(words, hint="Run manage.py migrate.", id="core.E104")]


@service_check
def indexes_check(**_: object) -> list[CheckMessage]:
    """Tell which indexes of MongoDB are missing, and which refuse what is meant to be stored."""
    found: list[CheckMessage] = []
    wanted = indexes_wanted()
    for collection in sorted({index.collection for index in wanted}):
        ours = {index for index in wanted if index.collection == collection}
        there = set(indexes_found(collection))
        found += [_missing(index) for index in sorted(ours - there, key=str)]
        found += [_refusing(index) for index in sorted(there - ours, key=str) if index.unique]
    return found


def _missing(index: Index) -> CheckMessage:
    hint = "Run manage.py mongo_indexes."
    if index.unique:
        return checks.Error(f"No index {index}: nothing decides races.", hint=hint, id="core.E105")
    return checks.Warning(f"No index {index}: reads are slow.", hint=hint, id="core.W105")


def _refusing(index: Index) -> CheckMessage:
    words = f"The index {index} is none of ours and refuses rows."
    hint = f"Drop it (dropIndex), then run manage.py mongo_indexes. Database: {_database()}."
    return checks.Error(words, hint=hint, id="core.E106")


def _database() -> str:
    return str(settings.MONGODB_URL).rpartition("/")[2].partition("?")[0]


@service_check
def plans_check(**_: object) -> list[CheckMessage]:
    """Tell which hot queries of MongoDB pass over a whole collection, or that nobody can tell."""
    try:
        plans = [(query, query_stages(query)) for query in hot_queries.named]
    except NotExplainedError as err:
        words = f"MongoDB's plans are not checked: this server does not explain; {err}."
        hint = "Nothing to do with the embedded server; a MongoDB itself explains to who may read."
        return [checks.Info(words, hint=hint, id="core.I107")]
    return plans_told(plans)


def plans_told(plans: Iterable[tuple[HotQuery, set[str]]]) -> list[CheckMessage]:
    """Return what is to be said of queries and the stages by which the server goes about them."""
    return [_scanning(query) for query, stages in plans if WHOLE_COLLECTION in stages]


def _scanning(query: HotQuery) -> CheckMessage:
    words = f"MongoDB passes over all of a collection for a hot query, {query}."
    hint = "Run manage.py mongo_indexes; with all of them there, see what explain() says of it."
    return checks.Warning(words, hint=hint, id="core.W107")
