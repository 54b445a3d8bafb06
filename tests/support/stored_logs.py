"""Documents with a log that was never published to Kafka, as relay, sweep and workers find them."""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

import pytest
from mongoengine.connection import get_db

from apps.core import clock, ids
from apps.documents.models import Document
from apps.oplog.bulk import operations_delete
from apps.oplog.leases import Leases
from apps.oplog.operation import Operation
from apps.oplog.publisher import Headers, Publisher
from apps.oplog.selectors import operations_since
from apps.oplog.services import Append, operations_append
from apps.pipeline.processor import Processor
from apps.pipeline.snapshot_policy import SnapshotPolicy
from tests.support.documents import make_document
from tests.support.operations import Scribe

#: Appends to a document's log.
Store = Callable[[list[Operation]], None]
#: Creates a document with so many operations, received so many seconds ago.
Written = Callable[..., Scribe]


class _DyingPublisher(Publisher):
    """The publisher of a process that dies right after each insert: Kafka gets nothing."""

    def enqueue(self, operations: Iterable[Operation], *, headers: Headers = ()) -> bool:
        """Drop the operations."""
        return True


@pytest.fixture(scope="session")
def store() -> Iterator[Store]:
    """Return a function that appends to a log without publishing."""
    publisher = _DyingPublisher()

    def append(operations: list[Operation]) -> None:
        leases = Leases(ids.new_id())
        request = Append(operations[0].document_id, operations)
        operations_append([request], leases=leases, publisher=publisher)
        leases.release_all()

    yield append
    publisher.close()


@pytest.fixture
def written(store: Store) -> Iterator[Written]:
    """Return a factory of documents with a log; they are removed afterwards, damaged or not."""
    made: list[str] = []

    def write(count: int, *, age_s: float = 0) -> Scribe:
        scribe = Scribe()
        made.append(scribe.document_id)
        at = clock.now() - timedelta(seconds=age_s)
        make_document(scribe.document_id, updated_at=at)
        store(scribe.write_many(count, at=at))
        return scribe

    yield write
    Document.objects(id__in=made).delete()
    for document_id in made:
        operations_delete(document_id=document_id)


@pytest.fixture
def few_documents() -> None:
    """Remove documents of earlier tests, because a task over all of them takes a minute."""
    for name in get_db().list_collection_names():
        get_db()[name].delete_many({})


@pytest.fixture
def versioned(written: Written, store: Store) -> Scribe:
    """Return a document with versions at seq 3 and 6, and two more operations."""
    scribe = written(3)
    work_off(scribe.document_id)
    store(scribe.write_many(3))
    work_off(scribe.document_id)
    store(scribe.write_many(2))
    return scribe


def work_off(document_id: str) -> None:
    """Process all operations that the worker has not processed."""
    processor = Processor(SnapshotPolicy())
    processor.process(operations_since(document_id=document_id, after=0))
    processor.flush_and_clear()
