"""``history-settings/``: access to a document's history, and its retention."""

from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.core import clock
from apps.documents.heads import Head, heads_advance
from apps.history.services import version_create
from apps.history.states import present_state
from apps.oplog.bulk import operations_write
from tests.accounts.clients import assert_error, bearer
from tests.accounts.factories import grant, make_group, make_user
from tests.documents.factories import make_document
from tests.support.operations import Scribe

pytestmark = pytest.mark.django_db

SERVERS = {"all_s": 86_400, "hourly_s": 604_800, "daily_s": 2_592_000}
DENSE = {"all_s": 60, "hourly_s": 3_600, "daily_s": 86_400}
#: Paths that show another state than the present one, or authors.
HISTORY = [
    "versions/1/diff/",
    "at/0/diff/",
    "deletions/",
    "move-conflicts/",
    "authorship/clients/",
    "versions/",
    "versions/1/",
    "versions/1/state/",
    "at/1/state/",
    "at/2/state/",
    "authorship/",
    "authorship/?seq=1",
    "activity/",
    "operations/",
    "export/txt/?version=1",
    "export/txt/?seq=1",
    "at/1/restore/",
    "versions/1/restore/",
]
PRESENT = ["", "state/", "export/txt/", "history-settings/", "permissions/"]


@pytest.fixture
def scribe(owner: User) -> Scribe:
    """Return a document of two operations and two versions."""
    scribe = Scribe(make_document(owner).id, author_id=str(owner.pk))
    operations = scribe.write_many(2)
    list(operations_write(operations))
    last = operations[-1]
    heads_advance([Head(scribe.document_id, last.seq, last.version_vector, clock.now())])
    document_id = scribe.document_id
    version_create(document_id=document_id, snapshot=present_state(document_id=document_id))
    return scribe


def path(scribe: Scribe, rest: str = "history-settings/") -> str:
    """Return a URL below a document's."""
    return f"/api/v1/documents/{scribe.document_id}/{rest}"


def as_role(scribe: Scribe, role: Role) -> APIClient:
    """Return a client of a new user with this role."""
    user = make_user()
    grant(user, role, scribe.document_id)
    return bearer(user)


def test_new_document_has_the_servers_settings(client: APIClient, scribe: Scribe) -> None:
    """Viewers may see the history, and the log is not compacted."""
    assert client.get(path(scribe)).json() == {
        "viewers_may_look": True,
        "compact_after_days": None,
        "keep": None,
        "in_force": {"compact_after_days": 0, "keep": SERVERS},
    }


def test_owner_changes_and_resets_single_settings(
    client: APIClient, scribe: Scribe, settings: Settings
) -> None:
    """Other settings do not change; null is the server's default."""
    settings.COMPACT_AFTER_DAYS = 90
    body = client.patch(path(scribe), {"keep": DENSE, "compact_after_days": 0}).json()
    assert (body["keep"], body["compact_after_days"]) == (DENSE, 0)
    assert body["in_force"] == {"compact_after_days": 0, "keep": DENSE}
    body = client.patch(path(scribe), {"viewers_may_look": False}).json()
    assert (body["keep"], body["viewers_may_look"]) == (DENSE, False)
    body = client.patch(path(scribe), {"keep": None, "compact_after_days": None}).json()
    assert body == client.get(path(scribe)).json()
    assert body["in_force"] == {"compact_after_days": 90, "keep": SERVERS}
    assert client.patch(path(scribe), {}).json() == body


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"keep": {"all_s": 2, "hourly_s": 1, "daily_s": 3}}, "keep"),
        ({"keep": {"all_s": 1, "hourly_s": 2}}, "invalid"),
        ({"keep": {"all_s": "x", "hourly_s": 1, "daily_s": 3}}, "invalid"),
        ({"keep": {"all_s": 1, "hourly_s": 2, "daily_s": 2**53 - 1}}, "keep"),
        ({"keep": 7}, "invalid"),
        ({"compact_after_days": -1}, "invalid"),
        ({"compact_after_days": 36_601}, "compact_after_days"),
        ({"compact_after_days": 10**30}, "invalid"),
        ({"compact_after_days": "soon"}, "invalid"),
        ({"viewers_may_look": "perhaps"}, "invalid"),
        ({"viewers_may_look": None}, "invalid"),
    ],
)
def test_invalid_setting_is_refused(
    client: APIClient, scribe: Scribe, wrong: dict[str, Any], code: str
) -> None:
    """With a reason; nothing is stored."""
    before = client.get(path(scribe)).json()
    assert_error(client.patch(path(scribe), {"viewers_may_look": False, **wrong}), 400, code)
    assert client.get(path(scribe)).json() == before


@pytest.mark.parametrize("role", [Role.EDITOR, Role.COMMENTER, Role.VIEWER])
def test_only_an_owner_changes_settings_and_every_role_reads_them(
    scribe: Scribe, role: Role
) -> None:
    """403 for other roles, 404 for strangers."""
    other = as_role(scribe, role)
    assert other.get(path(scribe)).status_code == 200
    answer = other.patch(path(scribe), {"viewers_may_look": True})
    assert_error(answer, 403, "forbidden")
    stranger = bearer(make_user())
    for answer in (stranger.get(path(scribe)), stranger.patch(path(scribe), {})):
        assert_error(answer, 404, "document_not_found")


@pytest.mark.parametrize("rest", HISTORY)
def test_viewer_without_access_to_history_gets_403_with_a_code(
    client: APIClient, scribe: Scribe, rest: str
) -> None:
    """On each path that shows another state; the owner may grant access again."""
    viewer = as_role(scribe, Role.VIEWER)
    before = viewer.get(path(scribe, rest)).status_code
    client.patch(path(scribe), {"viewers_may_look": False})
    assert_error(viewer.get(path(scribe, rest)), 403, "history_hidden")
    client.patch(path(scribe), {"viewers_may_look": True})
    assert viewer.get(path(scribe, rest)).status_code == before


@pytest.mark.parametrize("rest", PRESENT)
def test_viewer_without_access_to_history_reads_the_present(
    client: APIClient, scribe: Scribe, rest: str
) -> None:
    """The setting does not touch the present state."""
    client.patch(path(scribe), {"viewers_may_look": False})
    assert as_role(scribe, Role.VIEWER).get(path(scribe, rest)).status_code == 200


@pytest.mark.parametrize("role", [Role.OWNER, Role.EDITOR, Role.COMMENTER])
def test_other_roles_always_have_access_to_history(
    client: APIClient, scribe: Scribe, role: Role
) -> None:
    """Also a user who is a viewer as well, for example by a group."""
    client.patch(path(scribe), {"viewers_may_look": False})
    user = make_user()
    grant(user, Role.VIEWER, scribe.document_id)
    grant(make_group(user), role, scribe.document_id)
    for rest in HISTORY[:13]:
        assert bearer(user).get(path(scribe, rest)).status_code == 200


def test_abilities_have_the_access_to_history(client: APIClient, scribe: Scribe) -> None:
    """In the document and in the list; the pages read only these."""
    viewer = make_user()
    grant(viewer, Role.VIEWER, scribe.document_id)
    assert bearer(viewer).get(path(scribe, "")).json()["abilities"]["look_at_history"] is True
    client.patch(path(scribe), {"viewers_may_look": False})
    assert bearer(viewer).get(path(scribe, "")).json()["abilities"]["look_at_history"] is False
    listed = bearer(viewer).get("/api/v1/documents/").json()["results"]
    assert [row["abilities"]["look_at_history"] for row in listed] == [False]
    assert client.get(path(scribe, "")).json()["abilities"]["look_at_history"] is True
