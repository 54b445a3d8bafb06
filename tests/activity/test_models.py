"""The trail cannot be changed: PostgreSQL refuses, and the admin has no form for it."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from apps.accounts.models import User
from apps.activity.event_types import EventType
from apps.activity.models import Activity
from apps.activity.services import activity_record
from apps.core import ids
from tests.accounts.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    """Return a user."""
    return make_user("ada-of-the-trail")


@pytest.fixture
def activity(ada: User) -> Activity:
    """Return a recorded event."""
    return activity_record(document_id=ids.new_id(), actor_id=ada.pk, event_type=EventType.CREATED)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE activity SET username = 'another'",
        "UPDATE activity SET detail = '{}', kind = 'joined'",
        "UPDATE activity SET at = now()",
        "UPDATE activity SET actor_id = NULL, username = ''",
        "UPDATE activity SET id = id + 1000",
        "DELETE FROM activity",
    ],
)
def test_change_by_sql_is_refused(activity: Activity, change: str) -> None:
    """For any column."""
    with (
        pytest.raises(DatabaseError, match="only ever added to"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"{change} WHERE id = %s", [activity.pk])
    stored = Activity.objects.get(pk=activity.pk)
    assert (stored.username, stored.kind) == (activity.username, "created")


def test_change_by_the_model_is_refused(activity: Activity, ada: User) -> None:
    """By an object and by a query set; the actor cannot be replaced, either."""
    other = make_user()
    activity.actor = other
    for change in (activity.save, activity.delete, Activity.objects.all().delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert Activity.objects.get(document_id=activity.document_id).actor == ada


def test_events_of_a_deleted_account_keep_its_name(activity: Activity, ada: User) -> None:
    """The account goes, the trail stays."""
    ada.delete()
    stored = Activity.objects.get(pk=activity.pk)
    assert (stored.actor, stored.username) == (None, "ada-of-the-trail")


def test_activity_record_without_an_account_has_no_name() -> None:
    """For a deleted account, and for no account."""
    for actor_id in (999_999_999, None):
        activity = activity_record(
            document_id=ids.new_id(), actor_id=actor_id, event_type=EventType.NAMED
        )
        assert (activity.actor, activity.username, activity.detail) == (None, "", {})


def test_admin_searches_and_reads_the_trail_and_changes_nothing(activity: Activity) -> None:
    """No form to add, none to change, none to delete."""
    browser = Client()
    browser.force_login(make_user(is_staff=True, is_superuser=True))
    base = "/admin/activity/activity/"
    for query in (activity.username, activity.document_id):
        page = browser.get(f"{base}?q={query}&kind__exact=created").content.decode()
        assert f"/documents/{activity.document_id}/" in page
    page = browser.get(f"{base}{activity.pk}/change/").content.decode()
    assert 'name="_save"' not in page
    assert browser.get(f"{base}add/").status_code == 403
    assert browser.post(f"{base}{activity.pk}/change/", {"kind": "joined"}).status_code == 403
    assert browser.post(f"{base}{activity.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Activity.objects.filter(pk=activity.pk, kind="created").exists()
