"""The topics in Kafka: created as specified, or corrected (``manage.py kafka_topics``).

Idempotent. The configuration of a topic is corrected; partitions are added only on request, because
that moves the operations of a document to another partition.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    TopicMetadata,
)
from django.conf import settings

from apps.core.errors import ConflictError, TransientError
from apps.oplog.publisher import (
    BROKER_WAIT_S,
    DEAD_LETTERS,
    MESSAGE_MAX_BYTES,
    TOPIC,
    client_config,
)

#: Longest wait for one change of a topic, in seconds.
TOPIC_CHANGE_WAIT_S = 30.0
#: Replicas of a topic, where KAFKA_TOPIC_REPLICAS is not set and there are as many brokers.
DEFAULT_REPLICAS = 3
_HOUR_MS = 3_600_000
#: Dead letters wait for an operator, so they are retained this many times longer.
_DEAD_LETTER_RETENTION_FACTOR = 4


class KafkaAwayError(TransientError):
    """No broker answers, or a broker refused a change."""

    code = "kafka_away"


class TooFewPartitionsError(ConflictError):
    """A topic has fewer partitions than configured."""

    code = "too_few_partitions"


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """The required partitions and configuration of a topic."""

    name: str
    partitions: int
    config: dict[str, str]


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic after ``topics_ensure``: ``done`` is ``created``, ``changed`` or ``unchanged``."""

    name: str
    done: str
    partitions: int
    replicas: int
    config: dict[str, str]


def topics_ensure(*, grow: bool = False) -> list[TopicState]:
    """Create the topics, or correct their configuration; ``grow`` adds missing partitions.

    Raises ``KafkaAwayError``, and ``TooFewPartitionsError`` before a topic is changed.
    """
    admin = AdminClient({**client_config(), "log_level": 0})
    try:
        brokers = len(admin.list_topics(timeout=BROKER_WAIT_S).brokers)
        replicas = settings.KAFKA_TOPIC_REPLICAS or min(brokers, DEFAULT_REPLICAS)
        return [_ensure(admin, spec, replicas, grow=grow) for spec in _specs(replicas)]
    except KafkaException as err:
        error = err.args[0]
        raise KafkaAwayError(
            f"Kafka at {settings.KAFKA_BOOTSTRAP_SERVERS} (KAFKA_BOOTSTRAP_SERVERS): {error.str()}."
        ) from err


def _specs(replicas: int) -> list[TopicSpec]:
    hours = settings.KAFKA_RETENTION_HOURS
    common = {
        "cleanup.policy": "delete",
        "max.message.bytes": str(MESSAGE_MAX_BYTES),
        # One broker may be away, and a confirmed message is on two disks.
        "min.insync.replicas": str(max(1, replicas - 1)),
    }
    retention = {"retention.ms": str(hours * _HOUR_MS)}
    dead_letter_retention = {"retention.ms": str(hours * _HOUR_MS * _DEAD_LETTER_RETENTION_FACTOR)}
    return [
        TopicSpec(TOPIC, settings.KAFKA_TOPIC_PARTITIONS, {**common, **retention}),
        TopicSpec(DEAD_LETTERS, 1, {**common, **dead_letter_retention}),
    ]


def _ensure(admin: AdminClient, spec: TopicSpec, replicas: int, *, grow: bool) -> TopicState:
    # All topics are listed: a broker may create a topic that is looked up by its name.
    found = admin.list_topics(timeout=BROKER_WAIT_S).topics.get(spec.name)
    if found is not None:
        return _adjust(admin, spec, found, grow=grow)
    new = NewTopic(spec.name, spec.partitions, replicas, config=spec.config)
    _wait(admin.create_topics([new], operation_timeout=TOPIC_CHANGE_WAIT_S))
    return TopicState(spec.name, "created", spec.partitions, replicas, spec.config)


def _adjust(admin: AdminClient, spec: TopicSpec, found: TopicMetadata, *, grow: bool) -> TopicState:
    partitions = len(found.partitions)
    if partitions < spec.partitions:
        if not grow:
            raise TooFewPartitionsError(
                f"The topic {spec.name} has {partitions} partitions, wanted are "
                f"{spec.partitions} (KAFKA_TOPIC_PARTITIONS). Add them with kafka_topics --grow "
                "(documents move to other partitions, the workers cope), or set "
                f"KAFKA_TOPIC_PARTITIONS={partitions}.",
                extra={"topic": spec.name, "has": partitions, "wanted": spec.partitions},
            )
        _wait(admin.create_partitions([NewPartitions(spec.name, spec.partitions)]))
    changed = _configure(admin, spec) or partitions < spec.partitions
    return TopicState(
        spec.name,
        "changed" if changed else "unchanged",
        max(partitions, spec.partitions),
        len(found.partitions[0].replicas),
        spec.config,
    )


def _configure(admin: AdminClient, spec: TopicSpec) -> bool:
    """Set the entries that differ; return whether any did."""
    topic = ConfigResource(ConfigResource.Type.TOPIC, spec.name)
    [described] = admin.describe_configs([topic]).values()
    present = described.result(TOPIC_CHANGE_WAIT_S)
    entries = [
        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
        for name, value in spec.config.items()
        if present[name].value != value
    ]
    if entries:
        changes = ConfigResource(ConfigResource.Type.TOPIC, spec.name, incremental_configs=entries)
        _wait(admin.incremental_alter_configs([changes]))
    return bool(entries)


def _wait(futures: dict[Any, Any]) -> None:
    """Wait for the brokers' answers. Raises ``KafkaException``."""
    results: list[Callable[[float], object]] = [future.result for future in futures.values()]
    for result in results:
        result(TOPIC_CHANGE_WAIT_S)
