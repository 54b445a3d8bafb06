"""What a launcher is to do: for ``make up``, and what that has in common with ``make stack``."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TypeAlias

from apps.embedded.data_dir import DataDir, write_private
from apps.embedded.database import check_namespace, database_exists, database_make
from apps.embedded.external_services import ExternalService
from apps.embedded.programs import (
    ROOT,
    Program,
    Site,
    product,
    redis_config_file,
    services,
)

#: Says what goes on while a block runs, and afterwards how long it took.
Step: TypeAlias = Callable[[str], AbstractContextManager[None]]
#: A management command: what a person is told, and its words.
Command: TypeAlias = tuple[str, Sequence[str]]

MIGRATE: Command = ("Database tables", ("migrate", "--no-input", "--verbosity", "1"))
SEED: Command = ("Demo people and welcome document", ("seed_demo",))


@dataclass(frozen=True)
class Plan:
    """What to start on a place, in order, and what comes in between."""

    #: The word of the Makefile.
    word: str
    site: Site
    #: The program that listens at the site.
    door: str
    environment: dict[str, str]
    services: list[Program]
    product: list[Program]
    #: Makes what the services need, before any of them starts.
    prepare: Callable[[Step], None]
    given: list[ExternalService] = field(default_factory=list)
    #: Between the services and the product.
    commands: Sequence[Command] = (MIGRATE, SEED)

    @property
    def programs(self) -> list[Program]:
        """Return everything that is started, in order."""
        return [*self.services, *self.product]


def up_plan(place: DataDir, site: Site, *, only_services: bool = False) -> Plan:
    """Return what ``make up`` is. ``only_services`` leaves out the product."""

    def prepare(step: Step) -> None:
        folders_make(place)
        postgres_prepare(place, step)

    return Plan(
        word="up",
        site=site,
        door="web",
        environment=environment_of(place, {**place.urls(), "KAFKA_STATIC_MEMBERS": "false"}),
        services=services(place),
        product=[] if only_services else product(site),
        prepare=prepare,
    )


def environment_of(place: DataDir, urls: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of all children: this one's, and the settings of the product."""
    environment = {
        **os.environ,
        **urls,
        "DJANGO_SETTINGS_MODULE": "config.settings.embedded",
        "DATA_DIR": str(place.data_dir),
        "SECRET_KEY": place.secret_key,
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(ROOT),
    }
    environment.setdefault("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
    return environment


def folders_make(place: DataDir) -> None:
    """Make what Redis and the embedded MongoDB server find their data and settings in."""
    for name in ("redis", "mongo"):
        (place.data_dir / name).mkdir(mode=0o700, exist_ok=True)
    write_private(redis_config_file(place), f"requirepass {place.password}\n")


def postgres_prepare(place: DataDir, step: Step) -> None:
    """Make PostgreSQL's folder where there is none."""
    if not database_exists(place.data_dir):
        check_namespace()
        with step("New PostgreSQL database"):
            database_make(place)
