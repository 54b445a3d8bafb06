"""Publishing to Kafka: the messages, the published seqs, and the operations left to the relay."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import Consumer, Message

from apps.core import ids
from apps.documents.heads import Head, Published, heads_advance, published_advance
from apps.documents.models import Document
from apps.oplog.operation import Operation
from apps.oplog.publisher import (
    MESSAGE_MAX_BYTES,
    TOPIC,
    Publisher,
    client_config,
    headers_of,
)
from apps.oplog.signature import operation_sign
from tests.support.documents import make_document
from tests.support.eventually import eventually
from tests.support.operations import Scribe

#: Nothing listens there.
NOWHERE = "127.0.0.1:1"


@pytest.fixture
def messages_of(publisher: Publisher) -> Iterator[Callable[[str, int], list[Message]]]:
    """Return how to read a document's messages from the topic's beginning."""
    consumer = Consumer(
        {
            **client_config(),
            "group.id": ids.new_id(),
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([TOPIC])
    found: list[Message] = []

    def read(document_id: str, count: int) -> list[Message]:
        def look() -> list[Message]:
            found.extend(
                message
                for message in consumer.consume(100, 0.2)
                if not message.error() and message.key() == document_id.encode()
            )
            return found if len(found) >= count else []

        return eventually(look, 30)

    yield read
    consumer.close()


def stored_head(scribe: Scribe, operation: Operation) -> None:
    """Store the entity of a document and the head of its log, as an append does."""
    make_document(scribe.document_id)
    heads_advance(
        [
            Head(
                document_id=scribe.document_id,
                seq=operation.seq,
                version_vector=operation.version_vector,
                updated_at=operation.received_at,
            )
        ]
    )


def published_of(document_id: str) -> tuple[int, bool]:
    """Return a document's published seq, and whether it has unpublished operations."""
    document = Document.objects.get(id=document_id)
    return document.published_seq, document.unpublished


def test_message_has_key_value_and_headers(
    publisher: Publisher, messages_of: Callable[[str, int], list[Message]]
) -> None:
    """Key, value, headers; one document's messages in one partition, in the order of seq."""
    scribe = Scribe(author_id="7")
    operations = scribe.write_many(3)
    assert publisher.enqueue(operations)
    assert publisher.flush(10) == 0
    messages = messages_of(scribe.document_id, 3)
    assert [message.value() for message in messages] == [op.update for op in operations]
    assert len({message.partition() for message in messages}) == 1
    headers = dict(messages[0].headers() or [])
    assert headers == {
        "unique_id": operations[0].unique_id.encode(),
        "seq": b"1",
        "version_vector": operations[0].version_vector,
        "author": b"7",
        "received_at": operations[0].received_at.isoformat().encode(),
        "signature": operation_sign(operations[0]),
    }
    assert headers == dict(headers_of(operations[0]))


def test_delivered_to_the_head_leaves_nothing_unpublished(publisher: Publisher) -> None:
    """The published seq reaches the head, and the relay has nothing to do."""
    scribe = Scribe()
    operations = scribe.write_many(3)
    stored_head(scribe, operations[-1])
    publisher.enqueue(operations)
    publisher.flush(10)
    eventually(lambda: published_of(scribe.document_id) == (3, False))


def test_broker_away_enqueues_and_publishes_nothing(settings: Any) -> None:
    """An edit never waits for Kafka: it is enqueued, and unpublished until it is delivered."""
    settings.KAFKA_BOOTSTRAP_SERVERS = NOWHERE
    scribe = Scribe()
    operations = scribe.write_many(2)
    stored_head(scribe, operations[-1])
    publisher = Publisher()
    assert publisher.enqueue(operations)
    assert publisher.flush(0.1) == 2
    publisher.close(timeout_s=0)
    assert published_of(scribe.document_id) == (0, True)


def test_full_queue_is_reported_without_a_wait(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the broker is away for long, the relay publishes the rest."""
    settings.KAFKA_BOOTSTRAP_SERVERS = NOWHERE
    monkeypatch.setattr("apps.oplog.publisher.QUEUE_MAX_MESSAGES", 2)
    publisher = Publisher()
    assert not publisher.enqueue(Scribe().write_many(3))
    assert publisher.flush(0) == 2
    publisher.close(timeout_s=0)


def test_published_range_after_a_gap_is_ignored() -> None:
    """The published seq stays; the relay publishes the range again."""
    scribe = Scribe()
    operations = scribe.write_many(6)
    stored_head(scribe, operations[-1])
    name = scribe.document_id
    published_advance([Published(name, 1, 2), Published(name, 4, 6)])
    assert published_of(name) == (2, True)
    published_advance([Published(name, 2, 6)])
    assert published_of(name) == (6, False)
    published_advance([Published(name, 1, 3)])
    assert published_of(name) == (6, False)


def test_operation_too_large_for_kafka_is_left_to_the_log(publisher: Publisher) -> None:
    """No edit fails because of Kafka: the refusal is logged, and the sweep reads the log."""
    operation = dataclasses.replace(Scribe().write("x"), update=bytes(MESSAGE_MAX_BYTES))
    assert not publisher.enqueue([operation])
