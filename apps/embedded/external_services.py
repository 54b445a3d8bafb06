"""External services: the environment names them by URL, so they are used and not started."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from apps.embedded.errors import EmbeddedError
from apps.embedded.probes import probe_kafka, probe_mongo_read, probe_postgres, probe_redis


@dataclass(frozen=True)
class ExternalService:
    """One external service. ``probe`` raises any exception unless the service answers."""

    #: The name of the program that it replaces.
    program: str
    title: str
    variable: str
    url: str
    probe: Callable[[str], object]

    def check(self) -> None:
        """Raise ``EmbeddedError``, one line without a password, unless the service can be used."""
        try:
            self.probe(self.url)
        except Exception as err:
            reason = " ".join(str(err).split())[:300].rstrip(".")
            raise EmbeddedError(
                f"{self.title} of {self.variable} cannot be used: {reason}. Start that "
                "service, correct the variable, or unset it to have a service started here."
            ) from err


def external_services(environment: Mapping[str, str]) -> list[ExternalService]:
    """Return the services that an environment names. Raises ``EmbeddedError`` for an empty URL."""
    known = (
        ("postgres", "PostgreSQL", "DATABASE_URL", _probe_postgres),
        ("redis", "Redis", "REDIS_URL", _probe_redis),
        ("mongo", "MongoDB", "MONGODB_URL", _probe_mongo),
        ("kafka", "Kafka", "KAFKA_BOOTSTRAP_SERVERS", probe_kafka),
    )
    external = []
    for program, title, variable, probe in known:
        url = environment.get(variable)
        if url is not None and not url.strip():
            raise EmbeddedError(
                f"{variable} is empty. Set it to the address of {title}, or unset it to have one "
                "started here."
            )
        if url is not None:
            external.append(ExternalService(program, title, variable, url, probe))
    return external


def _probe_postgres(url: str) -> None:
    _check_url(url, {"postgres", "postgresql"}, "postgres://user:password@host:5432/name")
    probe_postgres(url)


def _probe_redis(url: str) -> None:
    _check_url(url, {"redis", "rediss", "unix"}, "redis://:password@host:6379/0")
    probe_redis(url)


def _probe_mongo(url: str) -> None:
    _check_url(url, {"mongodb", "mongodb+srv"}, "mongodb://host:27017/scriptorium")
    probe_mongo_read(url)


def _check_url(url: str, schemes: set[str], example: str) -> None:
    if urlsplit(url).scheme not in schemes:
        raise ValueError(f"it must look like {example}")
