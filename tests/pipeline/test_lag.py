"""How much a consumer has still to read, and that asking for it does not hold it up."""

import contextlib
import time
from collections.abc import Callable, Iterator

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from apps.core import ids
from apps.oplog.publisher import client_config
from apps.pipeline.lag import LagMeter
from tests.support.eventually import eventually

#: How long a broker keeps a fetch that finds nothing, in milliseconds: far longer than a test.
FETCH_WAIT_MS = 30_000


@pytest.fixture
def topic() -> str:
    """Return a new topic with three messages in partition 0 and one in partition 1."""
    name = f"lag-{ids.new_id()}"
    producer = Producer(client_config())
    for number, partition in enumerate((0, 0, 0, 1)):
        producer.produce(name, value=str(number), partition=partition)
    producer.flush(10)
    return name


@pytest.fixture
def consumer() -> Iterator[Consumer]:
    """Return a consumer of nothing yet, whose fetches wait long for messages."""
    settings = {
        **client_config(),
        "group.id": ids.new_id(),
        "auto.offset.reset": "earliest",
        "fetch.wait.max.ms": FETCH_WAIT_MS,
    }
    consumer = Consumer(settings)
    yield consumer
    consumer.close()


def read(consumer: Consumer) -> Callable[[], object]:
    """Return a look for the next message."""

    def look() -> object:
        message = consumer.poll(0.1)
        return message is not None and message.error() is None

    return look


def told(meter: LagMeter) -> int:
    """Return the lag; asked for again where a busy machine's broker does not answer in a second."""
    found: list[int] = []

    def ask() -> bool:
        with contextlib.suppress(KafkaException):
            found.append(meter.lag())
        return bool(found)

    eventually(ask)
    return found[0]


def test_lag_is_what_is_there_and_was_not_read(topic: str, consumer: Consumer) -> None:
    """Of a consumer that has read nothing, something, and all of it."""
    meter = LagMeter(consumer)
    assert told(meter) == 0
    consumer.assign([TopicPartition(topic, 0)])
    assert told(meter) == 3
    eventually(read(consumer))
    assert told(meter) == 2
    for _ in range(2):
        eventually(read(consumer))
    assert told(meter) == 0
    consumer.assign([TopicPartition(topic, 0), TopicPartition(topic, 99)])
    assert told(meter) == 0  # the second one is not there


def test_lag_is_told_while_a_fetch_waits_for_messages(topic: str, consumer: Consumer) -> None:
    """One that waited behind the fetch would keep the worker from reading."""
    meter = LagMeter(consumer)
    consumer.assign([TopicPartition(topic, 0), TopicPartition(topic, 1)])
    for _ in range(4):
        eventually(read(consumer))
    consumer.poll(0.3)  # by now the next fetch is under way
    started = time.monotonic()
    assert told(meter) == 0
    assert time.monotonic() - started < FETCH_WAIT_MS / 1000 / 2
