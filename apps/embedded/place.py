"""Where an embedded Scriptorium keeps its things: folders, ports and secrets of one data folder."""

import json
import os
import random
import secrets
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from apps.embedded.errors import EmbeddedError

SERVICES = ("postgres", "redis", "mongo", "kafka")
#: Below the range from which systems give ports to outgoing connections: a remembered port must
#: not be somebody's by chance tomorrow.
_PORTS = range(20_000, 32_000)
#: Longest path of a Unix socket, with room for the supervisor's own suffix (the limit is 108).
_SOCKET_PATH_MAX = 90


@dataclass(frozen=True)
class Place:
    """One data folder. ``ports`` has one fixed port on loopback for each service."""

    data_dir: Path
    ports: dict[str, int]
    secret_key: str
    #: For PostgreSQL and Redis: other users of this machine reach loopback ports, too.
    password: str
    control_socket: Path

    @classmethod
    def open(cls, data_dir: Path) -> Self:
        """Return the place; choose ports and secrets when it is new.

        Raises ``EmbeddedError`` when the folder cannot be used.
        """
        try:
            for folder in (data_dir, data_dir / "run", data_dir / "log"):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            state = _read(data_dir / "state.json")
            if not state:
                state = _new_state(data_dir)
                _write(data_dir / "state.json", state)
            Path(state["control_socket"]).parent.mkdir(exist_ok=True, mode=0o700)
        except OSError as err:
            raise EmbeddedError(
                f"{data_dir} cannot be used: {err.strerror or err}. "
                "Name another folder with DATA_DIR=/path."
            ) from err
        return cls(
            data_dir=data_dir,
            ports=state["ports"],
            secret_key=state["secret_key"],
            password=state["password"],
            control_socket=Path(state["control_socket"]),
        )

    def pid_file(self, name: str) -> Path:
        """Return the file that holds a program's process id."""
        return self.data_dir / "run" / f"{name}.pid"

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


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
    except ValueError as err:
        raise EmbeddedError(
            f"{path} is damaged ({err}). It holds the ports and passwords of this data folder: "
            "mend it, or name another folder with DATA_DIR=/path."
        ) from err


def _write(path: Path, state: dict[str, Any]) -> None:
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")
    draft.replace(path)


def _new_state(data_dir: Path) -> dict[str, Any]:
    control = data_dir / "run" / "control.sock"
    if len(os.fsencode(control)) > _SOCKET_PATH_MAX:
        control = Path(tempfile.mkdtemp(prefix="scriptorium-")) / "control.sock"
    return {
        "ports": _free_ports(),
        "secret_key": secrets.token_urlsafe(48),
        "password": secrets.token_hex(16),
        "control_socket": str(control),
    }


def _free_ports() -> dict[str, int]:
    candidates = random.SystemRandom().sample(_PORTS, len(_PORTS))
    free = (port for port in candidates if port_is_free(port))
    return dict(zip(SERVICES, free, strict=False))
