"""The relay publishes old unpublished operations, and leaves new ones to their servers."""

from typing import Any

import pytest

from apps.core import clock
from apps.documents.models import Document
from apps.history.services import version_create
from apps.history.snapshot import Snapshot
from apps.oplog.compaction_point import CompactionPoint, compaction_point_advance
from apps.oplog.models import operation_rows
from apps.oplog.publisher import Publisher
from apps.pipeline.relay import DELIVERY_GRACE_S, relay_unpublished
from tests.support.eventually import eventually
from tests.support.stored_logs import Written


def test_relay_brings_a_document_to_its_head(written: Written, publisher: Publisher) -> None:
    """Kafka confirms the whole log, and nothing is left to publish."""
    scribe = written(5, age_s=DELIVERY_GRACE_S + 60)
    relay_unpublished(publisher)

    def is_published() -> bool:
        document = Document.objects.get(id=scribe.document_id)
        return bool(document.published_seq == 5 and not document.unpublished)

    eventually(is_published)


def test_relay_continues_after_a_damaged_log(written: Written, publisher: Publisher) -> None:
    """A log with a gap waits for an operator; other documents do not."""
    damaged = written(3, age_s=DELIVERY_GRACE_S + 90)
    operation_rows().delete_one({"document_id": damaged.document_id, "seq": 2})
    sound = written(3, age_s=DELIVERY_GRACE_S + 60)
    relay_unpublished(publisher)
    assert Document.objects.get(id=sound.document_id).published_seq == 3
    assert Document.objects.get(id=damaged.document_id).published_seq == 1


def test_relay_begins_where_a_compacted_log_begins(written: Written, publisher: Publisher) -> None:
    """Also when *published_seq* is behind it, as after the restore of an older backup."""
    scribe = written(5, age_s=DELIVERY_GRACE_S + 60)
    version_create(document_id=scribe.document_id, snapshot=Snapshot(3, b"\x00", b"\x00\x00"))
    compaction_point_advance(CompactionPoint(scribe.document_id, 3, 2, b"\x00", clock.now()))
    operation_rows().delete_many({"document_id": scribe.document_id, "seq": {"$lte": 3}})
    relay_unpublished(publisher)

    def is_published() -> bool:
        document = Document.objects.get(id=scribe.document_id)
        return bool(document.published_seq == 5 and not document.unpublished)

    eventually(is_published)


def test_relay_leaves_fresh_edits_to_their_server(written: Written, publisher: Publisher) -> None:
    """A server has ``DELIVERY_GRACE_S`` for its own deliveries."""
    scribe = written(2)
    relay_unpublished(publisher)
    assert Document.objects.get(id=scribe.document_id).published_seq == 0


def test_relay_continues_in_the_next_run(
    written: Written, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One run is bounded; the order is kept over several runs."""
    relay_unpublished(publisher)
    scribe = written(5, age_s=DELIVERY_GRACE_S + 60)
    monkeypatch.setattr("apps.pipeline.relay.RUN_OPERATIONS", 2)
    assert [relay_unpublished(publisher) for _ in range(4)] == [2, 2, 1, 0]
    assert Document.objects.get(id=scribe.document_id).published_seq == 5


def test_relay_without_the_broker_changes_nothing(
    written: Written, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is queued; the next run publishes everything."""
    settings.KAFKA_BOOTSTRAP_SERVERS = "127.0.0.1:1"
    monkeypatch.setattr("apps.oplog.publisher.BROKER_WAIT_S", 0.2)
    scribe = written(3, age_s=DELIVERY_GRACE_S + 60)
    publisher = Publisher()
    assert relay_unpublished(publisher) == 0
    publisher.close(timeout_s=0)
    document = Document.objects.get(id=scribe.document_id)
    assert (document.published_seq, document.unpublished) == (0, True)
