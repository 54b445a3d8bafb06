"""The plan that a launcher carries out: that of ``make up``, and parts shared with the stack."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TypeAlias

from apps.embedded.data_dir import RELAYS_FILE, DataDir, write_private
from apps.embedded.database import check_namespace, database_create, database_exists
from apps.embedded.external_services import ExternalService
from apps.embedded.programs import (
    ROOT,
    Program,
    Site,
    mongo_password_file,
    product,
    redis_config_file,
    services,
    web_server_names,
)

#: Prints the title of a step while a block runs, and then how long it took.
Step: TypeAlias = Callable[[str], AbstractContextManager[None]]
#: A management command: the title that is printed, and its arguments.
Command: TypeAlias = tuple[str, Sequence[str]]

MIGRATE: Command = ("Database tables", ("migrate", "--no-input", "--verbosity", "1"))


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
    #: Management commands that run between the services and the product.
    commands: Sequence[Command]
    external: list[ExternalService] = field(default_factory=list)

    @property
    def programs(self) -> list[Program]:
        """Return everything that is started, in order."""
        return [*self.services, *self.product]


def up_plan(
    data_dir: DataDir, site: Site, *, web_processes: int = 1, only_services: bool = False
) -> Plan:
    """Return the plan of ``make up``; ``only_services`` leaves out the product."""
    if web_processes > 1:
        data_dir = data_dir.with_ports(web_server_names(web_processes))

    def prepare(step: Step) -> None:
        folders_create(data_dir)
        postgres_prepare(data_dir, step)

    return Plan(
        make_target="up",
        site=site,
        entrypoint="web",
        environment=environment_of(
            data_dir,
            {
                **data_dir.urls(),
                "KAFKA_STATIC_MEMBERS": "false",
                # No gateway hides them from other machines.
                **({} if site.is_loopback else {"PROBES_LOCAL_ONLY": "true"}),
            },
            site,
        ),
        services=services(data_dir),
        product=[] if only_services else product(data_dir, site, web_processes=web_processes),
        prepare=prepare,
        commands=(MIGRATE, seed(data_dir)),
    )


def seed(data_dir: DataDir) -> Command:
    """Return the command that creates the demo; new random passwords go to a private file."""
    words = ("seed_demo", "--passwords-file", str(data_dir.new_passwords_file))
    return "Demo people and welcome document", words


def environment_of(
    data_dir: DataDir, urls: Mapping[str, str], site: Site | None = None
) -> dict[str, str]:
    """Return the environment of all programs: that of this process, and the product's settings.

    A password that everybody knows is for a site that only this machine reaches.
    """
    environment = {
        **os.environ,
        **urls,
        "DJANGO_SETTINGS_MODULE": "config.settings.embedded",
        "DATA_DIR": str(data_dir.path),
        "SECRET_KEY": data_dir.secret_key,
        "CRASH_JOURNAL_DIR": str(data_dir.path / "crash"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(ROOT),
    }
    if site is not None and not site.is_loopback:
        environment["DEMO_PASSWORD_KNOWN"] = "false"  # noqa: S105 - not a password
    environment.setdefault("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
    relays_file = data_dir.path / RELAYS_FILE
    if relays_file.exists():
        environment.setdefault("RELAYS_UNTIL", relays_file.read_text().strip())
    return environment


def folders_create(data_dir: DataDir) -> None:
    """Create the folders of Redis and of the embedded MongoDB server, and their secrets."""
    for name in ("redis", "mongo"):
        (data_dir.path / name).mkdir(mode=0o700, exist_ok=True)
    write_private(redis_config_file(data_dir), f"requirepass {data_dir.password}\n")
    write_private(mongo_password_file(data_dir), f"{data_dir.password}\n")


def postgres_prepare(data_dir: DataDir, step: Step) -> None:
    """Create PostgreSQL's folder unless it exists."""
    if not database_exists(data_dir.path):
        check_namespace()
        with step("New PostgreSQL database"):
            database_create(data_dir)
