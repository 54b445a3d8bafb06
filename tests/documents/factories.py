"""Documents for tests."""

from apps.accounts.models import User
from apps.documents.models import Document
from apps.documents.services import document_create
from tests.accounts.factories import make_user


def make_document(owner: User | None = None, *, title: str = "A title") -> Document:
    """Return a document created by ``owner`` (a new user by default)."""
    return document_create(user=owner or make_user(may_create=True), title=title)
