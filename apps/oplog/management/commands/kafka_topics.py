"""``manage.py kafka_topics``: make Kafka's topics as they have to be, or say what is wrong."""

from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from apps.core.management.operator import Answer, OperatorCommand
from apps.oplog.topics import topics_ensure


class Command(OperatorCommand):
    """Make the topic of operations and that of dead letters; a second time changes nothing."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        super().add_arguments(parser)
        parser.add_argument(
            "--grow", action="store_true", help="add the partitions that are missing"
        )

    def answers(self, options: dict[str, Any]) -> Iterator[Answer]:
        """Tell of each topic what was done and how it is."""
        for state in topics_ensure(grow=options["grow"]):
            config = ", ".join(f"{name}={value}" for name, value in state.config.items())
            words = (
                f"{state.name}: {state.done} ({state.partitions} partitions, "
                f"{state.replicas} replicas, {config})"
            )
            yield Answer(asdict(state), [words])
