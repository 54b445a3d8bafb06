"""Services that are there already: the environment names them by URL, so they are not started."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg
import pymongo
import redis

from apps.embedded.errors import EmbeddedError
from apps.embedded.kafka import kafka_ask
from apps.embedded.programs import ASK_S


@dataclass(frozen=True)
class ExternalService:
    """One service of somebody else. ``ask`` raises, whatever it likes, unless it answers."""

    #: The name of the program that is not started for it.
    program: str
    title: str
    variable: str
    url: str
    ask: Callable[[str], object]

    def check(self) -> None:
        """Raise ``EmbeddedError``, in one line without a password, unless it can be used."""
        try:
            self.ask(self.url)
        except Exception as err:
            reason = " ".join(str(err).split())[:300].rstrip(".")
            raise EmbeddedError(
                f"{self.title} of {self.variable} cannot be used: {reason}. Start what it names, "
                "or correct it, or unset it: then one is started here."
            ) from err


def external_services(environment: Mapping[str, str]) -> list[ExternalService]:
    """Return the services that an environment names. Raises ``EmbeddedError`` for an empty name."""
    known = (
        ("postgres", "PostgreSQL", "DATABASE_URL", _ask_postgres),
        ("redis", "Redis", "REDIS_URL", _ask_redis),
        ("mongo", "MongoDB", "MONGODB_URL", _ask_mongo),
        ("kafka", "Kafka", "KAFKA_BOOTSTRAP_SERVERS", kafka_ask),
    )
    given = []
    for program, title, variable, ask in known:
        url = environment.get(variable)
        if url is not None and not url.strip():
            raise EmbeddedError(
                f"{variable} is empty. Name {title} with it, or unset it: then one is started here."
            )
        if url is not None:
            given.append(ExternalService(program, title, variable, url, ask))
    return given


def _ask_postgres(url: str) -> None:
    _check_url(url, {"postgres", "postgresql"}, "postgres://user:password@host:5432/name")
    with psycopg.connect(url, connect_timeout=ASK_S):
        pass


def _ask_redis(url: str) -> None:
    _check_url(url, {"redis", "rediss", "unix"}, "redis://:password@host:6379/0")
    with redis.Redis.from_url(url, socket_timeout=ASK_S, socket_connect_timeout=ASK_S) as client:
        client.ping()


def _ask_mongo(url: str) -> None:
    example = "mongodb://host:27017/scriptorium"
    _check_url(url, {"mongodb", "mongodb+srv"}, example)
    with pymongo.MongoClient[dict[str, object]](
        url, serverSelectionTimeoutMS=ASK_S * 1000
    ) as client:
        # By a read: a server lets in whoever asks for nothing.
        client.get_default_database("scriptorium").list_collection_names()


def _check_url(url: str, schemes: set[str], example: str) -> None:
    if urlsplit(url).scheme not in schemes:
        raise ValueError(f"it has to look like {example}")
