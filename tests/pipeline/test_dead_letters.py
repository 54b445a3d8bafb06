"""Messages that nobody can read: where they go, with which words."""

from typing import Any

import pytest
from confluent_kafka import Consumer, Message, Producer

from apps.core import ids
from apps.oplog.publisher import DEAD_LETTERS, client_config
from apps.pipeline import dead_letters
from apps.pipeline.dead_letters import DeadLetters
from tests.support.eventually import eventually

#: A topic of this module.
TOPIC = "letters-of-a-test"


def read_one(topic: str, key: str) -> Message:
    """Return the message with a key from a topic's beginning."""
    consumer = Consumer(
        {**client_config(), "group.id": ids.new_id(), "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    try:
        [message] = eventually(
            lambda: [
                each
                for each in consumer.consume(100, 0.2)
                if not each.error() and each.key() == key.encode()
            ],
            30,
        )
    finally:
        consumer.close()
    return message


@pytest.fixture
def message() -> Message:
    """Return a message that is not one of ours."""
    producer = Producer(client_config())
    key = ids.new_id()
    producer.produce(TOPIC, key=key, value=b"what?", headers={"seq": b"first"})
    assert producer.flush(10) == 0
    return read_one(TOPIC, key)


def test_message_is_kept_as_it_came_with_the_reason_and_its_place(message: Message) -> None:
    """Whoever looks at it can find out who sent it, and what is wrong with it."""
    letters = DeadLetters()
    letters.put(message, ValueError("seq is 'first'"))
    letters.flush()
    kept = read_one(DEAD_LETTERS, (message.key() or b"").decode())
    assert kept.value() == b"what?"
    headers = dict(kept.headers() or [])
    assert headers["seq"] == b"first"
    assert headers["reason"] == b"""ValueError("seq is 'first'")"""
    assert headers["place"] == f"{TOPIC}/{message.partition()}/{message.offset()}".encode()


def test_without_kafka_the_consumer_goes_on(
    message: Message,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It holds nobody up for what has no worth; the log says what was passed over."""
    settings.KAFKA_BOOTSTRAP_SERVERS = "127.0.0.1:1"
    monkeypatch.setattr(dead_letters, "WAIT_S", 0.1)
    letters = DeadLetters()
    letters.put(message, KeyError("author"))
    letters.flush()
    assert "1 dead letters are not confirmed yet" in caplog.text
