"""Who may read a file: rights, signed addresses, the session of a page."""

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.accounts.services import permission_revoke
from apps.documents.models import Document
from apps.documents.services import document_trash
from tests.accounts.clients import assert_error, bearer
from tests.accounts.factories import grant, make_user
from tests.attachments import samples
from tests.attachments.rest import attached, path_of
from tests.documents.factories import make_document

pytestmark = pytest.mark.django_db


def test_file_of_another_document_is_404(client: APIClient, document: Document) -> None:
    """Its id alone opens nothing, not even for who may read both."""
    body = attached(client, document, samples.png())
    other = make_document(User.objects.get(pk=document.owner_id))
    for file_id in (body["id"], "0" * 64, "x", body["id"].upper()):
        response = client.get(f"{path_of(other)}{file_id}/")
        assert_error(response, 404, "attachment_not_found")


def test_rights_that_are_taken_away_end_access_at_once(
    client: APIClient, document: Document, owner: User
) -> None:
    """By token and by signed address."""
    body = attached(client, document, samples.png())
    reader = make_user()
    permission = grant(reader, Role.VIEWER, document.id)
    their = bearer(reader)
    signed = their.get(path_of(document)).json()["results"][0]["signed_url"]
    assert their.get(body["url"]).status_code == 200
    assert APIClient().get(signed).status_code == 200
    permission_revoke(actor=owner, document_id=document.id, permission_id=permission.pk)
    assert_error(their.get(body["url"]), 404, "document_not_found")
    assert_error(APIClient().get(signed), 404, "document_not_found")


def test_trashed_document_keeps_its_files_to_itself(
    client: APIClient, document: Document, owner: User
) -> None:
    """As the rest of it."""
    body = attached(client, document, samples.png())
    document_trash(user=owner, document_id=document.id)
    assert_error(client.get(body["url"]), 404, "document_not_found")


def test_list_of_all_times_is_for_people_who_may_see_the_history(
    client: APIClient, document: Document
) -> None:
    """A viewer of a document with a hidden history reads files by id, and lists none."""
    body = attached(client, document, samples.png())
    reader = make_user()
    grant(reader, Role.VIEWER, document.id)
    document.update(set__viewers_may_look=False)
    assert_error(bearer(reader).get(path_of(document)), 403, "history_hidden")
    assert bearer(reader).get(body["url"]).status_code == 200


@pytest.mark.parametrize("change", ["signature", "file", "document", "password", "age", "active"])
def test_signed_address_is_of_one_file_one_person_and_some_minutes(
    client: APIClient, document: Document, owner: User, settings: Settings, change: str
) -> None:
    """Anything else in it answers 401."""
    body = attached(client, document, samples.png())
    other = make_document(owner)
    attached(client, other, samples.png())
    url = body["signed_url"]
    assert APIClient().get(url).status_code == 200
    if change == "signature":
        url = url[:-1] + ("A" if url[-1] != "A" else "B")
    elif change == "file":
        url = url.replace(body["id"], "0" * 64)
    elif change == "document":
        url = url.replace(document.id, other.id)
    elif change == "password":
        owner.set_password("another long password")
        owner.save()
    elif change == "active":
        owner.is_active = False
        owner.save()
    else:
        settings.ATTACHMENT_ADDRESS_S = -1
    assert_error(APIClient().get(url), 401, "signature_not_valid")


def test_session_cookie_shows_pictures(client: APIClient, document: Document, owner: User) -> None:
    """As an ``<img>`` of the page asks."""
    body = attached(client, document, samples.png())
    page = APIClient()
    page.force_login(owner)
    assert page.get(body["url"]).status_code == 200
