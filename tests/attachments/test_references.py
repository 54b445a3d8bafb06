"""References of documents to files: counted in any order, and files of other documents copied."""

from io import BytesIO
from typing import Any

import pytest
from pytest_django import Settings

from apps.accounts.models import PersonUsage, User
from apps.accounts.roles import Role
from apps.attachments import references
from apps.attachments.models import FREEING, attachment_key, attachment_rows
from apps.attachments.references import Reference, references_record
from apps.attachments.selectors import attachments_count
from apps.attachments.services import attachment_copy, attachment_create, attachments_delete
from apps.attachments.uploads import Upload
from apps.documents.models import Document
from tests.accounts.factories import grant, make_user
from tests.attachments import samples
from tests.attachments.test_sweep import LONG_AGO, age
from tests.documents.factories import make_document

pytestmark = pytest.mark.django_db


def attach(owner: User, document: Document) -> str:
    """Attach a picture; return its id."""
    upload = Upload(BytesIO(samples.png()), "a.png", "image/png")
    return attachment_create(user=owner, document_id=document.id, upload=upload).id


def row_of(document: Document, file_id: str) -> dict[str, Any] | None:
    """Return the stored row of a document's file."""
    return attachment_rows().find_one({"_id": attachment_key(document.id, file_id)})


def record(document: Document, file_id: str, *seqs: int, author: User | str) -> None:
    """Count operations that refer to a file."""
    author_id = author if isinstance(author, str) else str(author.pk)
    references_record(Reference(document.id, file_id, seq, author_id) for seq in seqs)


def test_references_are_counted_in_any_order_and_twice(owner: User, document: Document) -> None:
    """The last operation counts, and takes the mark of an unused file away."""
    file_id = attach(owner, document)
    key = {"_id": attachment_key(document.id, file_id)}
    attachment_rows().update_one(key, {"$set": {"unused_at": LONG_AGO}})
    record(document, file_id, 3, 7, 5, author=owner)
    record(document, file_id, 2, author=owner)
    record(document, file_id, 7, author=owner)
    stored = row_of(document, file_id)
    assert stored is not None
    assert (stored["seq"], stored.get("unused_at")) == (7, None)


def test_many_invented_ids_store_nothing(owner: User, document: Document) -> None:
    """Text that looks like ids of files, in one large edit."""
    references_record(
        Reference(document.id, f"{number:064x}", 1, str(owner.pk)) for number in range(1_000)
    )
    assert attachments_count(document_id=document.id) == 0


@pytest.mark.parametrize(
    ("source_role", "target_role", "is_attached"),
    [
        (Role.VIEWER, Role.EDITOR, True),
        (None, Role.EDITOR, False),
        (Role.VIEWER, Role.VIEWER, False),
    ],
    ids=["reads it there", "may not read it there", "may not write here"],
)
def test_picture_of_another_document_is_attached_by_the_rights_of_its_author(
    owner: User,
    document: Document,
    source_role: Role | None,
    target_role: Role,
    is_attached: bool,
) -> None:
    """As if the author had copied it by REST; nobody gets a file by its id alone."""
    author = make_user()
    source, target = document, make_document(owner)
    if source_role is not None:
        grant(author, source_role, source.id)
    grant(author, target_role, target.id)
    file_id = attach(owner, source)
    record(target, file_id, 4, author=author)
    stored = row_of(target, file_id)
    assert (stored is not None) == is_attached
    if stored is not None:
        assert (stored["seq"], stored["author_id"]) == (4, str(author.pk))


@pytest.mark.parametrize("author", ["server", "999999999"])
def test_author_without_an_account_attaches_nothing(
    owner: User, document: Document, author: str
) -> None:
    """And the next references are counted."""
    file_id = attach(owner, document)
    other = make_document(owner)
    record(other, file_id, 1, author=author)
    assert row_of(other, file_id) is None


def test_file_that_is_being_deleted_stops_no_other_reference(
    owner: User, document: Document
) -> None:
    """A sweep died while it deleted the bytes."""
    dying, living = attach(owner, document), attach(owner, document)
    age(dying, state=FREEING)
    other = make_document(owner)
    references_record(Reference(other.id, file_id, 1, str(owner.pk)) for file_id in (dying, living))
    assert (row_of(other, dying), row_of(other, living) is None) == (None, False)


def test_each_author_of_a_reference_is_asked(owner: User, document: Document) -> None:
    """Ada pastes a picture that she may read, and Bob, who may not, moves it in the same moment."""
    other_author = make_user()
    target = make_document(owner)
    grant(other_author, Role.EDITOR, target.id)
    file_id = attach(owner, document)
    references_record(
        Reference(target.id, file_id, seq, str(author.pk))
        for seq, author in ((1, owner), (2, other_author))
    )
    assert row_of(target, file_id) is not None


def test_full_document_is_tried_once(
    owner: User, document: Document, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many files of another document an operation names."""
    files = [attach(owner, document) for _ in range(3)]
    target = make_document(owner)
    tried: list[str] = []

    def copy(**named: Any) -> Any:
        tried.append(named["file_id"])
        return attachment_copy(**named)

    monkeypatch.setattr(references, "attachment_copy", copy)
    settings.ATTACHMENTS_PER_DOCUMENT = 0
    references_record(Reference(target.id, one, 1, str(owner.pk)) for one in files)
    assert len(tried) == 1
    settings.ATTACHMENTS_PER_DOCUMENT = 10
    monkeypatch.setattr(references, "COPIES_MAX", 2)
    references_record(Reference(target.id, one, 1, str(owner.pk)) for one in files)
    assert len([one for one in files if row_of(target, one)]) == 2


def test_files_of_a_deleted_document_count_for_nobody(owner: User, document: Document) -> None:
    """An import that fails would cost the share of its person each time."""
    attach(owner, document)
    assert PersonUsage.objects.get(user=owner).stored_bytes > 0
    attachments_delete(document_id=document.id)
    assert PersonUsage.objects.get(user=owner).stored_bytes == 0
