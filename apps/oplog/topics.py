"""The topics in Kafka: made with what they need, or held against that (``kafka_topics``).

Idempotent. What a topic says of itself is put right; how many partitions it has is a decision that
this does not take by itself, for a document's operations move to another partition with it.
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

#: How long a broker may take for one change, in seconds.
TOPIC_CHANGE_WAIT_S = 30.0
#: Copies of each message where nobody says another number, and there are as many brokers.
DEFAULT_REPLICAS = 3
_HOUR_MS = 3_600_000
#: Messages that nobody could read wait for a person, so they are kept longer.
_DEAD_LETTER_TIMES = 4


class KafkaAwayError(TransientError):
    """No broker answers, or one did not take a change."""

    code = "kafka_away"


class TooFewPartitionsError(ConflictError):
    """A topic has fewer partitions than are wanted."""

    code = "too_few_partitions"


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic as it has to be."""

    name: str
    partitions: int
    config: dict[str, str]


@dataclass(frozen=True, slots=True)
class TopicState:
    """What became of a topic: ``done`` is ``created``, ``changed`` or ``unchanged``."""

    name: str
    done: str
    partitions: int
    replicas: int
    config: dict[str, str]


def topics_ensure(*, grow: bool = False) -> list[TopicState]:
    """Make the topics, or put right what they say of themselves; ``grow`` adds partitions.

    Raises ``KafkaAwayError``, and ``TooFewPartitionsError`` before anything of a topic is changed.
    """
    admin = AdminClient({**client_config(), "log_level": 0})
    try:
        brokers = len(admin.list_topics(timeout=BROKER_WAIT_S).brokers)
        replicas = settings.KAFKA_TOPIC_REPLICAS or min(brokers, DEFAULT_REPLICAS)
        return [_ensure(admin, wanted, replicas, grow=grow) for wanted in _wanted(replicas)]
    except KafkaException as err:
        error = err.args[0]
        raise KafkaAwayError(
            f"Kafka at {settings.KAFKA_BOOTSTRAP_SERVERS} (KAFKA_BOOTSTRAP_SERVERS): {error.str()}."
        ) from err


def _wanted(replicas: int) -> list[TopicSpec]:
    hours = settings.KAFKA_RETENTION_HOURS
    common = {
        "cleanup.policy": "delete",
        "max.message.bytes": str(MESSAGE_MAX_BYTES),
        # With one copy to spare: a broker may be away, and what is confirmed is on two disks.
        "min.insync.replicas": str(max(1, replicas - 1)),
    }
    kept = {"retention.ms": str(hours * _HOUR_MS)}
    longer = {"retention.ms": str(hours * _HOUR_MS * _DEAD_LETTER_TIMES)}
    return [
        TopicSpec(TOPIC, settings.KAFKA_TOPIC_PARTITIONS, {**common, **kept}),
        TopicSpec(DEAD_LETTERS, 1, {**common, **longer}),
    ]


def _ensure(admin: AdminClient, wanted: TopicSpec, replicas: int, *, grow: bool) -> TopicState:
    # Of all topics: a broker that is asked for one by its name may make it, as it likes.
    found = admin.list_topics(timeout=BROKER_WAIT_S).topics.get(wanted.name)
    if found is not None:
        return _adjust(admin, wanted, found, grow=grow)
    new = NewTopic(wanted.name, wanted.partitions, replicas, config=wanted.config)
    _wait(admin.create_topics([new], operation_timeout=TOPIC_CHANGE_WAIT_S))
    return TopicState(wanted.name, "created", wanted.partitions, replicas, wanted.config)


def _adjust(
    admin: AdminClient, wanted: TopicSpec, found: TopicMetadata, *, grow: bool
) -> TopicState:
    partitions = len(found.partitions)
    if partitions < wanted.partitions:
        if not grow:
            raise TooFewPartitionsError(
                f"The topic {wanted.name} has {partitions} partitions, wanted are "
                f"{wanted.partitions} (KAFKA_TOPIC_PARTITIONS). Add them with kafka_topics --grow "
                "(documents move to other partitions, the workers cope), or set "
                f"KAFKA_TOPIC_PARTITIONS={partitions}.",
                extra={"topic": wanted.name, "has": partitions, "wanted": wanted.partitions},
            )
        _wait(admin.create_partitions([NewPartitions(wanted.name, wanted.partitions)]))
    changed = _configure(admin, wanted) or partitions < wanted.partitions
    return TopicState(
        wanted.name,
        "changed" if changed else "unchanged",
        max(partitions, wanted.partitions),
        len(found.partitions[0].replicas),
        wanted.config,
    )


def _configure(admin: AdminClient, wanted: TopicSpec) -> bool:
    """Set what is not as it has to be; tell whether there was something."""
    topic = ConfigResource(ConfigResource.Type.TOPIC, wanted.name)
    [described] = admin.describe_configs([topic]).values()
    present = described.result(TOPIC_CHANGE_WAIT_S)
    entries = [
        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
        for name, value in wanted.config.items()
        if present[name].value != value
    ]
    if entries:
        changes = ConfigResource(
            ConfigResource.Type.TOPIC, wanted.name, incremental_configs=entries
        )
        _wait(admin.incremental_alter_configs([changes]))
    return bool(entries)


def _wait(futures: dict[Any, Any]) -> None:
    """Wait for the brokers' answers. Raises ``KafkaException``."""
    results: list[Callable[[float], object]] = [future.result for future in futures.values()]
    for result in results:
        result(TOPIC_CHANGE_WAIT_S)
