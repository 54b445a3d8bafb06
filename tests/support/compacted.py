"""A document in a running Scriptorium with a log compacted by its own worker and command."""

from datetime import timedelta
from typing import Any

import pymongo

from apps.core import base64, clock
from apps.core.mongo_datetime import datetime_text
from apps.oplog.operation import Operation
from tests.support.eventually import eventually
from tests.support.launcher import Launched
from tests.support.operations import Scribe
from tests.support.stored import stored

#: Number of old operations; fewer are not compacted.
OLD = 1_000
_WAIT_S = 60


def compacted_document(stack: Launched) -> tuple[str, list[Operation]]:
    """Return a document of ``ada`` with a log compacted after ``OLD`` operations, and all of them.

    The old ones are written directly to the database, because the product would not accept old
    dates. The worker's sweep finds them and stores a version; a fresh edit comes by REST.
    """
    document_id = stack.create_document("ada")
    author_id = str(stack.call("ada", "GET", "users/me/").json()["id"])
    scribe = Scribe(document_id, author_id=author_id)
    operations = scribe.write_many(OLD, at=clock.now() - timedelta(days=100))
    _insert(stack, operations)
    with stored(stack, document_id) as store:
        eventually(lambda: OLD in {version["seq"] for version in store.versions()}, _WAIT_S)
        fresh = scribe.write("fresh")
        assert submit(stack, fresh).status_code == 201
        eventually(lambda: store.published() == store.processed() == OLD + 1, _WAIT_S)
    path = f"documents/{document_id}/history-settings/"
    assert stack.call("ada", "PATCH", path, json={"compact_after_days": 30}).status_code == 200
    stack.manage("retention", "--document", document_id, "--apply")
    return document_id, [*operations, fresh]


def submit(stack: Launched, operation: Operation) -> Any:
    """Send an operation by REST; return the answer."""
    body = {"unique_id": operation.unique_id, "update": base64.encode(operation.update)}
    path = f"documents/{operation.document_id}/operations/"
    return stack.call("ada", "POST", path, json=body)


def _insert(stack: Launched, operations: list[Operation]) -> None:
    last = operations[-1]
    head = {
        "seq": last.seq,
        "version_vector": last.version_vector,
        "updated_at": datetime_text(clock.now() - timedelta(minutes=1)),
        "unpublished": True,
    }
    with pymongo.MongoClient[dict[str, Any]](stack.settings()["MONGODB_URL"]) as mongo:
        database = mongo.get_default_database()
        database.crdt_operations.insert_many([operation.to_row() for operation in operations])
        database.documents.update_one({"_id": last.document_id}, {"$set": head})
