"""Uploads and freed files in the trail."""

from io import BytesIO

import pytest

from apps.accounts.models import User
from apps.attachments.models import attachment_key, attachment_rows
from apps.attachments.services import attachment_create
from apps.attachments.uploads import Upload
from apps.documents.models import Document
from apps.maintenance.freeing import files_free
from tests.accounts.factories import make_user
from tests.activity.trail import trail
from tests.attachments import samples
from tests.attachments.test_sweep import LONG_AGO
from tests.documents.factories import make_document

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    """Return a user who may create documents."""
    return make_user(may_create=True)


@pytest.fixture
def document(owner: User) -> Document:
    """Return a document of the owner."""
    return make_document(owner)


def test_upload_and_its_end_are_recorded_once(owner: User, document: Document) -> None:
    """The same file again is no event; retention has no name."""
    data = samples.png()
    for _ in range(2):
        upload = Upload(BytesIO(data), "a.png", "image/png")
        file_id = attachment_create(user=owner, document_id=document.id, upload=upload).id
    detail = {"file": file_id, "name": "a.png", "size": len(data)}
    assert trail(document.id)[-1] == ("attached", owner.username, detail)
    assert len(trail(document.id)) == 2
    key = {"_id": attachment_key(document.id, file_id)}
    attachment_rows().update_one(key, {"$set": {"unused_at": LONG_AGO}})
    files_free(document_id=document.id, apply=True)
    assert trail(document.id)[-1] == ("freed", "", detail)
    assert len(trail(document.id)) == 3
