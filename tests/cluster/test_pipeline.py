"""Apache Kafka and two workers: kills under load, a rebalance, a recreated topic."""

import asyncio
import base64
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any

import pycrdt
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from apps.core import ids
from apps.oplog.publisher import DEAD_LETTERS, TOPIC
from apps.pipeline.consumer import GROUP
from tests.crash.checks import (
    check_nothing_lost,
    crowd,
    until_converged,
    until_published,
    until_written,
)
from tests.crash.harm import kill
from tests.support.control import away
from tests.support.eventually import eventually
from tests.support.launcher import Launched
from tests.support.stored import Stored, stored

#: Words that each person writes before a fault, and after it.
WORDS = 15
#: Longer than the 10 s after which the partitions of a stopped worker are reassigned, in seconds.
PATIENCE_S = 60
#: Enough for several of the topic's partitions.
DOCUMENTS = 8


def write(stack: Launched, document_id: str) -> None:
    """Append an operation to a document, by REST."""
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.get("content", type=pycrdt.Text).insert(0, "word ")
    body = {"unique_id": ids.new_id(), "update": base64.b64encode(doc.get_update()).decode()}
    answer = stack.call("ada", "POST", f"documents/{document_id}/operations/", json=body)
    assert answer.status_code == 201, answer.text


def until_processed(stores: Iterable[Stored]) -> None:
    """Wait until the workers have processed the head of each document."""
    for store in stores:
        eventually(lambda store=store: store.processed() == store.head(), PATIENCE_S)  # type: ignore[misc]


def until_read(servers: str) -> None:
    """Wait until the workers' group has read every partition to its end."""
    group = Consumer({"bootstrap.servers": servers, "group.id": GROUP})

    def lag() -> int:
        partitions = group.list_topics(TOPIC, timeout=10).topics[TOPIC].partitions
        marks = group.committed([TopicPartition(TOPIC, number) for number in partitions])
        ends = [group.get_watermark_offsets(mark, timeout=10)[1] for mark in marks]
        return sum(end - max(0, mark.offset) for mark, end in zip(marks, ends, strict=True))

    try:
        eventually(lambda: lag() == 0, PATIENCE_S)
    finally:
        group.close()


@pytest.mark.parametrize("process", ["kafka", "worker-1"])
async def test_process_killed_while_people_type_is_restarted_and_nothing_is_lost(
    process: str, stack: Launched
) -> None:
    """Everything is published and processed once in the end, without intervention."""
    document_id = stack.create_document("ada", grace="editor")
    async with crowd(stack, document_id) as people:
        await until_written(people, WORDS)
        await asyncio.to_thread(kill, stack, [process])
        await until_written(people, WORDS)
        await until_converged(people)
        await until_published(stack, document_id)
        await check_nothing_lost(stack, document_id, people)


def test_worker_that_is_stopped_and_started_leaves_nothing_unprocessed(stack: Launched) -> None:
    """The other worker has all partitions meanwhile, and no operation is processed twice."""
    documents = [stack.create_document() for _ in range(DOCUMENTS)]
    with ExitStack() as open_stores:
        stores = [
            open_stores.enter_context(stored(stack, document_id)) for document_id in documents
        ]
        with away(stack, "worker-1"):
            for document_id in documents:
                write(stack, document_id)
            until_read(stack.settings()["KAFKA_BOOTSTRAP_SERVERS"])
            until_processed(stores)
        for document_id in documents:
            write(stack, document_id)
        until_processed(stores)
        for store in stores:
            assert store.head() == 2
            seqs = [version["seq"] for version in store.versions()]
            assert len(seqs) == len(set(seqs))


def test_unreadable_message_is_dead_lettered_and_blocks_nothing(stack: Launched) -> None:
    """It is in the dead-letter topic, with the reason; the next message is processed."""
    servers = stack.settings()["KAFKA_BOOTSTRAP_SERVERS"]
    document_id = stack.create_document()
    producer = Producer({"bootstrap.servers": servers})
    producer.produce(TOPIC, key=document_id, value=b"poison")
    assert producer.flush(30) == 0
    write(stack, document_id)
    with stored(stack, document_id) as store:
        until_processed([store])
    consumer = Consumer(
        {"bootstrap.servers": servers, "group.id": ids.new_id(), "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([DEAD_LETTERS])
    try:
        [message] = eventually(lambda: consumer.consume(1, 0.2), PATIENCE_S)
    finally:
        consumer.close()
    assert (message.key(), message.value()) == (document_id.encode(), b"poison")
    assert dict(message.headers() or [])["reason"] == b"KeyError('seq')"


def test_recreated_topic_with_other_partitions_is_consumed(stack: Launched) -> None:
    """Offsets start over and documents change partitions; lost messages are read from the log."""
    servers = stack.settings()["KAFKA_BOOTSTRAP_SERVERS"]
    admin = AdminClient({"bootstrap.servers": servers})
    documents = [stack.create_document() for _ in range(DOCUMENTS)]
    with ExitStack() as open_stores:
        stores = [
            open_stores.enter_context(stored(stack, document_id)) for document_id in documents
        ]
        for document_id in documents:
            write(stack, document_id)
        until_processed(stores)
        admin.delete_topics([TOPIC])[TOPIC].result(30)
        eventually(lambda: TOPIC not in admin.list_topics(timeout=10).topics, PATIENCE_S)
        for document_id in documents:
            write(stack, document_id)
        admin.create_topics([NewTopic(TOPIC, 5, 1)])[TOPIC].result(30)
        for document_id in documents:
            write(stack, document_id)
        until_read(servers)
        until_processed(stores)
        assert [store.head() for store in stores] == [3] * DOCUMENTS
    with pytest.raises(AssertionError, match="has 5 partitions, wanted are 12"):
        stack.manage("kafka_topics")
    assert "changed (12 partitions" in stack.manage("kafka_topics", "--grow")
    assert "unchanged (12 partitions" in stack.manage("kafka_topics")
