"""A process that frees a file is killed between two steps: the next run continues."""

import signal
from io import BytesIO

import pytest

from apps.accounts.models import User
from apps.attachments.models import attachment_key, attachment_rows
from apps.attachments.services import attachment_create
from apps.attachments.sweep import orphans_delete
from apps.attachments.uploads import Upload
from apps.core.failpoints import FREE_POINTS
from apps.documents.models import Document
from tests.accounts.factories import make_user
from tests.attachments import samples
from tests.attachments.test_sweep import LONG_AGO, age, has_bytes
from tests.core.processes import run_python
from tests.documents.factories import make_document
from tests.maintenance.commands import run

pytestmark = pytest.mark.django_db


def unused_file(user: User, document: Document) -> str:
    """Attach a file that nothing has needed for long."""
    upload = Upload(BytesIO(samples.png()), "a.png", "image/png")
    file_id = attachment_create(user=user, document_id=document.id, upload=upload).id
    attachment_rows().update_one(
        {"_id": attachment_key(document.id, file_id)}, {"$set": {"unused_at": LONG_AGO}}
    )
    age(file_id)
    return file_id


@pytest.mark.parametrize("point", FREE_POINTS)
def test_killed_freeing_is_continued_and_the_bytes_stay_a_day(point: str) -> None:
    """The document has the file with its bytes, or it does not have the file."""
    user = make_user(may_create=True)
    document = make_document(user)
    file_id = unused_file(user, document)
    done = run_python(
        "manage.py",
        "retention",
        "--document",
        document.id,
        "--apply",
        FAILPOINT=f"{point}:1",
    )
    assert f"failpoint {point}" in done.stderr, done.stderr
    assert done.returncode == -signal.SIGKILL
    is_attached = attachment_rows().find_one({"file_id": file_id}) is not None
    assert is_attached == (point != "after_detached")
    assert has_bytes(file_id)
    assert run("verify_documents", document.id).code == 0
    freed = run("retention", "--document", document.id, "--apply").printed[0]["files"]
    assert [one["id"] for one in freed] == ([file_id] if is_attached else [])
    orphans_delete()
    assert has_bytes(file_id)
    orphans_delete(older_than_s=-1)
    assert not has_bytes(file_id)
    assert run("retention", "--document", document.id, "--apply").printed[0]["files"] == []
