"""Messages of the topic: operations are read, foreign messages are errors."""

from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Consumer, Message, Producer

from apps.core import ids
from apps.oplog.publisher import client_config, headers_of
from apps.pipeline.consumer import operation_of
from apps.pipeline.group_consumer import membership
from tests.support.eventually import eventually
from tests.support.operations import Scribe

#: A topic of this module: other tests write to the product's topic.
TOPIC = "messages-of-a-test"


@pytest.fixture(scope="module")
def producer() -> Producer:
    """Return a bare producer."""
    return Producer(client_config())


@pytest.fixture(scope="module")
def consumer(producer: Producer) -> Iterator[Consumer]:
    """Return a bare consumer of the topic."""
    producer.produce(TOPIC, b"begin")
    producer.flush(10)
    consumer = Consumer(
        {**client_config(), "group.id": ids.new_id(), "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([TOPIC])
    assert next_message(consumer).value() == b"begin"
    yield consumer
    consumer.close()


def through_kafka(producer: Producer, consumer: Consumer, **message: Any) -> Message:
    """Send a message and read it back."""
    producer.produce(TOPIC, **message)
    assert producer.flush(10) == 0
    return next_message(consumer)


def next_message(consumer: Consumer) -> Message:
    """Return the next message. The list is awaited, as an empty message is false."""
    [message] = eventually(lambda: consumer.consume(1, 0.2), 30)
    return message


def test_message_of_an_operation_is_read_as_that_operation(
    producer: Producer, consumer: Consumer
) -> None:
    """Byte for byte."""
    operation = Scribe().write("hi")
    message = through_kafka(
        producer,
        consumer,
        key=operation.document_id,
        value=operation.update,
        headers=headers_of(operation),
    )
    assert operation_of(message) == operation


HEADERS = dict(headers_of(Scribe().write("hi")))


@pytest.mark.parametrize(
    "broken",
    [
        {"key": None},
        {"value": None},
        {"headers": None},
        {"headers": {**HEADERS, "seq": b"first"}},
        {"headers": {**HEADERS, "received_at": b"yesterday"}},
        {"headers": {name: value for name, value in HEADERS.items() if name != "author"}},
        {"headers": {**HEADERS, "author": b"\xff"}},
        {"headers": {**HEADERS, "version_vector": None}},
    ],
    ids=["no key", "no value", "no headers", "seq", "time", "no author", "not UTF-8", "no vector"],
)
def test_foreign_message_is_an_error(
    producer: Producer, consumer: Consumer, broken: dict[str, object]
) -> None:
    """One of the errors that make a message unreadable."""
    whole = {"key": b"k", "value": b"v", "headers": HEADERS}
    message = through_kafka(producer, consumer, **{**whole, **broken})
    with pytest.raises((KeyError, ValueError)):
        operation_of(message)


@pytest.mark.parametrize(
    ("static", "named", "member"),
    [
        (True, True, {"group.instance.id": "worker-7"}),
        (False, True, {}),
        (True, False, {}),
    ],
)
def test_worker_with_a_name_is_a_static_member(
    static: bool, named: bool, member: dict[str, str], settings: Any
) -> None:
    """A worker whose name changes at each start would leave a dead member each time."""
    settings.SERVER_ID, settings.HAS_SERVER_ID = "worker-7", named
    settings.KAFKA_STATIC_MEMBERS = static
    assert membership() == member
