"""``make stack``: the same product on full-size services, on one machine.

PostgreSQL, Redis and nginx are the system's, Kafka is Apache's own; three web servers stand behind
the gateway, two workers beside them. A service that the environment names by its URL is used, and
not started. MongoDB is the embedded server unless ``MONGODB_URL`` names a real one.
"""

import os
from dataclasses import replace

from apps.embedded.binaries import nginx_binary
from apps.embedded.data_dir import DataDir
from apps.embedded.external_services import ExternalService, external_services
from apps.embedded.gateway import Gateway
from apps.embedded.kafka import (
    folder_is_there,
    folder_make,
    jars_are_there,
    jars_bring,
    kafka,
    properties_write,
)
from apps.embedded.plan import (
    MIGRATE,
    SEED,
    Command,
    Plan,
    Step,
    environment_of,
    folders_make,
    postgres_prepare,
)
from apps.embedded.programs import (
    Program,
    Site,
    beat,
    mongo_server,
    postgres,
    redis_server,
    web_server,
    worker,
)

WEB_SERVERS = ("web-1", "web-2", "web-3")
WORKERS = ("worker-1", "worker-2")
_TOPICS: Command = ("Kafka's topics", ("kafka_topics",))
_MAKERS = {"postgres": postgres, "redis": redis_server, "mongo": mongo_server, "kafka": kafka}


def stack_plan(place: DataDir, gateway: Gateway) -> Plan:
    """Return what ``make stack`` is. Raises ``EmbeddedError`` where something is not installed."""
    given = external_services(os.environ)
    started = [name for name in _MAKERS if name not in {each.program for each in given}]
    nginx_binary()

    def prepare(step: Step) -> None:
        folders_make(place)
        gateway.write(place)
        if "postgres" in started:
            postgres_prepare(place, step)
        if "kafka" in started:
            _kafka_prepare(place, step)

    return Plan(
        word="stack",
        site=gateway.site,
        door="gateway",
        environment=stack_environment(place, given),
        services=stack_services(place, started),
        product=[gateway.program(place), *web_servers(place), *map(worker, WORKERS), beat()],
        prepare=prepare,
        given=given,
        # The topics of somebody else's Kafka are theirs to make, by the same command.
        commands=(*((_TOPICS,) if "kafka" in started else ()), MIGRATE, SEED),
    )


def stack_services(place: DataDir, names: list[str]) -> list[Program]:
    """Return the named services, in the order of their start."""
    programs = [_MAKERS[name](place) for name in names]
    told = {"mongo": "MongoDB (the embedded server; MONGODB_URL names a real one)"}
    return [replace(each, title=told.get(each.name, each.title)) for each in programs]


def stack_environment(place: DataDir, given: list[ExternalService]) -> dict[str, str]:
    """Return the environment of all children; what is given there already stays."""
    urls = place.urls() | {each.variable: each.url for each in given}
    if "REDIS_URL" in {each.variable for each in given}:
        del urls["CELERY_BROKER_URL"]  # by default the same as REDIS_URL
    return environment_of(place, {**urls, "TRUSTED_PROXIES": "1"})


def web_servers(place: DataDir) -> list[Program]:
    """Return the web servers; nobody but the gateway of this machine reaches them."""
    return [
        web_server(name, Site("127.0.0.1", place.ports[name]), server_id=name)
        for name in WEB_SERVERS
    ]


def _kafka_prepare(place: DataDir, step: Step) -> None:
    if not jars_are_there():
        with step("Apache Kafka from Maven Central, once"):
            jars_bring(place)
    if not folder_is_there(place):
        with step("New Kafka folder"):
            folder_make(place)
    properties_write(place)
