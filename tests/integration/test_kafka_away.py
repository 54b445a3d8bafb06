"""Edits and snapshots continue while Kafka is down or empty (docs/system-flow.md, §8)."""

import asyncio
from typing import Any

import pycrdt
import requests
from confluent_kafka import Consumer, TopicPartition

from apps.oplog.publisher import TOPIC
from apps.pipeline.consumer import GROUP
from tests.crash.checks import latest_sound, text_of
from tests.integration.conftest import Enter, until_processed
from tests.support.control import away, wait_until_back
from tests.support.eventually import eventually
from tests.support.launcher import Launched
from tests.support.stored import Stored, stored

#: Longer than the interval of sweep and relay on a loaded machine, in seconds.
PATIENCE_S = 60
#: More messages than any test sends: an offset beyond the end of every partition.
FAR = 1_000_000


async def test_kafka_away_for_long_stops_neither_edits_nor_snapshots(
    enter: Enter, document_id: str, stack: Launched
) -> None:
    """The worker reads the log instead, and logs that; late messages change nothing."""
    ada = await enter("ada", document_id, native=True)
    with stored(stack, document_id) as store:
        with away(stack, "kafka"):
            for number in range(3):
                await ada.until_ack(await ada.append(f"{number} "))
            await asyncio.to_thread(eventually, lambda: _is_kept(store, 3), PATIENCE_S)
            ready = await asyncio.to_thread(requests.get, f"{stack.url}/readyz", timeout=30)
            assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
            assert store.published() == 0
        await asyncio.to_thread(until_processed, stack, document_id, 3)
        await ada.until_ack(await ada.append("3 "))
        await asyncio.to_thread(until_processed, stack, document_id, 4)
        await asyncio.to_thread(eventually, lambda: _is_kept(store, 4), PATIENCE_S)
        assert [row["seq"] for row in store.versions()] == [4, 3, 0]
        doc: pycrdt.Doc[Any] = pycrdt.Doc()
        doc.apply_update(latest_sound(store.versions()).state)
        assert text_of(doc) == "0 1 2 3 "


async def test_offsets_beyond_the_end_of_the_topic_lose_nothing(
    enter: Enter, document_id: str, stack: Launched
) -> None:
    """As when a topic is recreated and the group's offsets stay."""
    ada = await enter("ada", document_id, native=True)
    await ada.until_ack(await ada.append("a"))
    with away(stack, "worker"):
        await asyncio.to_thread(_replace, stack, "kafka")
        await ada.until_ack(await ada.append("b"))
        await asyncio.to_thread(_commit_far, stack.settings()["KAFKA_BOOTSTRAP_SERVERS"])
        await ada.until_ack(await ada.append("c"))
    await ada.until_ack(await ada.append("d"))
    await asyncio.to_thread(until_processed, stack, document_id, 4)


def _replace(stack: Launched, name: str) -> None:
    """Restart the broker as a new process, which has neither topic nor group."""
    wait_until_back(stack, name, stack.kill(name))


def _is_kept(store: Stored, seq: int) -> bool:
    """Return whether the last processed version, a version and the cache have reached ``seq``."""
    return store.processed() == store.versions()[0]["seq"] == seq and bool(store.cached_snapshot())


def _commit_far(servers: str) -> None:
    """Commit offsets beyond the end of the topic for the workers' group.

    The group has no members yet: the in-memory broker accepts offsets only from members once there
    has been one, and admits a new one only after the old one's session has expired.
    """
    consumer = Consumer({"bootstrap.servers": servers, "group.id": GROUP})
    try:
        offsets = eventually(lambda: _far_offsets(consumer), PATIENCE_S)
        consumer.commit(offsets=offsets, asynchronous=False)
        assert {offset.offset for offset in consumer.committed(offsets, timeout=10)} == {FAR}
    finally:
        consumer.close()


def _far_offsets(consumer: Consumer) -> list[TopicPartition]:
    """Return one for each partition; none before the topic exists."""
    partitions = consumer.list_topics(TOPIC, timeout=10).topics[TOPIC].partitions
    return [TopicPartition(TOPIC, partition, FAR) for partition in partitions]
