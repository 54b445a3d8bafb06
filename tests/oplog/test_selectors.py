"""Reading the log."""

from datetime import UTC, datetime

from apps.oplog.bulk import operations_write
from apps.oplog.selectors import operation_received_at
from tests.support.operations import Scribe


def test_time_of_an_operation_is_that_of_the_log() -> None:
    """None for an operation that is not there, and for another document's."""
    scribe = Scribe()
    at = datetime(2026, 11, 24, 3, 13, 0, 7_000, tzinfo=UTC)
    list(operations_write([scribe.write("a"), scribe.write("b", at=at)]))
    assert operation_received_at(document_id=scribe.document_id, seq=2) == at
    assert operation_received_at(document_id=scribe.document_id, seq=3) is None
    assert operation_received_at(document_id=Scribe().document_id, seq=2) is None
