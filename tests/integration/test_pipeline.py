"""From Kafka to the snapshot: the worker's part (docs/system-flow.md, §5)."""

import json
import signal
from collections.abc import Callable
from typing import Any

import pycrdt
import pytest
import redis
from confluent_kafka import Producer

from apps.core import clock
from apps.history.snapshot import Snapshot
from apps.oplog.operation import Operation
from apps.oplog.publisher import headers_of
from tests.integration.conftest import Enter, pipeline_status, until_processed
from tests.support.eventually import eventually
from tests.support.launcher import Launched

Log = Callable[[], list[dict[str, Any]]]


async def test_edits_reach_last_processed_version_snapshot_and_redis(
    enter: Enter, document_id: str, stack: Launched
) -> None:
    """After an edit: lag 0; after a pause in writing: a stored snapshot, cached in Redis."""
    ada = await enter("ada", document_id, native=True)
    for number in range(5):
        await ada.until_ack(await ada.append(f"{number} "))
    until_processed(stack, document_id, 5)
    snapshot = eventually(lambda: _cached(stack, document_id, 5), 60)
    assert snapshot is not None
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(snapshot.state)
    assert str(doc.get("content", type=pycrdt.Text)) == "0 1 2 3 4 "
    row = pipeline_status(stack, document_id)
    assert (row["head"], row["lag"], row["snapshot"]) == (5, 0, 5)


def _cached(stack: Launched, document_id: str, seq: int) -> Snapshot | None:
    """Return the cached snapshot of the document, if it has reached ``seq``."""
    with redis.Redis.from_url(stack.settings()["REDIS_URL"]) as client:
        packed = client.get(f"scriptorium:snapshot:{{{document_id}}}")
    snapshot = Snapshot.decode(packed) if isinstance(packed, bytes) else None
    return snapshot if snapshot is not None and snapshot.seq >= seq else None


async def test_killed_worker_continues_where_it_was(
    enter: Enter, document_id: str, stack: Launched
) -> None:
    """SIGKILL while it works: it is restarted, and everything is processed once."""
    ada = await enter("ada", document_id, native=True)
    await ada.until_ack(await ada.insert(0, "a"))
    old = stack.kill("worker", signal.SIGKILL)
    await ada.until_ack(await ada.append("b"))
    stack.wait_for_another("worker", old)
    await ada.until_ack(await ada.append("c"))
    until_processed(stack, document_id, 3)


async def test_pipeline_status_sum_adds_up_all_documents(
    enter: Enter, document_id: str, stack: Launched
) -> None:
    """Other tests leave documents that wait for an operator: their lag is in the sum as well."""
    ada = await enter("ada", document_id, native=True)
    await ada.until_ack(await ada.insert(0, "a"))
    until_processed(stack, document_id, 1)
    *rows, sums = map(json.loads, stack.manage("pipeline_status", "--json").splitlines())
    assert {row["document_id"]: row["lag"] for row in rows}[document_id] == 0
    assert sums == {
        "documents": len(rows),
        "operations": sum(row["head"] for row in rows),
        "unpublished": sum(row["head"] - row["published"] for row in rows),
        "lag": sum(row["lag"] for row in rows),
    }
    (only,) = stack.manage("pipeline_status", "--sum", "--json").splitlines()
    assert json.loads(only)["documents"] >= len(rows)


@pytest.mark.parametrize("signature", [None, b"x" * 32], ids=["no signature", "a wrong signature"])
async def test_forged_message_changes_nothing_that_a_reader_sees(
    signature: bytes | None, enter: Enter, document_id: str, stack: Launched
) -> None:
    """A forger with access to Kafka publishes other text under Ada's next seq and clocks."""
    ada = await enter("ada", document_id, native=True)
    await ada.until_ack(await ada.append("Ada's words. "))
    until_processed(stack, document_id, 1)
    forger: pycrdt.Doc[Any] = pycrdt.Doc(client_id=ada.doc.client_id)
    forger.apply_update(ada.doc.get_update())
    before = forger.get_state()
    forger.get("content", type=pycrdt.Text).insert(0, "FORGED")
    forged = Operation(
        document_id=document_id,
        seq=2,
        unique_id="forged",
        author_id="no number",
        received_at=clock.now(),
        version_vector=forger.get_state(),
        update=forger.get_update(before),
    )
    headers = [(name, value) for name, value in headers_of(forged) if name != "signature"]
    if signature is not None:
        headers.append(("signature", signature))
    address = stack.settings()["KAFKA_BOOTSTRAP_SERVERS"]
    producer = Producer({"bootstrap.servers": address})
    producer.produce("crdt-operations", forged.update, document_id, headers=headers)
    producer.produce("crdt-operations", forged.update, "no document", headers=headers)
    assert producer.flush(30) == 0
    await ada.until_ack(await ada.append("More of them."))
    until_processed(stack, document_id, 2)
    snapshot = eventually(lambda: _cached(stack, document_id, 2), 60)
    assert snapshot is not None
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(snapshot.state)
    assert str(doc.get("content", type=pycrdt.Text)) == "Ada's words. More of them."
    [latest, *_] = stack.call("ada", "GET", f"documents/{document_id}/versions/").json()["results"]
    assert [author["username"] for author in latest["authors"]] == ["ada"]
