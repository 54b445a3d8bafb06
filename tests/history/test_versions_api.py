"""Versions and states by REST (docs/system-flow.md, §7)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pycrdt
import pytest
from django_redis import get_redis_connection
from pytest_django import Settings
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.core import clock, ids
from apps.documents.heads import Head, heads_advance
from apps.history import states, version_cache
from apps.history.events import DamagedVersion, version_damaged
from apps.history.models import version_rows
from apps.history.recovery import document_load, snapshot_of
from apps.history.selectors import version_find
from apps.history.services import version_create
from apps.history.snapshot import Snapshot
from apps.history.states import state_at, version_state
from apps.history.version import Version
from apps.oplog.bulk import operations_write
from apps.oplog.models import operation_rows
from tests.accounts.clients import assert_error, bearer
from tests.accounts.factories import grant, make_user
from tests.documents.factories import make_document
from tests.support.operations import Scribe

pytestmark = pytest.mark.django_db


@pytest.fixture
def scribe(owner: User) -> Scribe:
    """Return a document of nine operations, with versions at seq 0, 3 and 6."""
    document = make_document(owner)
    scribe = Scribe(document.id, author_id=str(owner.pk))
    write(scribe, 3)
    keep(scribe)
    write(scribe, 3)
    keep(scribe)
    write(scribe, 3)
    return scribe


def write(scribe: Scribe, count: int) -> None:
    """Log operations."""
    operations = scribe.write_many(count)
    list(operations_write(operations))
    last = operations[-1]
    heads_advance([Head(scribe.document_id, last.seq, last.version_vector, clock.now())])


def keep(scribe: Scribe) -> int:
    """Store the present as an automatic version, as a worker does."""
    loaded = document_load(document_id=scribe.document_id)
    snapshot = snapshot_of(loaded, document_id=scribe.document_id)
    return version_create(
        document_id=scribe.document_id, snapshot=snapshot, author_ids=[scribe.author_id]
    )


def path(scribe: Scribe, rest: str) -> str:
    """Return a URL below a document's."""
    return f"/api/v1/documents/{scribe.document_id}/{rest}"


def text(state: bytes) -> str:
    """Return the text of a state."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(state)
    return str(doc.get("content", type=pycrdt.Text))


def words(count: int) -> str:
    """Return the text of the scribe after so many operations."""
    return "".join(f"{number % 3} " for number in range(count))


def test_list_has_the_fields_of_each_version(
    client: APIClient, scribe: Scribe, owner: User
) -> None:
    """The latest first; number, seq, time, authors, size."""
    body = client.get(path(scribe, "versions/")).json()
    assert [(row["number"], row["seq"]) for row in body["results"]] == [(3, 6), (2, 3), (1, 0)]
    assert body["next"] is None
    latest = body["results"][0]
    assert latest["authors"] == [{"id": owner.pk, "username": owner.username}]
    assert (latest["automatic"], latest["name"]) == (True, "")
    assert latest["size"] > 0
    assert latest["created_at"]
    assert client.get(path(scribe, "versions/3/")).json() == latest


def test_list_comes_in_pages(client: APIClient, scribe: Scribe) -> None:
    """Each version once; the next link keeps the filter."""
    client.post(path(scribe, "versions/"), {"name": "one"})
    client.post(path(scribe, "versions/"), {"name": "two"})
    url = path(scribe, "versions/?limit=2")
    numbers = []
    while url:
        body = client.get(url).json()
        numbers.append([row["number"] for row in body["results"]])
        url = body["next"]
    assert numbers == [[5, 4], [3, 2], [1]]
    body = client.get(path(scribe, "versions/?limit=1&named=true")).json()
    assert [row["name"] for row in body["results"]] == ["two"]
    body = client.get(body["next"]).json()
    assert [row["name"] for row in body["results"]] == ["one"]
    assert body["next"] is None


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "before=0", "limit=201", "named=x"])
def test_invalid_query_is_400(client: APIClient, scribe: Scribe, query: str) -> None:
    """The answer has the usual shape of errors."""
    assert_error(client.get(path(scribe, f"versions/?{query}")), 400, "invalid")


def test_present_is_named(client: APIClient, scribe: Scribe, owner: User) -> None:
    """With all of the log, and the authors since the version before."""
    response = client.post(path(scribe, "versions/"), {"name": "  To the\nprinter  "})
    assert response.status_code == 201
    body = response.json()
    assert (body["number"], body["seq"], body["name"]) == (4, 9, "To the printer")
    assert body["automatic"] is False
    assert body["authors"] == [{"id": owner.pk, "username": owner.username}]
    assert response.headers["Location"].endswith(path(scribe, "versions/4/"))
    state = client.get(path(scribe, "versions/4/state/"))
    assert text(state.content) == words(9)
    unnamed = client.post(path(scribe, "versions/"), {}).json()
    assert (unnamed["name"], unnamed["automatic"], unnamed["seq"]) == ("", False, 9)


@pytest.mark.parametrize("seq", [0, 4, 6, 9])
def test_any_seq_is_named(client: APIClient, scribe: Scribe, owner: User, seq: int) -> None:
    """With its content, and the authors since the version before it; loading uses the latest."""
    opened = get_redis_connection("default").get(f"scriptorium:snapshot:{{{scribe.document_id}}}")
    response = client.post(path(scribe, "versions/"), {"name": "Then", "seq": seq})
    assert response.status_code == 201
    body = response.json()
    assert (body["number"], body["seq"], body["name"]) == (4, seq, "Then")
    assert body["authors"] == [{"id": owner.pk, "username": owner.username}]
    assert text(client.get(path(scribe, "versions/4/state/")).content) == words(seq)
    cached = get_redis_connection("default").get(f"scriptorium:snapshot:{{{scribe.document_id}}}")
    assert cached == opened
    assert text(client.get(path(scribe, "state/")).content) == words(9)
    assert client.patch(path(scribe, "versions/4/"), {"name": "Once"}).json()["name"] == "Once"


def test_version_of_an_old_seq_is_compared_with_the_version_before_its_seq(
    client: APIClient, scribe: Scribe
) -> None:
    """Not with the version before its number, which has a later seq."""
    client.post(path(scribe, "versions/"), {"name": "Then", "seq": 4})
    client.post(path(scribe, "versions/"), {"name": "And again", "seq": 4})
    against = {
        number: client.get(path(scribe, f"versions/{number}/diff/")).json()["against"]
        for number in (1, 2, 3, 4, 5)
    }
    assert against == {1: 0, 2: 0, 3: 4, 4: 3, 5: 4}


def test_seq_that_cannot_be_named_is_refused(client: APIClient, scribe: Scribe) -> None:
    """No version is stored."""
    for seq, status, code in ((10, 404, "seq_not_found"), (-1, 400, "invalid")):
        answer = client.post(path(scribe, "versions/"), {"name": "x", "seq": seq})
        assert_error(answer, status, code)
    assert_error(client.post(path(scribe, "versions/"), {"seq": "x"}), 400, "invalid")
    assert version_rows().count_documents({"document_id": scribe.document_id}) == 3


def test_version_gets_and_loses_its_name(client: APIClient, scribe: Scribe) -> None:
    """A name keeps it; without one it is automatic again."""
    body = client.patch(path(scribe, "versions/2/"), {"name": "Draft"}).json()
    assert (body["name"], body["automatic"], body["seq"]) == ("Draft", False, 3)
    body = client.patch(path(scribe, "versions/2/"), {"name": ""}).json()
    assert (body["name"], body["automatic"]) == ("", True)


def test_name_that_is_too_long_is_refused(client: APIClient, scribe: Scribe) -> None:
    """No version is stored."""
    answer = client.post(path(scribe, "versions/"), {"name": "x" * 201})
    assert_error(answer, 400, "name_too_long")
    assert len(client.get(path(scribe, "versions/")).json()["results"]) == 3


def test_state_of_a_version_is_the_state_at_its_seq(client: APIClient, scribe: Scribe) -> None:
    """With an ETag; 304 for a client that has it."""
    response = client.get(path(scribe, "versions/2/state/"))
    assert response["Content-Type"] == "application/octet-stream"
    assert text(response.content) == words(3)
    assert response["X-Document-Seq"] == "3"
    again = client.get(path(scribe, "versions/2/state/"), HTTP_IF_NONE_MATCH=response["ETag"])
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", response["ETag"])


@pytest.mark.parametrize("seq", range(10))
def test_any_seq_has_a_state(client: APIClient, scribe: Scribe, seq: int) -> None:
    """Made from the nearest earlier version and the log."""
    response = client.get(path(scribe, f"at/{seq}/state/"))
    assert (text(response.content), response["X-Document-Seq"]) == (words(seq), str(seq))
    again = client.get(path(scribe, f"at/{seq}/state/"), HTTP_IF_NONE_MATCH=response["ETag"])
    assert again.status_code == 304


@pytest.mark.parametrize("number", [0, 4, 2**40, 10**30])
def test_missing_version_is_404_with_the_latest(
    client: APIClient, scribe: Scribe, number: int
) -> None:
    """For the version and for its state."""
    for rest in ("", "state/"):
        answer = client.get(path(scribe, f"versions/{number}/{rest}"))
        assert_error(answer, 404, "version_not_found")
        assert answer.json()["extra"] == {"latest": 3}
    assert client.patch(path(scribe, f"versions/{number}/"), {"name": "x"}).status_code == 404


@pytest.mark.parametrize("seq", [10, 2**40, 10**30])
def test_missing_seq_is_404_with_the_latest(client: APIClient, scribe: Scribe, seq: int) -> None:
    """The error has the latest seq."""
    answer = client.get(path(scribe, f"at/{seq}/state/"))
    assert_error(answer, 404, "seq_not_found")
    assert answer.json()["extra"] == {"latest": 9}


@pytest.mark.parametrize("rest", ["versions/", "versions/2/", "versions/2/state/", "at/3/state/"])
def test_versions_need_the_right_to_read(scribe: Scribe, rest: str) -> None:
    """404 for a stranger; a viewer may read the history."""
    stranger, viewer = make_user(), make_user()
    grant(viewer, Role.VIEWER, scribe.document_id)
    assert_error(bearer(stranger).get(path(scribe, rest)), 404, "document_not_found")
    assert bearer(viewer).get(path(scribe, rest)).status_code == 200
    assert APIClient().get(path(scribe, rest)).status_code == 401


def test_naming_needs_the_right_to_write(scribe: Scribe) -> None:
    """403, and the list does not change."""
    viewer = make_user()
    grant(viewer, Role.VIEWER, scribe.document_id)
    answer = bearer(viewer).post(path(scribe, "versions/"), {"name": "mine"})
    assert_error(answer, 403, "forbidden")
    answer = bearer(viewer).patch(path(scribe, "versions/2/"), {"name": "mine"})
    assert_error(answer, 403, "forbidden")
    assert version_rows().count_documents({"document_id": scribe.document_id}) == 3


def test_version_of_another_document_is_not_this_ones(
    client: APIClient, scribe: Scribe, owner: User
) -> None:
    """Each document has its own numbers."""
    other = Scribe(make_document(owner).id)
    assert client.get(path(other, "versions/3/")).status_code == 404


# --- sources of the content ---


def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the numbers of the versions that are read from MongoDB from now on."""
    seen: list[int] = []

    def find(*, document_id: str, number: int) -> Version | None:
        seen.append(number)
        return version_find(document_id=document_id, number=number)

    monkeypatch.setattr(states, "version_find", find)
    return seen


def test_version_is_read_from_mongodb_once_and_then_from_redis(
    scribe: Scribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First from MongoDB, then from Redis (docs/system-flow.md, §7)."""
    seen = reads(monkeypatch)
    first = version_state(document_id=scribe.document_id, number=2)
    second = version_state(document_id=scribe.document_id, number=2)
    assert first == second
    assert seen == [2]
    key = f"{version_cache._prefix(scribe.document_id)}2"
    assert 0 < get_redis_connection("default").ttl(key) <= 600


def test_stampede_on_a_version_makes_one_read(
    scribe: Scribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty requests at once."""
    seen = reads(monkeypatch)

    def ask(_: int) -> Snapshot:
        return version_state(document_id=scribe.document_id, number=3)

    with ThreadPoolExecutor(20) as pool:
        contents = list(pool.map(ask, range(20)))
    assert {text(content.state) for content in contents} == {words(6)}
    assert seen == [3]


def test_redis_holds_so_many_versions_of_a_document(scribe: Scribe, settings: Settings) -> None:
    """The least recently read are removed."""
    settings.VERSION_CACHE_MOST = 2
    for number in (1, 2, 3):
        version_state(document_id=scribe.document_id, number=number)
    prefix = version_cache._prefix(scribe.document_id)
    keys = [f"{prefix}{number}" for number in (1, 2, 3)]
    assert [get_redis_connection("default").exists(key) for key in keys] == [0, 1, 1]


def test_redis_away_reads_mongodb(scribe: Scribe, settings: Settings) -> None:
    """The cache is optional."""
    options = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {**settings.CACHES, "default": options}
    assert text(version_state(document_id=scribe.document_id, number=2).state) == words(3)


def test_damaged_version_is_made_from_the_log(
    scribe: Scribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a damaged cached one; a worker is asked to repair the stored one."""
    asked: list[DamagedVersion] = []
    monkeypatch.setattr(version_damaged, "_subscribers", [asked.append])
    where = {"document_id": scribe.document_id, "number": 3}
    version_rows().update_one(where, {"$set": {"snapshot": b"damaged"}})
    prefix = version_cache._prefix(scribe.document_id)
    get_redis_connection("default").set(f"{prefix}3", b"damaged", ex=60)
    assert text(version_state(document_id=scribe.document_id, number=3).state) == words(6)
    assert asked[0] == DamagedVersion(scribe.document_id, 3)
    assert text(state_at(document_id=scribe.document_id, seq=7).state) == words(7)


def test_hole_in_the_log_hides_only_what_needs_it(client: APIClient, scribe: Scribe) -> None:
    """Versions are available; a state behind the gap is not invented."""
    operation_rows().delete_one({"document_id": scribe.document_id, "seq": 8})
    assert client.get(path(scribe, "at/7/state/")).status_code == 200
    assert_error(client.get(path(scribe, "at/9/state/")), 409, "log_gap")
    assert client.get(path(scribe, "versions/3/state/")).status_code == 200


def test_document_that_is_not_there_has_no_history(client: APIClient) -> None:
    """404."""
    answer = client.get(f"/api/v1/documents/{ids.new_id()}/versions/")
    assert_error(answer, 404, "document_not_found")
