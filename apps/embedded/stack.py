"""``make stack``: the plan of the product on full-size services, on one machine.

PostgreSQL, Redis and nginx are those of the system, and Kafka is Apache Kafka. Three web servers
run behind the gateway, with two workers. A service that the environment names by its URL is used
and not started. MongoDB is the embedded server unless ``MONGODB_URL`` names a real one.
"""

import os
from dataclasses import replace

from apps.embedded.binaries import nginx_binary
from apps.embedded.data_dir import DataDir
from apps.embedded.external_services import ExternalService, external_services
from apps.embedded.gateway import Gateway
from apps.embedded.kafka import (
    folder_create,
    folder_exists,
    jars_download,
    jars_exist,
    kafka,
    properties_write,
)
from apps.embedded.plan import (
    MIGRATE,
    Command,
    Plan,
    Step,
    environment_of,
    folders_create,
    postgres_prepare,
    seed,
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


def stack_plan(data_dir: DataDir, gateway: Gateway) -> Plan:
    """Return the plan of ``make stack``. Raises ``EmbeddedError`` if a program is not installed."""
    external = external_services(os.environ)
    started = [name for name in _MAKERS if name not in {service.program for service in external}]
    nginx_binary()

    def prepare(step: Step) -> None:
        folders_create(data_dir)
        gateway.write(data_dir)
        if "postgres" in started:
            postgres_prepare(data_dir, step)
        if "kafka" in started:
            _kafka_prepare(data_dir, step)

    return Plan(
        make_target="stack",
        site=gateway.site,
        entrypoint="gateway",
        environment=stack_environment(data_dir, external, gateway.site),
        services=stack_services(data_dir, started),
        product=[gateway.program(data_dir), *web_servers(data_dir), *map(worker, WORKERS), beat()],
        prepare=prepare,
        external=external,
        # The operator of an external Kafka creates its topics, by the same command.
        commands=(*((_TOPICS,) if "kafka" in started else ()), MIGRATE, seed(data_dir)),
    )


def stack_services(data_dir: DataDir, names: list[str]) -> list[Program]:
    """Return the named services, in the order of their start."""
    programs = [_MAKERS[name](data_dir) for name in names]
    titles = {"mongo": "MongoDB (the embedded server; MONGODB_URL names a real one)"}
    return [replace(program, title=titles.get(program.name, program.title)) for program in programs]


def stack_environment(
    data_dir: DataDir, external: list[ExternalService], site: Site | None = None
) -> dict[str, str]:
    """Return the environment of all programs; the URLs of external services stay."""
    urls = data_dir.urls() | {service.variable: service.url for service in external}
    if "ATTACHMENTS_URL" in os.environ:  # no program is started for it
        del urls["ATTACHMENTS_URL"]
    if "REDIS_URL" in {service.variable for service in external}:
        del urls["CELERY_BROKER_URL"]  # by default the same as REDIS_URL
    return environment_of(data_dir, {**urls, "TRUSTED_PROXIES": "1"}, site)


def web_servers(data_dir: DataDir) -> list[Program]:
    """Return the web servers; they listen on loopback, where the gateway reaches them."""
    return [
        web_server(name, Site("127.0.0.1", data_dir.ports[name]), server_id=name)
        for name in WEB_SERVERS
    ]


def _kafka_prepare(data_dir: DataDir, step: Step) -> None:
    if not jars_exist():
        with step("Apache Kafka from Maven Central, once"):
            jars_download(data_dir)
    if not folder_exists(data_dir):
        with step("New Kafka folder"):
            folder_create(data_dir)
    properties_write(data_dir)
