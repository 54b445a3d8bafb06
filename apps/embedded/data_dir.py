"""The data folder of an embedded Scriptorium: its paths, ports and secrets."""

import contextlib
import json
import os
import random
import secrets
import socket
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from apps.embedded.errors import EmbeddedError

SERVICES = ("postgres", "redis", "mongo", "kafka")
#: The kinds of data folder, by target of the Makefile, with the programs that need a port on
#: loopback. The two store data in different forms, so the kind of a folder never changes.
KINDS = {
    "up": SERVICES,
    "stack": (*SERVICES, "kafka-controller", "web-1", "web-2", "web-3"),
}
#: The folder with the files that are attached to documents.
FILES_FOLDER = "files"
#: The file with ``RELAYS_UNTIL``, which a restore writes.
RELAYS_FILE = "relays_until"
#: Below the range from which systems assign ports to outgoing connections: a stored port must not
#: be in use by chance later.
_PORT_RANGE = range(20_000, 32_000)
#: Longest path of a Unix socket, with room for the supervisor's own suffix (the limit is 108).
_SOCKET_PATH_MAX = 90
_MOVE_HINT = (
    "Change control_socket in state.json, or name a folder with a shorter path with DATA_DIR=."
)


@dataclass(frozen=True)
class DataDir:
    """One data folder. ``ports`` has a fixed port on loopback for each program that needs one."""

    path: Path
    #: One of ``KINDS``.
    kind: str
    ports: dict[str, int]
    secret_key: str
    #: For PostgreSQL, Redis and MongoDB, because other users of this machine can reach loopback
    #: ports.
    password: str
    control_socket: Path

    @classmethod
    def open(cls, folder: Path, *, kind: str | None = "up", secret_key: str | None = None) -> Self:
        """Return the data folder; choose its ports and secrets if it is new.

        ``secret_key`` is used in place of a new one. ``kind`` None accepts any kind. Raises
        ``EmbeddedError`` if the folder cannot be used.
        """
        try:
            for part in (folder, folder / "run", folder / "log"):
                part.mkdir(parents=True, exist_ok=True, mode=0o700)
            state_file = folder / "state.json"
            if not state_file.exists():
                new = _new_state(kind or "up", secret_key)
                write_private(state_file, json.dumps(new, indent=2) + "\n")
            state = _read(state_file)
        except OSError as err:
            raise EmbeddedError(
                f"{folder} cannot be used: {err.strerror or err}. "
                "Name another folder with DATA_DIR=/path."
            ) from err
        if kind not in {None, state["kind"]}:
            raise EmbeddedError(
                f"{folder} is a data folder of `make {state['kind']}`. "
                "Name another folder with DATA_DIR=/path."
            )
        return cls(
            path=folder,
            kind=state["kind"],
            ports=state["ports"],
            secret_key=state["secret_key"],
            password=state["password"],
            control_socket=_control_socket(folder, Path(state["control_socket"])),
        )

    def with_ports(self, names: Sequence[str]) -> "DataDir":
        """Return this folder with a port for each of these programs too; new ones are stored."""
        missing = [name for name in names if name not in self.ports]
        if not missing:
            return self
        state_file = self.path / "state.json"
        state = json.loads(state_file.read_text(encoding="utf-8"))
        state["ports"] |= _free_ports(missing, taken=self.ports.values())
        write_private(state_file, json.dumps(state, indent=2) + "\n")
        return replace(self, ports=state["ports"])

    def connections_socket(self, name: str) -> Path:
        """Return the Unix socket on which a web server receives connections."""
        return self.control_socket.with_name(f"{name}.sock")

    def make_control_folder(self) -> None:
        """Create the control socket's folder with mode 700. Raises ``EmbeddedError``."""
        folder = self.control_socket.parent
        try:
            folder.mkdir(exist_ok=True, mode=0o700)
            is_ours = folder.lstat().st_uid == os.geteuid()
        except OSError as err:
            raise EmbeddedError(f"{folder} cannot be made: {err.strerror}. {_MOVE_HINT}") from err
        if not is_ours:
            raise EmbeddedError(f"{folder} belongs to another user. {_MOVE_HINT}")

    def remove_control_folder(self) -> None:
        """Remove the control socket's folder if it is outside of the data folder."""
        if self.control_socket.parent != self.path / "run":
            with contextlib.suppress(OSError):
                self.control_socket.parent.rmdir()

    def pid_file(self, name: str) -> Path:
        """Return the file that holds a program's process id."""
        return self.path / "run" / f"{name}.pid"

    @property
    def address_file(self) -> Path:
        """Return the file that holds the address of the running web server."""
        return self.path / "run" / "address"

    @property
    def new_passwords_file(self) -> Path:
        """Return the private file of new demo passwords, until the launcher has printed them."""
        return self.path / "run" / "new-passwords.json"

    def log_file(self, name: str) -> Path:
        """Return the file that holds a program's output."""
        return self.path / "log" / f"{name}.log"

    def pid(self, name: str) -> int | None:
        """Return a program's process id, None if it is not running."""
        try:
            pid = int(self.pid_file(name).read_text(encoding="ascii"))
            os.kill(pid, 0)
        except (FileNotFoundError, ValueError, ProcessLookupError):
            return None
        return pid

    def urls(self) -> dict[str, str]:
        """Return the URLs of the services, in the settings that a deployment would set."""
        redis = f"redis://:{self.password}@127.0.0.1:{self.ports['redis']}"
        return {
            "DATABASE_URL": (
                f"postgres://scriptorium:{self.password}@127.0.0.1:{self.ports['postgres']}"
                "/postgres"
            ),
            "MONGODB_URL": (
                f"mongodb://scriptorium:{self.password}@127.0.0.1:{self.ports['mongo']}/scriptorium"
                "?authMechanism=PLAIN"
            ),
            "REDIS_URL": f"{redis}/0",
            "CELERY_BROKER_URL": f"{redis}/1",
            "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{self.ports['kafka']}",
            "ATTACHMENTS_URL": f"file://{quote(str(self.path / FILES_FOLDER))}",
        }


def port_is_free(port: int) -> bool:
    """Return whether a server could listen on a loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def write_private(path: Path, text: str) -> None:
    """Write a file with mode 600 atomically: a reader sees all of it or none."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def sync(path: Path) -> None:
    """Wait until a file, or the entries of a folder, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> dict[str, Any]:
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        kind = state.get("kind", "up")
        ports = {name: int(port) for name, port in state["ports"].items()}
        if missing := set(KINDS[kind]) - ports.keys():
            raise KeyError(min(missing))
        words = {name: state[name] for name in ("secret_key", "password", "control_socket")}
    except (ValueError, KeyError, TypeError, AttributeError) as err:
        raise EmbeddedError(
            f"{path} is damaged ({err!r}). It holds the ports and passwords of this data folder: "
            "repair it, or name another folder with DATA_DIR=/path."
        ) from err
    return {**words, "kind": kind, "ports": ports}


def _new_state(kind: str, secret_key: str | None) -> dict[str, Any]:
    short = Path(tempfile.gettempdir()) / f"scriptorium-{secrets.token_hex(8)}" / "control.sock"
    return {
        "kind": kind,
        "ports": _free_ports(KINDS[kind]),
        "secret_key": secret_key or secrets.token_urlsafe(48),
        "password": secrets.token_hex(16),
        "control_socket": str(short),
    }


def _control_socket(folder: Path, short: Path) -> Path:
    """Return the supervisor's socket: in the data folder, or at ``short`` if that is too long."""
    own = folder / "run" / "control.sock"
    return own if len(os.fsencode(own)) <= _SOCKET_PATH_MAX else short


def _free_ports(names: Sequence[str], *, taken: Iterable[int] = ()) -> dict[str, int]:
    """Return a port for each name; ``taken`` are those of programs that may not listen yet."""
    candidates = sorted(set(_PORT_RANGE) - set(taken))
    random.SystemRandom().shuffle(candidates)
    free = (port for port in candidates if port_is_free(port))
    return dict(zip(names, free, strict=False))
