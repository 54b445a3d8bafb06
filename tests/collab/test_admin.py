"""Documents in the administration: what the list shows, to whom, and the end of sessions."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission as ModelRight
from django.test import Client
from redis.exceptions import RedisError

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.activity.models import Activity
from apps.collab import admin as documents_admin
from apps.collab.session_register import register_put
from apps.core import ids
from apps.documents.models import Document
from apps.documents.services import document_trash
from tests.accounts.factories import grant, make_user
from tests.documents.factories import make_document
from tests.support.commands import asked

pytestmark = pytest.mark.django_db

PAGE = "/admin/documents/"


@pytest.fixture
def owner() -> User:
    """Return an owner of documents, with a name."""
    return make_user(may_create=True, first_name="Olive", last_name="Owner")


@pytest.fixture
def document(owner: User) -> Document:
    """Return a document with a title of its own."""
    return make_document(owner, title=f"Plan <b> {ids.new_id()}")


@pytest.fixture
def server() -> Iterator[str]:
    """Return the name of a web server, whose sessions end with the test."""
    name = ids.new_id()
    yield name
    register_put(name, {})


def browser(*rights: str, **flags: Any) -> Client:
    """Return the browser of a person of the staff with these rights."""
    user = make_user(is_staff=True, **flags)
    user.user_permissions.set(
        ModelRight.objects.filter(codename__in=rights, content_type__app_label="accounts")
    )
    client = Client()
    client.force_login(user)
    return client


def shown(client: Client, query: str) -> str:
    """Return the list of documents."""
    response = client.get(f"{PAGE}{query}")
    assert response.status_code == 200
    return str(response.content.decode())


def test_list_shows_title_owner_and_who_is_there(document: Document, server: str) -> None:
    """Titles are text, people have their names; who has a role alone is not there."""
    writer, absent = make_user(first_name="Wanda"), make_user(first_name="Absalom")
    grant(absent, Role.EDITOR, document.id)
    register_put(server, {document.id: [str(writer.pk), "123456789"]})
    client = browser("view_permission")
    for query in ("", "?show=open", f"?q={document.title[-36:]}"):
        page = shown(client, query)
        assert document.title.replace("<b>", "&lt;b&gt;") in page
        assert '"Owner">Olive Owner</td>' in page
        assert '"There now">Wanda</td>' in page
        assert "Absalom" not in page
    register_put(server, {})
    assert document.id not in shown(client, "?show=open")


def test_list_has_the_trash_apart_and_goes_page_by_page(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each document once; a cursor that was made up leads to the beginning."""
    monkeypatch.setattr(documents_admin, "PAGE_SIZE", 2)
    word = ids.new_id()
    made = [make_document(owner, title=f"{word} {number}") for number in range(4)]
    document_trash(user=owner, document_id=made[0].id)
    client = browser("view_permission")
    first = shown(client, f"?q={word}")
    assert [document.id in first for document in made] == [False, False, True, True]
    [link] = [line for line in first.splitlines() if "More documents" in line]
    query = link.split('href="')[1].split('"')[0].replace("&amp;", "&")
    second = shown(client, query)
    assert [document.id in second for document in made] == [False, True, False, False]
    assert "More documents" not in second
    trash = shown(client, f"?q={word}&show=trash")
    assert [document.id in trash for document in made] == [True, False, False, False]
    assert made[3].id in shown(client, f"?q={word}&cursor=made-up")


def test_list_costs_as_many_queries_for_many_documents(owner: User, server: str) -> None:
    """Owners and people are read at once."""
    client, word, counts = browser("view_permission"), ids.new_id(), []
    for _ in range(2):
        documents = [make_document(owner, title=word) for _ in range(5)]
        register_put(server, {one.id: [str(make_user().pk)] for one in documents})
        with asked() as found:
            shown(client, f"?q={word}")
        counts.append(found.counts)
    assert counts[0] == counts[1]


def test_sessions_of_a_document_without_known_people_can_be_closed(document: Document) -> None:
    """The register is late and bounded: an empty cell does not mean that nobody is there."""
    page = shown(browser("change_permission"), f"?q={document.title[-36:]}")
    assert f"{PAGE}{document.id}/close-sessions/" in page
    page = shown(browser("view_permission"), f"?q={document.title[-36:]}")
    assert "close-sessions" not in page


def test_list_of_open_documents_says_how_many_it_lacks(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other lists lack none."""
    monkeypatch.setattr(documents_admin, "OPEN_MAX", 2)
    people = {make_document(owner).id: {owner.pk} for _ in range(3)}
    monkeypatch.setattr(documents_admin, "people_by_document", lambda: people)
    client = browser("view_permission")
    assert "1 more document is open" in shown(client, "?show=open")
    assert "open than this list has" not in shown(client, "")
    people.popitem()
    assert "open than this list has" not in shown(client, "?show=open")


def test_list_without_redis_says_so(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    """The documents are there, their sessions can be closed, and no list claims to be empty."""

    def fail() -> None:
        raise RedisError("away")

    monkeypatch.setattr(documents_admin, "people_by_document", fail)
    page = shown(browser("change_permission"), f"?q={document.title[-36:]}")
    assert document.id in page
    assert "Redis does not answer" in page
    assert f"{PAGE}{document.id}/close-sessions/" in page
    page = shown(browser("change_permission"), "?show=open")
    assert "Redis does not answer" in page
    assert "Nobody has a document open" not in page
    address = f"{PAGE}{document.id}/close-sessions/"
    assert "are not known" in browser("change_permission").get(address).content.decode()


@pytest.mark.parametrize(
    ("rights", "sees", "closes"),
    [
        ([], False, False),
        (["view_user", "change_user"], False, False),
        (["view_permission"], True, False),
        (["change_permission"], True, True),
    ],
)
def test_pages_ask_for_rights_of_the_administration(
    document: Document, rights: list[str], sees: bool, closes: bool
) -> None:
    """The entry of the index too; nothing is closed by who may only look."""
    client = browser(*rights)
    address = f"{PAGE}{document.id}/close-sessions/"
    assert client.get(PAGE).status_code == (200 if sees else 403)
    assert client.get(address).status_code == (200 if closes else 403)
    assert client.post(address).status_code == (302 if closes else 403)
    assert (f'href="{PAGE}"' in client.get("/admin/").content.decode()) is sees
    recorded = Activity.objects.filter(document_id=document.id, kind="sessions_closed")
    assert recorded.count() == closes


def test_pages_are_closed_to_people_outside_the_staff(owner: User, document: Document) -> None:
    """Owning the document opens nothing."""
    client = Client()
    client.force_login(owner)
    for address in (PAGE, f"{PAGE}{document.id}/close-sessions/"):
        for response in (client.get(address), client.post(address)):
            assert response.status_code == 302
            assert response.headers["Location"].startswith("/admin/login/")


def test_sessions_are_closed_by_post_alone_and_recorded(document: Document) -> None:
    """With the name of the administrator; looking at the question closes nothing."""
    client = browser(is_superuser=True)
    address = f"{PAGE}{document.id}/close-sessions/"
    page = client.get(address).content.decode()
    assert "Nobody is there now." in page
    recorded = Activity.objects.filter(document_id=document.id, kind="sessions_closed")
    assert not recorded.exists()
    answer = client.post(address, follow=True)
    assert answer.redirect_chain == [(PAGE, 302)]
    assert "are closed." in answer.content.decode()
    assert [row.username for row in recorded] == [answer.context["user"].username]
    assert client.get(f"{PAGE}{ids.new_id()}/close-sessions/").status_code == 404
    assert client.post(f"{PAGE}nothing/close-sessions/").status_code == 404
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(answer.context["user"])
    assert strict.post(address).status_code == 403


def test_rights_and_activity_are_found_by_the_title(owner: User, document: Document) -> None:
    """Beside names and ids; in the trash too."""
    document_trash(user=owner, document_id=document.id)
    other = make_document(owner, title="Another")
    client = browser(is_superuser=True)
    word = document.title[-36:]
    for address in ("accounts/permission", "activity/activity"):
        page = client.get(f"/admin/{address}/?q={word}").content.decode()
        assert f"/documents/{document.id}/" in page
        assert f"/documents/{other.id}/" not in page
        by_name = client.get(f"/admin/{address}/?q={owner.username}").content.decode()
        assert f"/documents/{other.id}/" in by_name
