"""The command ``pipeline_status``."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from apps.core import ids
from apps.oplog.selectors import operations_since
from apps.pipeline.processor import Processor
from apps.pipeline.snapshot_policy import SnapshotPolicy
from tests.support.stored_logs import Store, Written


def status(*words: str) -> str:
    """Return what the command prints."""
    printed = io.StringIO()
    call_command("pipeline_status", *words, stdout=printed)
    return printed.getvalue()


def test_status_has_the_seq_of_each_stage(written: Written, store: Store) -> None:
    """Head, published, processed, lag and snapshot of one document."""
    scribe = written(3)
    processor = Processor(SnapshotPolicy())
    processor.process(operations_since(document_id=scribe.document_id, after=0))
    processor.flush_and_clear()
    store(scribe.write_many(2))
    row, sums = map(json.loads, status(scribe.document_id, "--json").splitlines())
    assert row == {
        "document_id": scribe.document_id,
        "title": "T",
        "head": 5,
        "published": 0,
        "processed": 3,
        "snapshot": 3,
        "lag": 2,
    }
    assert sums == {"documents": 1, "operations": 5, "unpublished": 5, "lag": 2}


def test_status_as_a_table_has_a_row_and_a_sum(written: Written) -> None:
    """With ``--sum`` only the sum."""
    scribe = written(1)
    head, row, sums = status(scribe.document_id).splitlines()
    assert head.split() == [
        "document", "head", "published", "processed", "lag", "snapshot", "title",
    ]  # fmt: skip
    assert row.split() == [scribe.document_id, "1", "0", "0", "1", "0", "T"]
    assert sums == "1 documents, 1 operations, 1 unpublished, lag 1"
    assert len(status("--sum").splitlines()) == 2


@pytest.mark.parametrize("word", ["x", ids.new_id()], ids=["no id", "no document"])
def test_status_of_an_unknown_document_is_an_error(word: str) -> None:
    """With a message, without a traceback."""
    with pytest.raises(CommandError, match=word):
        status(word)
