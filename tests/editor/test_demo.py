"""The demo data: created once, and then not changed."""

from collections.abc import Iterator

import pycrdt
import pytest

from apps.accounts.models import User
from apps.crdt.engine.text import document_text
from apps.documents.models import Document
from apps.documents.services import document_rename, document_trash
from apps.editor.demo import WELCOME_TITLE, demo_seed
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
    assert document_text(doc).startswith("Welcome to Scriptorium\n")
    assert operation.author_id == str(User.objects.get(username="ada").pk)


def test_seed_twice_changes_nothing_that_people_changed() -> None:
    """No second content or document, also if the document is in the trash."""
    demo = demo_seed()
    ada = User.objects.get(username="ada")
    document_rename(user=ada, document_id=demo.document_id, title="Ours")
    document_trash(user=ada, document_id=demo.document_id)
    assert demo_seed() == demo
    assert len(operations_since(document_id=demo.document_id, after=0)) == 1
