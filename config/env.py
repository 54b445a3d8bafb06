"""Every value that Scriptorium takes from its environment, read in one place.

Twelve-factor: services are named by URL, a missing secret stops the start with its name, and
nothing else in the tree reads ``os.environ`` for configuration. ``docs/env.md`` lists them all;
a test holds the two against each other.
"""

import os
import socket
from pathlib import Path

from environs import Env

env = Env()

#: Folder of the checkout.
BASE_DIR = Path(__file__).resolve().parent.parent


def data_dir(word: str = "up") -> Path:
    """Return the folder in which ``make WORD`` keeps its data, logs and process ids."""
    default = BASE_DIR / (".data-stack" if word == "stack" else ".data")
    return Path(env.str("DATA_DIR", str(default))).resolve()


def server_id() -> str:
    """Return this process's name among the servers: ``SERVER_ID``, else host and process id."""
    return env.str("SERVER_ID", f"{socket.gethostname()}-{os.getpid()}")


def has_server_id() -> bool:
    """Return whether somebody has given this process its name: then it is the same next time."""
    return "SERVER_ID" in os.environ
