"""The plan that a launcher carries out: that of ``make up``, and parts shared with the stack."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TypeAlias

from apps.embedded.data_dir import DataDir, write_private
from apps.embedded.database import check_namespace, database_create, database_exists
from apps.embedded.external_services import ExternalService
from apps.embedded.programs import (
    ROOT,
    Program,
    Site,
    product,
    redis_config_file,
    services,
)

#: Prints the title of a step while a block runs, and then how long it took.
Step: TypeAlias = Callable[[str], AbstractContextManager[None]]
#: A management command: the title that is printed, and its arguments.
Command: TypeAlias = tuple[str, Sequence[str]]

MIGRATE: Command = ("Database tables", ("migrate", "--no-input", "--verbosity", "1"))
SEED: Command = ("Demo people and welcome document", ("seed_demo",))


@dataclass(frozen=True)
class Plan:
    """The programs to start on a data folder, in order, and the steps in between."""

    #: The target of the Makefile.
    make_target: str
    site: Site
    #: The program that listens at the site.
    entrypoint: str
    environment: dict[str, str]
    services: list[Program]
    product: list[Program]
    #: Creates the files that the services need, before any of them starts.
    prepare: Callable[[Step], None]
    external: list[ExternalService] = field(default_factory=list)
    #: Management commands that run between the services and the product.
    commands: Sequence[Command] = (MIGRATE, SEED)

    @property
    def programs(self) -> list[Program]:
        """Return everything that is started, in order."""
        return [*self.services, *self.product]


def up_plan(data_dir: DataDir, site: Site, *, only_services: bool = False) -> Plan:
    """Return the plan of ``make up``; ``only_services`` leaves out the product."""

    def prepare(step: Step) -> None:
        folders_create(data_dir)
        postgres_prepare(data_dir, step)

    return Plan(
        make_target="up",
        site=site,
        entrypoint="web",
        environment=environment_of(data_dir, {**data_dir.urls(), "KAFKA_STATIC_MEMBERS": "false"}),
        services=services(data_dir),
        product=[] if only_services else product(site),
        prepare=prepare,
    )


def environment_of(data_dir: DataDir, urls: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of all programs: that of this process, and the product's settings."""
    environment = {
        **os.environ,
        **urls,
        "DJANGO_SETTINGS_MODULE": "config.settings.embedded",
        "DATA_DIR": str(data_dir.path),
        "SECRET_KEY": data_dir.secret_key,
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(ROOT),
    }
    environment.setdefault("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
    return environment


def folders_create(data_dir: DataDir) -> None:
    """Create the folders of Redis and of the embedded MongoDB server, and Redis' configuration."""
    for name in ("redis", "mongo"):
        (data_dir.path / name).mkdir(mode=0o700, exist_ok=True)
    write_private(redis_config_file(data_dir), f"requirepass {data_dir.password}\n")


def postgres_prepare(data_dir: DataDir, step: Step) -> None:
    """Create PostgreSQL's folder unless it exists."""
    if not database_exists(data_dir.path):
        check_namespace()
        with step("New PostgreSQL database"):
            database_create(data_dir)
