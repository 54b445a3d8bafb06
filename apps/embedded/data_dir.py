"""Where an embedded Scriptorium keeps its things: folders, ports and secrets of one data folder."""

import contextlib
import json
import os
import random
import secrets
import socket
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from apps.embedded.errors import EmbeddedError

SERVICES = ("postgres", "redis", "mongo", "kafka")
#: What may run on a data folder, by the word of the Makefile: the programs that need a port of
#: their own on loopback. The two keep data in other forms, so a folder is of one kind for good.
KINDS = {
    "up": SERVICES,
    "stack": (*SERVICES, "kafka-controller", "web-1", "web-2", "web-3"),
}
#: Below the range from which systems give ports to outgoing connections: a remembered port must
#: not be somebody's by chance tomorrow.
_PORTS = range(20_000, 32_000)
#: Longest path of a Unix socket, with room for the supervisor's own suffix (the limit is 108).
_SOCKET_PATH_MAX = 90
_MOVE = "Change control_socket in state.json, or name a folder with a shorter path with DATA_DIR=."


@dataclass(frozen=True)
class DataDir:
    """One data folder. ``ports`` has one fixed port on loopback for each that needs one."""

    data_dir: Path
    #: One of ``KINDS``.
    kind: str
    ports: dict[str, int]
    secret_key: str
    #: For PostgreSQL and Redis: other users of this machine reach loopback ports, too.
    password: str
    control_socket: Path

    @classmethod
    def open(
        cls, data_dir: Path, *, kind: str | None = "up", secret_key: str | None = None
    ) -> Self:
        """Return the place; choose ports and secrets when it is new, ``secret_key`` if not given.

        ``kind`` None takes a folder as it is. Raises ``EmbeddedError`` when it cannot be used.
        """
        try:
            for folder in (data_dir, data_dir / "run", data_dir / "log"):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            state_file = data_dir / "state.json"
            if not state_file.exists():
                new = _new_state(kind or "up", secret_key)
                write_private(state_file, json.dumps(new, indent=2) + "\n")
            state = _read(state_file)
        except OSError as err:
            raise EmbeddedError(
                f"{data_dir} cannot be used: {err.strerror or err}. "
                "Name another folder with DATA_DIR=/path."
            ) from err
        if kind not in {None, state["kind"]}:
            raise EmbeddedError(
                f"{data_dir} is a data folder of `make {state['kind']}`. "
                "Name another folder with DATA_DIR=/path."
            )
        return cls(
            data_dir=data_dir,
            kind=state["kind"],
            ports=state["ports"],
            secret_key=state["secret_key"],
            password=state["password"],
            control_socket=_control_socket(data_dir, Path(state["control_socket"])),
        )

    def make_control_folder(self) -> None:
        """Make the control socket's folder, for us alone. Raises ``EmbeddedError``."""
        folder = self.control_socket.parent
        try:
            folder.mkdir(exist_ok=True, mode=0o700)
            is_ours = folder.lstat().st_uid == os.geteuid()
        except OSError as err:
            raise EmbeddedError(f"{folder} cannot be made: {err.strerror}. {_MOVE}") from err
        if not is_ours:
            raise EmbeddedError(f"{folder} belongs to somebody else. {_MOVE}")

    def remove_control_folder(self) -> None:
        """Remove the control socket's folder where it is one outside of the data folder."""
        if self.control_socket.parent != self.data_dir / "run":
            with contextlib.suppress(OSError):
                self.control_socket.parent.rmdir()

    def pid_file(self, name: str) -> Path:
        """Return the file that holds a program's process id."""
        return self.data_dir / "run" / f"{name}.pid"

    @property
    def address_file(self) -> Path:
        """Return the file that holds the address of the running web server."""
        return self.data_dir / "run" / "address"

    def log_file(self, name: str) -> Path:
        """Return the file that holds a program's output."""
        return self.data_dir / "log" / f"{name}.log"

    def pid(self, name: str) -> int | None:
        """Return a program's process id, None when it does not run."""
        try:
            pid = int(self.pid_file(name).read_text(encoding="ascii"))
            os.kill(pid, 0)
        except (FileNotFoundError, ValueError, ProcessLookupError):
            return None
        return pid

    def urls(self) -> dict[str, str]:
        """Return the settings that name the services, as a deployment would set them."""
        redis = f"redis://:{self.password}@127.0.0.1:{self.ports['redis']}"
        return {
            "DATABASE_URL": (
                f"postgres://scriptorium:{self.password}@127.0.0.1:{self.ports['postgres']}"
                "/postgres"
            ),
            "MONGODB_URL": f"mongodb://127.0.0.1:{self.ports['mongo']}/scriptorium",
            "REDIS_URL": f"{redis}/0",
            "CELERY_BROKER_URL": f"{redis}/1",
            "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{self.ports['kafka']}",
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
    """Write a file that nobody else can read, at once: who reads it sees all of it or none."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def sync(path: Path) -> None:
    """Wait until a file, or what a folder says of its files, is on disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _read(path: Path) -> dict[str, Any]:
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        kind = state.get("kind", "up")
        ports = {name: int(state["ports"][name]) for name in KINDS[kind]}
        words = {name: state[name] for name in ("secret_key", "password", "control_socket")}
    except (ValueError, KeyError, TypeError, AttributeError) as err:
        raise EmbeddedError(
            f"{path} is damaged ({err!r}). It holds the ports and passwords of this data folder: "
            "mend it, or name another folder with DATA_DIR=/path."
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


def _control_socket(data_dir: Path, short: Path) -> Path:
    """Return where the supervisor listens: in the data folder; at ``short`` if that is too long."""
    own = data_dir / "run" / "control.sock"
    return own if len(os.fsencode(own)) <= _SOCKET_PATH_MAX else short


def _free_ports(names: Sequence[str]) -> dict[str, int]:
    candidates = random.SystemRandom().sample(_PORTS, len(_PORTS))
    free = (port for port in candidates if port_is_free(port))
    return dict(zip(names, free, strict=False))
