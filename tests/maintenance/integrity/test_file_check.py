"""Damage to the bytes of files is found, and repaired where the uploaded bytes are sound."""

from collections.abc import Callable
from io import BytesIO

import pytest

from apps.accounts.models import User
from apps.attachments.models import file_rows
from apps.attachments.services import attachment_create
from apps.attachments.storage import files
from apps.attachments.uploads import CLEANED, ORIGINAL, Upload, storage_name
from apps.documents.models import Document
from tests.accounts.factories import make_user
from tests.attachments import samples
from tests.documents.factories import make_document
from tests.maintenance.commands import run

pytestmark = pytest.mark.django_db
Damage = Callable[[str], object]


@pytest.fixture
def document() -> Document:
    """Return an empty document."""
    return make_document(make_user(may_create=True))


@pytest.fixture
def file_id(document: Document) -> str:
    """Return the id of a picture of the document."""
    owner = User.objects.get(pk=document.owner_id)
    upload = Upload(BytesIO(samples.png(500, 400)), "a.png", "image/png")
    return attachment_create(user=owner, document_id=document.id, upload=upload).id


def replaced(part: str, data: bytes) -> Damage:
    """Replace stored bytes."""
    return lambda file_id: files().store(storage_name(file_id, part), BytesIO(data))


def removed(part: str) -> Damage:
    """Delete stored bytes."""
    return lambda file_id: files().remove(storage_name(file_id, part))


def test_sound_files_are_counted(document: Document, file_id: str) -> None:
    """And have no fault."""
    done = run("verify_documents", document.id)
    assert (done.code, done.printed[0]["files"], done.printed[0]["faults"]) == (0, 1, [])


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (removed(CLEANED), "file_missing"),
        (removed("320"), "file_missing"),
        (replaced(CLEANED, b"no picture"), "file_damaged"),
        (replaced("320", b"x"), "file_damaged"),
    ],
)
def test_damaged_picture_is_made_from_the_uploaded_bytes(
    document: Document, file_id: str, damage: Damage, code: str
) -> None:
    """A dry run changes nothing."""
    damage(file_id)
    for _ in range(2):
        found = run("verify_documents", document.id).printed[0]["faults"]
        assert [fault["code"] for fault in found] == [code]
        run("rebuild_document", document.id, "--dry-run")
    assert run("rebuild_document", document.id).code == 0
    assert run("verify_documents", document.id).code == 0


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (removed(ORIGINAL), "file_missing"),
        (replaced(ORIGINAL, b"other bytes"), "file_damaged"),
        (lambda key: file_rows().delete_one({"_id": key}), "file_unknown"),
    ],
)
def test_damage_to_the_uploaded_bytes_is_reported_and_remains(
    document: Document, file_id: str, damage: Damage, code: str
) -> None:
    """Nothing else has them."""
    damage(file_id)
    found = run("verify_documents", document.id)
    assert found.code != 0
    assert [fault["code"] for fault in found.printed[0]["faults"]] == [code]
    assert run("rebuild_document", document.id).code != 0
    found = run("verify_documents", document.id)
    assert [fault["code"] for fault in found.printed[0]["faults"]] == [code]
