"""Dead letters: their topic, their headers."""

from typing import Any

import pytest
from confluent_kafka import Consumer, Message, Producer

from apps.core import ids
from apps.oplog.publisher import DEAD_LETTERS, client_config
from apps.pipeline import dead_letters
from apps.pipeline.dead_letters import DeadLetters
from tests.support.eventually import eventually

#: A topic of this module.
TOPIC = "dead-letters-of-a-test"


def read_one(topic: str, key: str) -> Message:
    """Return the message with a key from a topic's beginning."""
    consumer = Consumer(
        {**client_config(), "group.id": ids.new_id(), "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    try:
        [message] = eventually(
            lambda: [
                message
                for message in consumer.consume(100, 0.2)
                if not message.error() and message.key() == key.encode()
            ],
            30,
        )
    finally:
        consumer.close()
    return message


@pytest.fixture
def message() -> Message:
    """Return a message of a foreign program."""
    producer = Producer(client_config())
    key = ids.new_id()
    producer.produce(TOPIC, key=key, value=b"what?", headers={"seq": b"first"})
    assert producer.flush(10) == 0
    return read_one(TOPIC, key)


def test_dead_letter_is_the_message_with_its_reason_and_position(message: Message) -> None:
    """An operator can find out where it came from, and what is wrong with it."""
    published_here = DeadLetters()
    published_here.put(message, ValueError("seq is 'first'"))
    published_here.flush()
    published = read_one(DEAD_LETTERS, (message.key() or b"").decode())
    assert published.value() == b"what?"
    headers = dict(published.headers() or [])
    assert headers["seq"] == b"first"
    assert headers["reason"] == b"""ValueError("seq is 'first'")"""
    assert headers["place"] == f"{TOPIC}/{message.partition()}/{message.offset()}".encode()


def test_without_kafka_the_consumer_continues(
    message: Message,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Dead letters block nothing; the log has what was lost."""
    settings.KAFKA_BOOTSTRAP_SERVERS = "127.0.0.1:1"
    monkeypatch.setattr(dead_letters, "WAIT_S", 0.1)
    unpublished = DeadLetters()
    unpublished.put(message, KeyError("author"))
    unpublished.flush()
    assert "1 dead letters are not confirmed yet" in caplog.text
