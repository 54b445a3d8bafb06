"""Warnings of ``check --services`` about Kafka's topics."""

import pytest
from confluent_kafka import Producer
from pytest_django import Settings

from apps.oplog import checks
from apps.oplog.checks import topics_check
from apps.oplog.publisher import client_config
from tests.support.launcher import free_port

#: The topics of this module.
TOPICS = ("checked-by-a-test", "checked-by-a-test-dead")


@pytest.fixture
def topics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at topics of this module's own; this broker makes them when it is written to."""
    producer = Producer(client_config())
    for name in TOPICS:
        producer.produce(name, b"")
    assert producer.flush(10) == 0
    monkeypatch.setattr(checks, "TOPIC", TOPICS[0])
    monkeypatch.setattr(checks, "DEAD_LETTERS", TOPICS[1])


def test_topics_as_configured_give_no_warning(topics: None, settings: Settings) -> None:
    """Also with more partitions than configured."""
    settings.KAFKA_TOPIC_PARTITIONS = 3
    assert topics_check() == []


def test_topic_with_too_few_partitions_or_copies_is_warned_of(
    topics: None, settings: Settings
) -> None:
    """With the command that adds them."""
    settings.KAFKA_TOPIC_PARTITIONS = 12
    settings.KAFKA_TOPIC_REPLICAS = 3
    messages = topics_check()
    assert [message.id for message in messages] == ["oplog.W102", "oplog.W104", "oplog.W104"]
    assert f"{TOPICS[0]} has 4 partitions, KAFKA_TOPIC_PARTITIONS wants 12" in messages[0].msg
    assert "kafka_topics --grow" in str(messages[0].hint)


def test_topic_that_is_not_there_is_warned_of(
    topics: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lookup does not create it."""
    settings.KAFKA_TOPIC_PARTITIONS = 4
    monkeypatch.setattr(checks, "DEAD_LETTERS", "never-made-by-a-test")
    for _ in range(2):
        [message] = topics_check()
        assert message.id == "oplog.W101"
        assert "no topic never-made-by-a-test" in message.msg


def test_broker_away_gives_no_warning_here(settings: Settings) -> None:
    """The check of all services reports it."""
    settings.KAFKA_BOOTSTRAP_SERVERS = f"127.0.0.1:{free_port()}"
    assert topics_check() == []
