"""The plans of MongoDB's queries: results of ``explain``, and the registered hot queries."""

import json
import os
from typing import Any
from urllib.parse import urlsplit

import pytest
from mongoengine.connection import get_db
from pytest_django import Settings

from apps.core.mongo_plans import (
    HotQuery,
    NotExplainedError,
    hot_queries,
    plan_stages,
    query_stages,
)
from apps.core.service_checks import plan_messages, plans_check
from tests.core.processes import run_python

#: Winning plans in the forms that MongoDB's manual shows, by what is at their bottom.
PLANS: dict[str, tuple[object, set[str]]] = {
    "by an index": (
        {"stage": "FETCH", "inputStage": {"stage": "IXSCAN", "indexName": "document_id_1_seq_1"}},
        {"FETCH", "IXSCAN"},
    ),
    "all of it": (
        {"stage": "SORT", "inputStage": {"stage": "COLLSCAN", "direction": "forward"}},
        {"SORT", "COLLSCAN"},
    ),
    "by the slot-based engine": (
        {"queryPlan": {"stage": "COLLSCAN"}, "slotBasedPlan": {"stages": "[1] scan"}},
        {"COLLSCAN"},
    ),
    "on shards": (
        {"stage": "SHARD_MERGE", "shards": [{"winningPlan": {"stage": "COLLSCAN"}}]},
        {"SHARD_MERGE", "COLLSCAN"},
    ),
    "one of several": (
        {"stage": "OR", "inputStages": [{"stage": "IXSCAN"}, {"stage": "COLLSCAN"}]},
        {"OR", "IXSCAN", "COLLSCAN"},
    ),
}


@pytest.mark.parametrize("name", PLANS)
def test_stages_of_a_plan_are_found_however_deep(name: str) -> None:
    """A collection scan may be below other stages."""
    plan, stages = PLANS[name]
    assert plan_stages({"queryPlanner": {"winningPlan": plan}, "ok": 1}) == stages


@pytest.mark.parametrize(
    "answer",
    [{"ok": 1}, {"queryPlanner": {"winningPlan": [{"detail": "SCAN t"}]}}, {"queryPlanner": {}}],
    ids=["nothing", "SQLite's", "no plan"],
)
def test_answer_without_stages_is_no_explanation(answer: dict[str, Any]) -> None:
    """It does not count as a plan without a collection scan."""
    with pytest.raises(NotExplainedError):
        plan_stages(answer)


def test_server_that_does_not_explain_is_reported() -> None:
    """The embedded server returns a result of another form."""
    [message] = plans_check()
    assert message.id == "core.I107"
    assert "are not checked: this server does not explain;" in message.msg


def test_server_that_refuses_to_explain_is_reported_with_its_reason() -> None:
    """For example a user without the right to explain; here, an unknown command."""
    query = HotQuery("a read", lambda: get_db().documents, {"$nonsense": 1})
    with pytest.raises(NotExplainedError):
        query_stages(query)


def test_collection_scan_is_a_warning() -> None:
    """With collection and fields; a query by an index is not."""
    one = HotQuery("one", lambda: get_db().documents, {"seq": 1})
    another = HotQuery("another", lambda: get_db().documents, {"title": 1})
    [message] = plan_messages([(one, {"IXSCAN", "FETCH"}), (another, {"SORT", "COLLSCAN"})])
    assert message.id == "core.W107"
    assert "documents: another (title)" in message.msg


_REALLY_ASKED = """
import json
from pymongo import monitoring

asked = []

class Listener(monitoring.CommandListener):
    def started(self, event):
        if event.command_name == "find":
            asked.append(event.command)
    def succeeded(self, event): pass
    def failed(self, event): pass

monitoring.register(Listener())
import django
django.setup()
from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.attachments.selectors import attachments_iter
from apps.attachments.sweep import _used
from apps.core.clock import now
from apps.core.mongo import equal
from apps.documents.heads import heads_get, unpublished_find
from apps.documents.selectors import documents_list
from apps.history.last_processed import processed_seqs
from apps.history.selectors import latest_reach, version_find, versions_page
from apps.oplog.compaction_point import compacted_find
from apps.oplog.selectors import head_seq, log_reaches, operations_find, operations_since

one = {"document_id": "none"}
operations_since(**one, after=0), log_reaches(**one, seq=1), head_seq(**one)
operations_find(**one, unique_ids=["a"]), compacted_find(**one, unique_ids=["a"])
heads_get(["none"]), unpublished_find(updated_before=now(), limit=1), processed_seqs(["none"])
latest_reach(**one), version_find(**one, number=1)
versions_page(**one, before=None, limit=1, named_only=False)
list(attachments_iter(**one)), _used(["none"])
listing = documents_list(user=User(pk=0))
listing._rows_among({"none": Role.OWNER}, listing.order, None, 1)
listing._find({"trashed": equal(False)}, listing.order, None, 1)

def shape(value):
    if isinstance(value, dict):
        return {name: shape(nested) for name, nested in value.items()}
    return "?"

print(json.dumps([
    [each["find"], shape(each.get("filter", {})), dict(each.get("sort") or {})] for each in asked
]))
"""


@pytest.mark.django_db
def test_hot_queries_are_those_that_the_product_sends(settings: Settings) -> None:
    """The same collections, conditions and orders as the driver sends; none is missing."""
    own = str(settings.DATABASES["default"]["NAME"])
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{own}").geturl()
    done = run_python("-c", _REALLY_ASKED, DATABASE_URL=url)
    assert done.returncode == 0, done.stderr
    asked = json.loads(done.stdout)
    for query in hot_queries.queries:
        assert [query.rows().name, _shape(query.filter), dict(query.sort)] in asked, str(query)
    assert len(asked) == len(hot_queries.queries)


def _shape(value: object) -> object:
    if isinstance(value, dict):
        return {name: _shape(nested) for name, nested in value.items()}
    return "?"
