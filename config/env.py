"""The environment variables of Scriptorium, read in one place.

Twelve-factor: services are named by URL, a missing secret stops the start with its name, and
nothing else reads ``os.environ`` for configuration. ``docs/env.md`` lists all variables; a test
compares the two. The value of each variable may be in a file that ``<NAME>_FILE`` names, as
containers provide secrets.
"""

import os
import re
import socket
from pathlib import Path
from typing import Any

from environs import EnvError, FileAwareEnv, ValidationError


class FileOrValueEnv(FileAwareEnv):
    """An environment whose values may be in files; setting both is an error.

    If the file were preferred, a stray ``DATABASE_URL_FILE`` would connect ``make up``, which sets
    ``DATABASE_URL``, to another database.
    """

    def _get_value(self, env_key: str, default: Any) -> Any:
        file_key = f"{env_key}{self.file_suffix}"
        if {env_key, file_key} <= set(os.environ):
            raise EnvError(f'Set "{env_key}" or "{file_key}", not both.')
        return super()._get_value(env_key, default)


env = FileOrValueEnv(strip_whitespace=True)

#: Folder of the checkout.
BASE_DIR = Path(__file__).resolve().parent.parent


def data_dir_path(make_target: str = "up") -> Path:
    """Return the folder with the data, logs and pid files of ``make up`` or ``make stack``."""
    default = BASE_DIR / (".data-stack" if make_target == "stack" else ".data")
    return Path(env.str("DATA_DIR", str(default))).resolve()


def server_id() -> str:
    """Return this process's name among the servers: ``SERVER_ID``, else host and process id."""
    return env.str("SERVER_ID", f"{socket.gethostname()}-{os.getpid()}")


def has_server_id() -> bool:
    """Return whether ``SERVER_ID`` is set, so that the name is the same after a restart."""
    return bool({"SERVER_ID", "SERVER_ID_FILE"} & set(os.environ))


def http_url_or_empty(value: str) -> None:
    """Raise ``ValidationError`` unless the value is an HTTP URL or empty."""
    if value and not re.fullmatch(r"https?://[^\s/]+(/\S*)?", value):
        raise ValidationError("it must look like http://host:4318")


def mongodb_url(value: str) -> None:
    """Raise ``ValidationError`` unless MongoDB's driver accepts the URL. Resolves no host name."""
    from pymongo.errors import PyMongoError
    from pymongo.uri_parser import parse_uri

    if value.startswith("mongodb+srv://"):
        return
    try:
        parse_uri(value)
    except (PyMongoError, ValueError):  # its message may contain the password
        raise ValidationError("it must look like mongodb://host:27017/scriptorium") from None


def redis_url(value: str) -> None:
    """Raise ``ValidationError`` unless the value is a URL of Redis."""
    if not re.fullmatch(r"(rediss?|unix)://\S+", value):
        raise ValidationError("it must look like redis://:password@host:6379/0")


def broker_url(value: str) -> None:
    """Raise ``ValidationError`` unless the value is a URL of Redis in Celery's form."""
    if not re.fullmatch(r"(rediss?|redis\+socket|sentinel)://\S+", value):
        raise ValidationError("it must look like redis://:password@host:6379/1")


def attachments_url(value: str) -> None:
    """Raise ``ValidationError`` unless the value names a folder or a bucket, or is empty."""
    if value and not re.fullmatch(
        r"file:///\S.*|s3://\S*[^/\s]/[a-z0-9][a-z0-9.-]+[a-z0-9]\S*", value
    ):
        raise ValidationError(
            "it must look like file:///srv/files or s3://key:secret@host:9000/bucket"
        )


def kafka_servers(value: str) -> None:
    """Raise ``ValidationError`` unless the value is a list of brokers."""
    broker = re.compile(r"\s*([A-Z_]+://)?(\[[0-9a-fA-F:]+\]|[^\s/:]+)(:\d+)?\s*")
    if not all(broker.fullmatch(server) for server in value.split(",")):
        raise ValidationError("it must look like host:9092,other-host:9092")
