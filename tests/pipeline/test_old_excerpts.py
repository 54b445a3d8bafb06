"""Documents from before excerpts get theirs without an edit."""

import pytest

from apps.documents.excerpts import documents_without_excerpt
from apps.documents.models import Document, document_rows
from apps.oplog.bulk import operations_delete
from apps.pipeline.tasks import add_old_excerpts
from tests.support.stored_logs import Store, Written


def forget(document_id: str) -> None:
    """Leave the row as an earlier release stored it."""
    unset = {"$unset": {"excerpt": "", "excerpt_seq": ""}}
    document_rows().update_one({"_id": document_id}, unset)


@pytest.mark.usefixtures("few_documents")
def test_old_document_gets_its_excerpt_and_a_new_one_keeps_it(
    written: Written, store: Store
) -> None:
    """Once: the next run has nothing to do."""
    old, new = written(2), written(2)
    store([old.write_paragraph("Dear Grace")])
    forget(old.document_id)
    assert documents_without_excerpt(limit=10) == [old.document_id]
    add_old_excerpts()
    row = Document.objects.get(id=old.document_id)
    assert (row.excerpt, row.excerpt_seq) == ("Dear Grace", 3)
    assert Document.objects.get(id=new.document_id).excerpt_seq == 0
    assert documents_without_excerpt(limit=10) == []
    store(old.write_many(1))
    add_old_excerpts()
    assert Document.objects.get(id=old.document_id).excerpt_seq == 3


@pytest.mark.usefixtures("few_documents")
def test_document_that_cannot_be_loaded_holds_no_other_up(written: Written) -> None:
    """It is passed over from then on, and gets its excerpt with its next edit."""
    damaged, old = written(2), written(2)
    for scribe in (damaged, old):
        forget(scribe.document_id)
    operations_delete(document_id=damaged.document_id)
    add_old_excerpts()
    assert documents_without_excerpt(limit=10) == []
    assert Document.objects.get(id=old.document_id).excerpt_seq == 2
    assert Document.objects.get(id=damaged.document_id).excerpt_seq == 0
