"""The broker in memory, with real clients at its fixed port, before and after a restart."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Message, Producer
from confluent_kafka.admin import AdminClient
from pytest_django import Settings

from apps.oplog.publisher import client_config
from tests.support.eventually import eventually
from tests.support.launcher import ROOT, free_port

TOPIC = "a-topic"


class Broker:
    """``python -m apps.embedded.mock_kafka`` on one port, over several restarts."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.port = free_port()
        self.process = self._start()

    def start(self) -> None:
        """Start it again, at the same port."""
        self.process = self._start()

    def end(self, number: signal.Signals) -> int:
        """Send a signal and wait for the end; return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=10)

    def _start(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "apps.embedded.mock_kafka", "--port", str(self.port)]
        with self.log.open("ab") as log:
            return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)


@pytest.fixture
def broker(settings: Settings, tmp_path: Path) -> Iterator[Broker]:
    """Return a running broker; the settings of the product name its port."""
    broker = Broker(tmp_path / "log")
    settings.KAFKA_BOOTSTRAP_SERVERS = f"127.0.0.1:{broker.port}"
    yield broker
    if broker.process.poll() is None:
        broker.end(signal.SIGKILL)


@pytest.fixture
def producer(broker: Broker) -> Producer:
    """Return a producer with the product's settings."""
    return Producer({**client_config(), "log_level": 0})


@pytest.fixture
def consumer(broker: Broker) -> Iterator[Consumer]:
    """Return a member of a consumer group, with the product's settings."""
    settings: dict[str, Any] = {"group.id": "g", "auto.offset.reset": "earliest", "log_level": 0}
    consumer = Consumer({**client_config(), **settings})
    consumer.subscribe([TOPIC])
    yield consumer
    consumer.close()


def deliver(producer: Producer, value: bytes) -> None:
    """Produce until the broker has confirmed it.

    In one partition: after a restart the consumer's offset is behind the end of another one.
    """
    confirmed: list[Message] = []

    def on_delivery(error: Any, message: Message) -> None:
        assert error is None
        confirmed.append(message)

    producer.produce(TOPIC, value, partition=0, on_delivery=on_delivery)
    eventually(lambda: producer.poll(0.1) and confirmed, 30)


def until_consumed(consumer: Consumer, value: bytes) -> None:
    """Consume until a message has come."""

    def has_come() -> bool:
        messages = consumer.consume(100, 0.1)
        return value in [message.value() for message in messages if not message.error()]

    # The broker may let nobody into a group again for up to a minute after its restart.
    eventually(has_come, 120)


def test_restarted_broker_serves_its_earlier_clients(
    broker: Broker, producer: Producer, consumer: Consumer
) -> None:
    """The mock cluster behind the fixed port has another port, which the clients find."""
    deliver(producer, b"before")
    until_consumed(consumer, b"before")
    broker.end(signal.SIGKILL)
    broker.start()
    # The earlier messages are lost, so offsets start over; the consumer is at its old offset.
    deliver(producer, b"in its place")
    deliver(producer, b"after")
    until_consumed(consumer, b"after")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopped_broker_exits_with_0(number: signal.Signals, broker: Broker) -> None:
    """With connected clients, and without output."""
    admin = AdminClient({**client_config(), "log_level": 0})
    assert len(eventually(lambda: admin.list_topics(timeout=10).brokers)) == 1
    assert broker.end(number) == 0
    assert broker.log.read_text() == ""
