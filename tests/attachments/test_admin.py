"""Files in the administration: what the lists show, and to whom."""

from io import BytesIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission as ModelRight
from django.test import Client

from apps.accounts.models import User
from apps.attachments import admin as files_admin
from apps.attachments.models import attachment_key, attachment_rows, file_rows
from apps.attachments.services import attachment_copy, attachment_create
from apps.attachments.uploads import Upload
from apps.core import ids
from apps.documents.models import Document
from tests.accounts.factories import make_user
from tests.attachments import samples
from tests.attachments.test_sweep import LONG_AGO
from tests.documents.factories import make_document

pytestmark = pytest.mark.django_db

PAGE = "/admin/files/"


@pytest.fixture
def owner() -> User:
    """Return an owner of documents, with a name."""
    return make_user(may_create=True, first_name="Olive", last_name=ids.new_id()[:8])


@pytest.fixture
def document(owner: User) -> Document:
    """Return a document with a title of its own."""
    return make_document(owner, title=f"Plan <b> {ids.new_id()}")


def browser(*rights: str, **flags: Any) -> Client:
    """Return the browser of a person of the staff with these rights."""
    user = make_user(is_staff=True, **flags)
    user.user_permissions.set(
        ModelRight.objects.filter(codename__in=rights, content_type__app_label="accounts")
    )
    client = Client()
    client.force_login(user)
    return client


def attach(owner: User, document: Document, name: str = "a.png") -> str:
    """Attach a picture; return its id."""
    upload = Upload(BytesIO(samples.png()), name, "image/png")
    return attachment_create(user=owner, document_id=document.id, upload=upload).id


def change(document: Document, file_id: str, **values: Any) -> None:
    """Change the row of a document's file."""
    key = {"_id": attachment_key(document.id, file_id)}
    attachment_rows().update_one(key, {"$set": values})


def shown(address: str) -> str:
    """Return a page."""
    response = browser("view_permission").get(address)
    assert response.status_code == 200
    return str(response.content.decode())


def test_list_shows_document_type_person_and_state(owner: User, document: Document) -> None:
    """Names are text; a new file is neither used nor unused."""
    attach(owner, document, "new.png")
    used, unused = attach(owner, document, "used.png"), attach(owner, document, "unused.png")
    change(document, used, seq=3)
    change(document, unused, unused_at=LONG_AGO)
    for address in (PAGE, f"{PAGE}?document={document.id}"):
        page = shown(address)
        assert document.title.replace("<b>", "&lt;b&gt;") in page
        assert f'"Uploaded by">{owner.display_name}</td>' in page
        rows = {part.split("</th>")[0]: part for part in page.split('<th scope="row">')[1:]}
        assert "image/png" in rows["new.png"]
        assert '"State">new</td>' in rows["new.png"]
        assert '"State">in use</td>' in rows["used.png"]
        assert '"State">unused, stays until 31 Jan 2020</td>' in rows["unused.png"]
    page = shown(f"{PAGE}?document={document.id}&show=unused")
    assert "unused.png" in page
    assert ">used.png<" not in page
    assert "unused, and wait" in page


def test_list_goes_page_by_page(
    owner: User, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file once; a page that was made up is the first one."""
    monkeypatch.setattr(files_admin, "PAGE_SIZE", 2)
    for number in range(3):
        attach(owner, document, f"file-{number}.png")
    first = shown(f"{PAGE}?document={document.id}")
    assert [f"file-{number}.png" in first for number in range(3)] == [False, True, True]
    second = shown(f"{PAGE}?document={document.id}&amp;page=1".replace("&amp;", "&"))
    assert [f"file-{number}.png" in second for number in range(3)] == [True, False, False]
    assert f"document={document.id}&amp;page=1" in first
    assert "More files" not in second
    for made_up in ("-1", "x", "9" * 400, "²"):
        assert "file-2.png" in shown(f"{PAGE}?document={document.id}&page={made_up}")


def test_people_have_the_bytes_of_their_uploads(owner: User, document: Document) -> None:
    """A copy counts for nobody, and the sum has each content once."""
    other = make_user(may_create=True, first_name="Other")
    file_id = attach(owner, document)
    size = file_rows().find_one({"_id": file_id})["size"]  # type: ignore[index]
    copy = make_document(owner)
    attachment_copy(user=owner, document_id=copy.id, source_id=document.id, file_id=file_id)
    page = shown(f"{PAGE}people/")
    row = page.split(f"{owner.display_name}</th>")[1].split("</tr>")[0]
    assert '"Files">1</td>' in row
    assert f'"Size">{size} bytes</td>' in row
    assert other.display_name not in page
    count = file_rows().count_documents({"state": "stored"})
    assert f"in {count} file" in page


@pytest.mark.parametrize(
    ("rights", "sees"),
    [
        ([], False),
        (["view_user"], False),
        (["view_permission"], True),
        (["change_permission"], True),
    ],
)
def test_pages_ask_for_rights_of_the_administration(rights: list[str], sees: bool) -> None:
    """As the list of documents, which links to them."""
    client = browser(*rights)
    for address in (PAGE, f"{PAGE}people/"):
        assert client.get(address).status_code == (200 if sees else 403)
    outside = Client()
    outside.force_login(make_user())
    assert outside.get(PAGE).status_code == 302


def test_list_of_documents_links_to_their_files(document: Document) -> None:
    """For everybody who sees it."""
    page = shown(f"/admin/documents/?q={document.title[-36:]}")
    assert f'href="{PAGE}?document={document.id}"' in page
