"""The lag of a consumer, which is measured without delaying its reading."""

import contextlib
import time
from collections.abc import Callable, Iterator

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from apps.core import ids
from apps.oplog.publisher import client_config
from apps.pipeline.lag import LagMeter
from tests.support.eventually import eventually

#: How long a broker delays an empty fetch, in milliseconds: far longer than a test.
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
    """Return a consumer without partitions, whose fetches wait long for messages."""
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
    """Return a predicate: whether the next message has been read."""

    def look() -> object:
        message = consumer.poll(0.1)
        return message is not None and message.error() is None

    return look


def measured(meter: LagMeter) -> int:
    """Return the lag; retried, as the broker of a busy machine may not answer in a second."""
    found: list[int] = []

    def ask() -> bool:
        with contextlib.suppress(KafkaException):
            found.append(meter.lag())
        return bool(found)

    eventually(ask)
    return found[0]


def test_lag_is_the_number_of_unread_messages(topic: str, consumer: Consumer) -> None:
    """Of a consumer that has read nothing, some, and all of the messages."""
    meter = LagMeter(consumer)
    assert measured(meter) == 0
    consumer.assign([TopicPartition(topic, 0)])
    assert measured(meter) == 3
    eventually(read(consumer))
    assert measured(meter) == 2
    for _ in range(2):
        eventually(read(consumer))
    assert measured(meter) == 0
    consumer.assign([TopicPartition(topic, 0), TopicPartition(topic, 99)])
    assert measured(meter) == 0  # the second one does not exist


def test_lag_is_measured_while_a_fetch_waits_for_messages(topic: str, consumer: Consumer) -> None:
    """A measurement that waited for the fetch would delay the worker."""
    meter = LagMeter(consumer)
    consumer.assign([TopicPartition(topic, 0), TopicPartition(topic, 1)])
    for _ in range(4):
        eventually(read(consumer))
    consumer.poll(0.3)  # by now the next fetch is under way
    started = time.monotonic()
    assert measured(meter) == 0
    assert time.monotonic() - started < FETCH_WAIT_MS / 1000 / 2
