"""The demo data: created once, and then not changed."""

import json
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pycrdt
import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.crdt.engine.text import document_text
from apps.documents.models import Document
from apps.documents.services import document_rename, document_trash
from apps.editor.demo import DEMO_PASSWORD, WELCOME_TITLE, demo_seed
from apps.editor.templatetags.demo import USERNAMES
from apps.oplog.models import operation_rows
from apps.oplog.selectors import operations_since

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def demo_removed() -> Iterator[None]:
    """Delete the document: its id is always the same, and MongoDB does not roll back."""
    yield
    for document in Document.objects(title__in=[WELCOME_TITLE, "Ours"]):
        operation_rows().delete_many({"document_id": document.id})
        document.delete()


def test_seed_writes_the_welcome_document_as_its_first_operation() -> None:
    """In the log like any other edit, with ada as its author."""
    demo = demo_seed()
    (operation,) = operations_since(document_id=demo.document_id, after=0)
    doc: pycrdt.Doc[pycrdt.XmlFragment] = pycrdt.Doc()
    doc.apply_update(operation.update)
    assert document_text(doc).startswith("This document is shared: ")
    assert operation.author_id == str(User.objects.get(username="ada").pk)


def test_seed_twice_changes_nothing_that_people_changed() -> None:
    """No second content or document, also if the document is in the trash."""
    demo = demo_seed()
    ada = User.objects.get(username="ada")
    document_rename(user=ada, document_id=demo.document_id, title="Ours")
    document_trash(user=ada, document_id=demo.document_id)
    assert demo_seed() == demo
    assert len(operations_since(document_id=demo.document_id, after=0)) == 1


def test_known_passwords_become_random_where_others_reach_the_product(
    settings: Settings, tmp_path: Path, client: Client
) -> None:
    """Also those of an earlier start on loopback. A password of a person's own stays."""
    demo_seed()
    grace = User.objects.get(username="grace")
    grace.set_password("a password of my own")
    grace.save()
    settings.DEMO_PASSWORD_KNOWN = False
    file = tmp_path / "passwords.json"
    out = StringIO()
    call_command("seed_demo", "--passwords-file", str(file), stdout=out)
    passwords = json.loads(file.read_text())
    assert set(passwords) == {"admin", "ada", "alan"}
    assert file.stat().st_mode & 0o777 == 0o600
    for username, password in passwords.items():
        user = User.objects.get(username=username)
        assert not user.check_password(DEMO_PASSWORD)
        assert user.check_password(password)
        assert password not in out.getvalue()
    assert User.objects.get(username="grace").check_password("a password of my own")
    page = client.get("/login/").content.decode()
    assert "demo-heading" not in page


@pytest.mark.parametrize("username", USERNAMES)
def test_button_of_the_login_page_logs_a_demo_user_in(client: Client, username: str) -> None:
    """By the fields of its form, with nothing typed."""
    demo_seed()
    page = client.get("/login/").content.decode()
    form = page[page.index('class="demo-users"') :]
    assert f'name="username" value="{username}"' in form
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w*)"', form))
    answer = client.post("/login/", {**fields, "username": username})
    assert answer.status_code == 302, answer.content
    assert client.session["_auth_user_id"] == str(User.objects.get(username=username).pk)


def test_random_passwords_are_set_once(settings: Settings, tmp_path: Path) -> None:
    """The next start prints none, and everybody keeps theirs."""
    settings.DEMO_PASSWORD_KNOWN = False
    file = tmp_path / "passwords.json"
    call_command("seed_demo", "--passwords-file", str(file))
    file.unlink()
    call_command("seed_demo", "--passwords-file", str(file))
    assert not file.exists()
