"""Unreadable messages: a bad deploy stops the consumer, it does not empty the topic."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from confluent_kafka import Consumer, Message, Producer, TopicPartition

from apps.core import ids, liveness, metrics
from apps.history.last_processed import processed_seqs
from apps.oplog.operation import Operation
from apps.oplog.publisher import client_config, headers_of
from apps.oplog.selectors import operations_since
from apps.pipeline import consumer, dead_letters
from apps.pipeline.consumer import LOOP, OperationsConsumer
from apps.pipeline.group_consumer import consumer_config
from apps.pipeline.unreadable import DeadLetterLimitError, UnreadableMessages
from tests.support.eventually import eventually
from tests.support.stored_logs import Written

#: Dead letters that a worker of these tests may publish.
LIMIT = 3


class AssignedConsumer(OperationsConsumer):
    """Reads partition 0 of one topic by assignment: nothing waits for a group to let it in."""

    def __init__(self, topic: str) -> None:
        super().__init__()
        self.topic = topic

    def _connect(self) -> Consumer:
        connected = Consumer(consumer_config(self.topic))
        connected.assign([TopicPartition(self.topic, 0)])
        return connected


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch, settings: Any) -> str:
    """Return a new topic, with a topic of dead letters, a low limit and short pauses."""
    name = f"unreadable-{ids.new_id()}"
    monkeypatch.setattr(dead_letters, "DEAD_LETTERS", f"{name}-dead")
    monkeypatch.setattr(consumer, "STOPPED_RETRY_S", 0.01)
    monkeypatch.setattr(consumer, "STOPPED_RETRY_MAX_S", 0.05)
    settings.WORKER_DEAD_LETTERS_MAX = LIMIT
    return name


@contextmanager
def bad_deploy() -> Iterator[None]:
    """Deploy a version that expects a header of all messages, which none has."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(consumer, "operation_of", _expect_header)
        yield


def _expect_header(message: Message) -> Operation:
    raise KeyError("checksum")


@contextmanager
def running(topic: str) -> Iterator[None]:
    """Run a worker's consumer."""
    worker = AssignedConsumer(topic)
    worker.start()
    try:
        yield
    finally:
        worker.stop()
        liveness.liveness.resume(LOOP)
        metrics.CONSUMER_STOPPED.set(0)


def send(topic: str, operations: Iterable[Operation]) -> None:
    """Publish operations, in order."""
    producer = Producer(client_config())
    for operation in operations:
        producer.produce(
            topic,
            key=operation.document_id,
            value=operation.update,
            headers=list(headers_of(operation)),
            partition=0,
        )
    assert producer.flush(10) == 0


def send_garbage(topic: str) -> None:
    """Publish a message of a foreign program."""
    producer = Producer(client_config())
    producer.produce(topic, key=b"k", value=b"garbage", partition=0)
    assert producer.flush(10) == 0


def dead_letter_count(topic: str) -> int:
    """Return how many messages the topic of dead letters has, 0 before it exists."""
    asking = Consumer({**client_config(), "group.id": ids.new_id()})
    name = f"{topic}-dead"
    try:
        partitions = asking.list_topics(name, timeout=10).topics[name].partitions
        return sum(
            asking.get_watermark_offsets(TopicPartition(name, partition), timeout=10)[1]
            for partition in partitions
        )
    finally:
        asking.close()


def committed_offset(topic: str) -> int:
    """Return where a worker that starts now would go on; 0 for the beginning."""
    asking = Consumer({**client_config(), "group.id": topic})
    try:
        return max(0, int(asking.committed([TopicPartition(topic, 0)], timeout=10)[0].offset))
    finally:
        asking.close()


def is_stopped() -> bool:
    """Return whether this process reports that its consumer is stopped, in all of its ways."""
    server = liveness.serve(0)
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        health = requests.get(f"{url}/healthz", timeout=10)
        shown = requests.get(f"{url}/metrics", timeout=10).text
    finally:
        server.shutdown()
        server.server_close()
    if health.status_code == 200:
        assert "\nscriptorium_consumer_stopped 0.0\n" in shown
        return False
    assert health.json() == {"status": "stuck", "loops": [LOOP]}
    return "\nscriptorium_consumer_stopped 1.0\n" in shown


def wait_for_retries(caplog: pytest.LogCaptureFixture, count: int = 3) -> None:
    """Wait until a stopped consumer has tried again a few times."""

    def tries() -> int:
        return sum("consumer stopped" in record.message for record in caplog.records)

    before = tries()
    eventually(lambda: tries() >= before + count, 30)


def operations_of(document_id: str) -> list[Operation]:
    """Return a document's log."""
    return operations_since(document_id=document_id, after=0)


def test_bad_deploy_with_a_long_backlog_publishes_no_dead_letter_and_goes_on_when_mended(
    topic: str, written: Written, caplog: pytest.LogCaptureFixture
) -> None:
    """The offsets stay where they were, however often the worker tries or starts again."""
    document_id = written(3 * LIMIT).document_id
    send(topic, operations_of(document_id))
    with bad_deploy():
        for _start in range(2):
            with running(topic):
                eventually(is_stopped, 30)
                wait_for_retries(caplog)
        assert dead_letter_count(topic) == 0
        assert committed_offset(topic) == 0
        assert "Deploy a version that can read them" in caplog.text
    with running(topic):
        eventually(lambda: committed_offset(topic) == 3 * LIMIT, 30)
        assert processed_seqs([document_id]) == {document_id: 3 * LIMIT}
    assert dead_letter_count(topic) == 0


def test_bad_deploy_that_gets_message_after_message_stops_at_the_limit(
    topic: str, written: Written, caplog: pytest.LogCaptureFixture
) -> None:
    """Each comes alone, as people write; what became a dead letter comes from the log later."""
    document_id = written(LIMIT + 2).document_id
    operations = operations_of(document_id)
    with running(topic):
        with bad_deploy():
            for count in range(1, LIMIT + 1):
                send(topic, [operations[count - 1]])
                eventually(lambda: committed_offset(topic) == count, 30)  # noqa: B023 - at once
                assert dead_letter_count(topic) == count
            assert not is_stopped()
            send(topic, operations[LIMIT:])
            eventually(is_stopped, 30)
            wait_for_retries(caplog)
            assert is_stopped()
            assert dead_letter_count(topic) == committed_offset(topic) == LIMIT
        eventually(lambda: committed_offset(topic) == LIMIT + 2, 30)
        assert processed_seqs([document_id]) == {document_id: LIMIT + 2}
        assert not is_stopped()
    assert dead_letter_count(topic) == LIMIT
    assert "consumer resumed" in caplog.text


def test_attacker_who_floods_the_topic_stops_the_worker_and_hides_no_operation(
    topic: str, written: Written, caplog: pytest.LogCaptureFixture
) -> None:
    """The operations between the garbage are processed; no offset passes over them."""
    document_id = written(2).document_id
    first, second = operations_of(document_id)
    send(topic, [first])
    for _message in range(LIMIT + 1):
        send_garbage(topic)
    send(topic, [second])
    with running(topic):
        eventually(is_stopped, 30)
        eventually(lambda: processed_seqs([document_id]) == {document_id: 2}, 30)
        wait_for_retries(caplog)
    assert dead_letter_count(topic) <= LIMIT
    assert committed_offset(topic) <= 1 + LIMIT


def test_garbage_among_many_operations_never_stops_a_worker(topic: str, written: Written) -> None:
    """Ten readable messages make up for an unreadable one, for as long as it goes on."""
    document_id = written(10).document_id
    operations = operations_of(document_id)
    with running(topic):
        for count in range(1, 2 * LIMIT + 1):
            send_garbage(topic)
            send(topic, operations)
            eventually(lambda: committed_offset(topic) == 11 * count, 30)  # noqa: B023 - at once
        assert not is_stopped()
    assert dead_letter_count(topic) == 2 * LIMIT


class HeldMessage:
    """Stands for a message, which only Kafka's client can make."""

    def __init__(self, partition: int) -> None:
        self._partition = partition

    def topic(self) -> str:
        """Return the topic's name."""
        return "t"

    def partition(self) -> int:
        """Return the partition."""
        return self._partition

    def offset(self) -> int:
        """Return an offset."""
        return 7


def held(*partitions: int, most: int = LIMIT) -> UnreadableMessages:
    """Return unreadable messages of partitions, held."""
    unreadable = UnreadableMessages(most=most, loop="a-test")
    for partition in partitions:
        unreadable.add(HeldMessage(partition), ValueError("no"))  # type: ignore[arg-type]
    return unreadable


def test_messages_of_partitions_that_move_are_the_next_workers() -> None:
    """Neither published here, nor a reason to commit nothing."""
    unreadable = held(0, 1)
    unreadable.revoke([TopicPartition("t", 0)])
    assert unreadable
    unreadable.revoke([TopicPartition("t", 1), TopicPartition("other", 0)])
    assert not unreadable


def test_limit_of_nothing_stops_at_the_first_message_and_names_it() -> None:
    """For an operator who wants to look at each of them first."""
    unreadable = held(2, most=0)
    with pytest.raises(DeadLetterLimitError, match=r"1 messages .* t/2/7: ValueError\('no'\)"):
        unreadable.turn(readable=0, is_pause=True)
    assert unreadable
