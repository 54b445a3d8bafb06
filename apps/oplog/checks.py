"""Checks of Kafka's topics and of the log's hot queries, for ``manage.py check --services``."""

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, TopicMetadata  # type: ignore[attr-defined]
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage

from apps.core.mongo import equal
from apps.core.mongo_plans import HotQuery, hot_queries
from apps.core.service_checks import service_check
from apps.oplog.models import compacted_rows, operation_rows
from apps.oplog.publisher import BROKER_WAIT_S, DEAD_LETTERS, TOPIC, client_config

_DOCUMENT = {"document_id": equal("none")}

hot_queries.add(
    HotQuery(
        "operations after one", operation_rows, {**_DOCUMENT, "seq": {"$gt": 0}}, [("seq", 1)]
    ),
    HotQuery("an operation by seq", operation_rows, {**_DOCUMENT, "seq": equal(1)}),
    HotQuery(
        "operations by unique id", operation_rows, {**_DOCUMENT, "unique_id": {"$in": ["a", ""]}}
    ),
    HotQuery("the last operation", operation_rows, _DOCUMENT, [("seq", -1)]),
    HotQuery("compacted operations", compacted_rows, _DOCUMENT, [("first_seq", -1)]),
)


@service_check
def topics_check(**_: object) -> list[CheckMessage]:
    """Warn about topics that are missing, or have fewer partitions or replicas than configured."""
    try:
        topics = AdminClient({**client_config(), "log_level": 0}).list_topics(timeout=BROKER_WAIT_S)
    except KafkaException:
        return []  # ``reachable_check`` reports it
    found: list[CheckMessage] = []
    for name, partitions in ((TOPIC, settings.KAFKA_TOPIC_PARTITIONS), (DEAD_LETTERS, 1)):
        topic = topics.topics.get(name)
        if topic is None or topic.error is not None:
            found.append(
                checks.Warning(
                    f"Kafka has no topic {name}; the workers read the log instead.",
                    hint="Run manage.py kafka_topics.",
                    id="oplog.W101",
                )
            )
        else:
            found += _topic_check(name, topic, partitions)
    return found


def _topic_check(name: str, topic: TopicMetadata, partitions: int) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    count = len(topic.partitions)
    if count < partitions:
        words = (
            f"The topic {name} has {count} partitions, KAFKA_TOPIC_PARTITIONS wants {partitions}."
        )
        hint = f"Run manage.py kafka_topics --grow, or set KAFKA_TOPIC_PARTITIONS={count}."
        found.append(checks.Warning(words, hint=hint, id="oplog.W102"))
    with_leader = [partition for partition in topic.partitions.values() if partition.leader >= 0]
    if len(with_leader) < count:
        words = f"{count - len(with_leader)} partitions of the topic {name} have no leader."
        hint = "Look at the brokers; the workers read the log meanwhile."
        found.append(checks.Warning(words, hint=hint, id="oplog.W103"))
    copies = min((len(partition.replicas) for partition in topic.partitions.values()), default=0)
    if copies < settings.KAFKA_TOPIC_REPLICAS:
        words = (
            f"The topic {name} lies on {copies} brokers, "
            f"KAFKA_TOPIC_REPLICAS wants {settings.KAFKA_TOPIC_REPLICAS}."
        )
        hint = "Move it with Kafka's own kafka-reassign-partitions."
        found.append(checks.Warning(words, hint=hint, id="oplog.W104"))
    return found
