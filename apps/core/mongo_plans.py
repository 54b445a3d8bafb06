"""How MongoDB goes about the queries that an edit, an opening or a worker waits for.

An index that is there is not yet one that is used: each room names its hot queries, and
``manage.py check --services`` asks the server to explain them. None of them may pass over a whole
collection.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pymongo.collection import Collection
from pymongo.errors import OperationFailure

#: The stage that passes over everything.
WHOLE_COLLECTION = "COLLSCAN"


class NotExplainedError(Exception):
    """The server does not say by which stages it goes; the text is why."""


@dataclass(frozen=True)
class HotQuery:
    """A query of a collection. Values are examples: what is asked for need not be there."""

    purpose: str
    rows: Callable[[], Collection[dict[str, Any]]]
    filter: Mapping[str, Any]
    sort: Sequence[tuple[str, int]] = ()

    def __str__(self) -> str:
        return f"{self.rows().name}: {self.purpose} ({', '.join(self.filter)})"

    def command(self) -> dict[str, Any]:
        """Return it as the command that a driver sends."""
        command: dict[str, Any] = {"find": self.rows().name, "filter": dict(self.filter)}
        return {**command, "sort": dict(self.sort)} if self.sort else command


@dataclass
class HotQueries:
    """Those of all rooms, in the order in which they were named."""

    named: list[HotQuery] = field(default_factory=list)

    def add(self, *queries: HotQuery) -> None:
        """Name some."""
        self.named += queries


hot_queries = HotQueries()


def query_stages(query: HotQuery) -> set[str]:
    """Return the stages of the plan that the server chooses.

    Raises ``NotExplainedError`` where it does not say them, and ``PyMongoError`` when it is away.
    """
    command = {"explain": query.command(), "verbosity": "queryPlanner"}
    try:
        answer = query.rows().database.command(command)
    except OperationFailure as err:
        raise NotExplainedError(str(err.details.get("errmsg") if err.details else err)) from err
    return plan_stages(answer)


def plan_stages(answer: Mapping[str, Any]) -> set[str]:
    """Return the stages in an answer to ``explain``, of whatever version, sharded or not.

    Raises ``NotExplainedError`` for one in another form: the embedded server shows SQLite's plan,
    which knows nothing of the order that is asked for.
    """
    stages = set(_stages(answer.get("queryPlanner", {}).get("winningPlan")))
    if not stages:
        raise NotExplainedError("it does not name the stages of a plan")
    return stages


def _stages(plan: object) -> Iterator[str]:
    """Yield the word at each ``stage`` of a plan, however deep."""
    if isinstance(plan, Mapping):
        if isinstance(plan.get("stage"), str):
            yield plan["stage"]
        for value in plan.values():
            yield from _stages(value)
    elif isinstance(plan, list):
        for value in plan:
            yield from _stages(value)
