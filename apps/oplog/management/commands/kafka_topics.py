"""``manage.py kafka_topics``: create Kafka's topics, or correct their configuration."""

from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from apps.core.management.operator import OperatorCommand, Result
from apps.oplog.topics import topics_ensure


class Command(OperatorCommand):
    """Create the topics of operations and of dead letters; a repeated run changes nothing."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        super().add_arguments(parser)
        parser.add_argument(
            "--grow", action="store_true", help="add the partitions that are missing"
        )

    def results(self, options: dict[str, Any]) -> Iterator[Result]:
        """Report each topic: its change and its configuration."""
        for state in topics_ensure(grow=options["grow"]):
            config = ", ".join(f"{name}={value}" for name, value in state.config.items())
            words = (
                f"{state.name}: {state.done} ({state.partitions} partitions, "
                f"{state.replicas} replicas, {config})"
            )
            yield Result(asdict(state), [words])
