"""The query plans of hot queries, which an edit, a loading document or a worker waits for.

An existing index is not always used: each app registers its hot queries, and ``manage.py check
--services`` has the server explain them. None of them may scan a whole collection.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pymongo.collection import Collection
from pymongo.errors import OperationFailure

#: The stage that scans a collection.
COLLECTION_SCAN = "COLLSCAN"


class NotExplainedError(Exception):
    """The server does not name the stages of a plan; the text is the reason."""


@dataclass(frozen=True)
class HotQuery:
    """A query of a collection. Its values are examples, which need not exist."""

    purpose: str
    rows: Callable[[], Collection[dict[str, Any]]]
    filter: Mapping[str, Any]
    sort: Sequence[tuple[str, int]] = ()

    def __str__(self) -> str:
        return f"{self.rows().name}: {self.purpose} ({', '.join(self.filter)})"

    def command(self) -> dict[str, Any]:
        """Return the query as a driver's command."""
        command: dict[str, Any] = {"find": self.rows().name, "filter": dict(self.filter)}
        return {**command, "sort": dict(self.sort)} if self.sort else command


@dataclass
class HotQueries:
    """The hot queries of all apps, in the order of their registration."""

    queries: list[HotQuery] = field(default_factory=list)

    def add(self, *queries: HotQuery) -> None:
        """Register queries."""
        self.queries += queries


hot_queries = HotQueries()


def query_stages(query: HotQuery) -> set[str]:
    """Return the stages of the plan that the server chooses.

    Raises ``NotExplainedError`` where it does not name them, ``PyMongoError`` when it is
    unavailable.
    """
    command = {"explain": query.command(), "verbosity": "queryPlanner"}
    try:
        answer = query.rows().database.command(command)
    except OperationFailure as err:
        raise NotExplainedError(str(err.details.get("errmsg") if err.details else err)) from err
    return plan_stages(answer)


def plan_stages(answer: Mapping[str, Any]) -> set[str]:
    """Return the stages in a result of ``explain``, of any version, sharded or not.

    Raises ``NotExplainedError`` for another form: the embedded server returns SQLite's plan, which
    does not include the sort order.
    """
    stages = set(_stages(answer.get("queryPlanner", {}).get("winningPlan")))
    if not stages:
        raise NotExplainedError("it does not name the stages of a plan")
    return stages


def _stages(plan: object) -> Iterator[str]:
    """Yield each ``stage`` of a plan, at any depth."""
    if isinstance(plan, Mapping):
        if isinstance(plan.get("stage"), str):
            yield plan["stage"]
        for value in plan.values():
            yield from _stages(value)
    elif isinstance(plan, list):
        for value in plan:
            yield from _stages(value)
