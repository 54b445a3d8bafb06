"""The sweep of files that no document has, and what it must never delete."""

import hashlib
from io import BytesIO
from typing import Any

import pytest

from apps.accounts.models import User
from apps.attachments import sweep
from apps.attachments.models import FREEING, STORING, attachment_rows, file_rows
from apps.attachments.services import FileBeingDeletedError, attachment_copy, attachment_create
from apps.attachments.storage import files
from apps.attachments.uploads import ORIGINAL, Upload, storage_name
from apps.core import clock
from apps.core.mongo_datetime import datetime_text
from apps.documents.models import Document
from tests.attachments import samples
from tests.documents.factories import make_document

pytestmark = pytest.mark.django_db

LONG_AGO = "20200101T000000.000Z"


def attach(owner: User, document: Document, data: bytes) -> str:
    """Attach a picture; return its id."""
    upload = Upload(BytesIO(data), "a.png", "image/png")
    return attachment_create(user=owner, document_id=document.id, upload=upload).id


def age(file_id: str, **values: Any) -> None:
    """Let a file be as old as the sweep wants it."""
    file_rows().update_one({"_id": file_id}, {"$set": {"touched_at": LONG_AGO, **values}})


def has_bytes(file_id: str) -> bool:
    """Return whether the storage has the uploaded bytes."""
    try:
        files().open_at(storage_name(file_id, ORIGINAL), 0).close()
    except FileNotFoundError:
        return False
    return True


def test_file_of_a_document_stays_however_old_it_is(owner: User, document: Document) -> None:
    """Whatever the document shows now."""
    file_id = attach(owner, document, samples.png())
    age(file_id)
    sweep.orphans_delete()
    assert has_bytes(file_id)
    assert file_rows().find_one({"_id": file_id}) is not None


def test_file_of_no_document_goes_after_a_day(owner: User, document: Document) -> None:
    """Its bytes, its smaller sizes and its row; and it can be attached again."""
    data = samples.png(700, 20)
    file_id = attach(owner, document, data)
    attachment_rows().delete_many({"document_id": document.id})
    sweep.orphans_delete()
    assert has_bytes(file_id)
    age(file_id)
    assert sweep.orphans_delete() >= 1
    assert not has_bytes(file_id)
    with pytest.raises(FileNotFoundError):
        files().open_at(storage_name(file_id, "320"), 0)
    assert file_rows().find_one({"_id": file_id}) is None
    assert attach(owner, document, data) == file_id
    assert has_bytes(file_id)


def test_file_of_another_document_stays(owner: User, document: Document) -> None:
    """Each document that has it counts."""
    file_id = attach(owner, document, samples.png())
    other = make_document(owner)
    attachment_copy(user=owner, document_id=other.id, source_id=document.id, file_id=file_id)
    attachment_rows().delete_many({"document_id": document.id})
    age(file_id)
    sweep.orphans_delete()
    assert has_bytes(file_id)


def test_upload_that_died_before_its_row_goes(owner: User, document: Document) -> None:
    """Bytes in the storage, and a row that says they are being stored."""
    data = b"half an upload"
    file_id = hashlib.sha256(data).hexdigest()
    files().store(storage_name(file_id, ORIGINAL), BytesIO(data))
    file_rows().insert_one({"_id": file_id, "state": STORING, "touched_at": LONG_AGO})
    sweep.orphans_delete()
    assert not has_bytes(file_id)


def test_upload_at_the_moment_of_the_sweep_wins(
    owner: User, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It touches the file after the sweep has seen it, and before the sweep marks it."""
    data = samples.png()
    file_id = attach(owner, document, data)
    attachment_rows().delete_many({"document_id": document.id})
    age(file_id)
    used = sweep._used

    def attach_then_look(ids: list[str]) -> set[str]:
        found = used(ids)
        if file_id in ids and len(ids) >= 1 and file_id not in found:
            attach(owner, document, data)
        return found

    monkeypatch.setattr(sweep, "_used", attach_then_look)
    sweep.orphans_delete()
    assert has_bytes(file_id)
    assert attachment_rows().count_documents({"document_id": document.id}) == 1


def test_file_attached_after_the_mark_is_taken_back(
    owner: User, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a process that stood still between its row of the file and that of the document."""
    file_id = attach(owner, document, samples.png())
    row = attachment_rows().find_one({"document_id": document.id})
    assert row is not None
    attachment_rows().delete_many({"document_id": document.id})
    age(file_id)
    used = sweep._used

    def late(ids: list[str]) -> set[str]:
        if ids == [file_id]:
            attachment_rows().insert_one(row)
        return used(ids)

    monkeypatch.setattr(sweep, "_used", late)
    monkeypatch.setattr(sweep, "CHUNK_FILES", 10_000)
    other = attach(owner, make_document(owner), samples.png())
    attachment_rows().delete_many({"file_id": other})
    age(other)  # the first look is at two files, so that only the second is at this one
    sweep.orphans_delete()
    assert has_bytes(file_id)
    stored = file_rows().find_one({"_id": file_id})
    assert stored is not None
    assert stored["state"] == "stored"


def test_upload_while_bytes_are_deleted_is_to_be_tried_again(
    owner: User, document: Document
) -> None:
    """And a sweep that died meanwhile is continued by the next one."""
    data = samples.png()
    file_id = attach(owner, document, data)
    attachment_rows().delete_many({"document_id": document.id})
    age(file_id, state=FREEING)
    with pytest.raises(FileBeingDeletedError):
        attach(owner, document, data)
    sweep.orphans_delete()  # the attempt does not delay it
    assert not has_bytes(file_id)
    assert attach(owner, document, data) == file_id


def test_touch_keeps_a_file_for_a_day(owner: User, document: Document) -> None:
    """From the last upload on."""
    file_id = attach(owner, document, samples.png())
    row = file_rows().find_one({"_id": file_id})
    assert row is not None
    assert row["touched_at"] >= datetime_text(clock.now())[:8]
