"""Readiness probes: how a service is asked whether it serves, and the wait until it does.

A probe returns when the service answers, and otherwise raises, in its library's own way.
"""

import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable

import psycopg
import pymongo
import redis
from confluent_kafka.admin import AdminClient

#: How long one probe may take, in seconds.
PROBE_TIMEOUT_S = 2
#: Pause between two probes, in seconds.
POLL_INTERVAL_S = 0.05


def probe_postgres(url: str) -> None:
    """Raise unless PostgreSQL accepts a connection."""
    with psycopg.connect(url, connect_timeout=PROBE_TIMEOUT_S):
        pass


def probe_redis(url: str) -> None:
    """Raise unless Redis answers a ping."""
    with redis.Redis.from_url(
        url, socket_timeout=PROBE_TIMEOUT_S, socket_connect_timeout=PROBE_TIMEOUT_S
    ) as client:
        client.ping()


def probe_port(port: int) -> None:
    """Raise unless a port of this machine accepts connections."""
    socket.create_connection(("127.0.0.1", port), PROBE_TIMEOUT_S).close()


def probe_mongo(url: str) -> None:
    """Raise unless a server of MongoDB's wire protocol answers a ping; needs no rights."""
    with _mongo_client(url) as client:
        client.admin.command("ping")


def probe_mongo_read(url: str) -> None:
    """Raise unless the database of the URL can be read; a ping does not check the password."""
    with _mongo_client(url) as client:
        client.get_default_database("scriptorium").list_collection_names()


def probe_kafka(servers: str) -> None:
    """Raise unless a broker answers with its metadata."""
    client = AdminClient({"bootstrap.servers": servers, "log_level": 0})
    client.list_topics(timeout=PROBE_TIMEOUT_S)


def probe_http(url: str) -> None:
    """Raise unless a server of this machine answers with a page; any certificate is accepted."""
    context = ssl._create_unverified_context()  # noqa: S323, SLF001 - nothing secret is sent
    with urllib.request.urlopen(url, timeout=PROBE_TIMEOUT_S, context=context) as answer:  # noqa: S310 - our own address
        answer.read()


def wait_until_ready(
    probe: Callable[[], Exception | None], has_failed: Callable[[float], bool]
) -> Exception | None:
    """Call ``probe`` until it returns None; return its last error once ``has_failed`` is true.

    ``has_failed`` is given the seconds waited so far.
    """
    started = time.monotonic()
    while (error := probe()) is not None:
        if has_failed(time.monotonic() - started):
            return error
        threading.Event().wait(POLL_INTERVAL_S)
    return None


def _mongo_client(url: str) -> "pymongo.MongoClient[dict[str, object]]":
    return pymongo.MongoClient(url, serverSelectionTimeoutMS=PROBE_TIMEOUT_S * 1000)
