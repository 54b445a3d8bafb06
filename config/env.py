"""Every value that Scriptorium takes from its environment, read in one place.

Twelve-factor: services are named by URL, a missing secret stops the start with its name, and
nothing else in the tree reads ``os.environ`` for configuration. ``docs/env.md`` lists them all;
a test holds the two against each other. Each may stand in a file instead, which ``<NAME>_FILE``
names: that is how containers are given secrets.
"""

import os
import re
import socket
from pathlib import Path
from typing import Any

from environs import EnvError, FileAwareEnv, ValidationError
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri


class FileOrValueEnv(FileAwareEnv):
    """An environment whose variables may stand in files, each in one of the two places.

    A file that were simply preferred would let a stray ``DATABASE_URL_FILE`` lead ``make up``,
    which says ``DATABASE_URL`` itself, to somebody else's database.
    """

    def _get_value(self, env_key: str, default: Any) -> Any:
        file_key = f"{env_key}{self.file_suffix}"
        if {env_key, file_key} <= set(os.environ):
            raise EnvError(f'Set "{env_key}" or "{file_key}", not both.')
        return super()._get_value(env_key, default)


env = FileOrValueEnv(strip_whitespace=True)

#: Folder of the checkout.
BASE_DIR = Path(__file__).resolve().parent.parent


def data_dir_path(word: str = "up") -> Path:
    """Return the folder in which ``make WORD`` keeps its data, logs and process ids."""
    default = BASE_DIR / (".data-stack" if word == "stack" else ".data")
    return Path(env.str("DATA_DIR", str(default))).resolve()


def server_id() -> str:
    """Return this process's name among the servers: ``SERVER_ID``, else host and process id."""
    return env.str("SERVER_ID", f"{socket.gethostname()}-{os.getpid()}")


def has_server_id() -> bool:
    """Return whether somebody has given this process its name: then it is the same next time."""
    return bool({"SERVER_ID", "SERVER_ID_FILE"} & set(os.environ))


def http_url_or_empty(value: str) -> None:
    """Raise ``ValidationError`` for what is no address of HTTP."""
    if value and not re.fullmatch(r"https?://[^\s/]+(/\S*)?", value):
        raise ValidationError("it has to look like http://host:4318")


def mongodb_url(value: str) -> None:
    """Raise ``ValidationError`` for what MongoDB's driver does not take. Resolves no name."""
    if value.startswith("mongodb+srv://"):
        return
    try:
        parse_uri(value)
    except (PyMongoError, ValueError):  # its words may have the password
        raise ValidationError("it has to look like mongodb://host:27017/scriptorium") from None


def redis_url(value: str) -> None:
    """Raise ``ValidationError`` for what is no URL of Redis."""
    if not re.fullmatch(r"(rediss?|unix)://\S+", value):
        raise ValidationError("it has to look like redis://:password@host:6379/0")


def broker_url(value: str) -> None:
    """Raise ``ValidationError`` for what is no URL of Redis as Celery writes them."""
    if not re.fullmatch(r"(rediss?|redis\+socket|sentinel)://\S+", value):
        raise ValidationError("it has to look like redis://:password@host:6379/1")


def kafka_servers(value: str) -> None:
    """Raise ``ValidationError`` for what is no list of brokers."""
    broker = re.compile(r"\s*([A-Z_]+://)?(\[[0-9a-fA-F:]+\]|[^\s/:]+)(:\d+)?\s*")
    if not all(broker.fullmatch(each) for each in value.split(",")):
        raise ValidationError("it has to look like host:9092,other-host:9092")
