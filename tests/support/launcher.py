"""An embedded Scriptorium that tests start, look into, hurt and stop."""

import os
import random
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from apps.embedded.data_dir import port_is_free
from tests.support.eventually import eventually

ROOT = Path(__file__).resolve().parents[2]
#: A loaded machine with two cores starts all of it well within this, in seconds.
START_WAIT_S = 120
PASSWORD = "scriptorium"
#: Age at which a token is fetched again, in seconds: well below its lifetime.
TOKEN_AGE_S = 300
#: How long a service is away at most, in seconds: nobody can log in meanwhile.
_AWAY_S = 150
#: Below those of the launcher's services, and of outgoing connections.
_PORTS = range(10_000, 20_000)
_READY = re.compile(r"^(Services are ready|Scriptorium is ready)", re.MULTILINE)


class Launched:
    """``python -m apps.embedded up`` (or ``services``) on a data folder of its own."""

    #: What is run with the action as its word.
    module = "apps.embedded"

    def __init__(
        self,
        data_dir: Path,
        *,
        action: str = "up",
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.data_dir = data_dir
        self.port = port or free_port()
        self._action = action
        self._settings = dict(settings or {})
        self._tokens: dict[str, tuple[float, str]] = {}
        self._product_settings: dict[str, str] = {}
        self.process = self._start()

    @property
    def url(self) -> str:
        """Return the address of the pages and of REST."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        """Return the address of the sockets, without a path."""
        return f"ws://127.0.0.1:{self.port}"

    # --- life ---

    def start(self) -> None:
        """Start it again after ``stop``."""
        self.process = self._start()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until everything serves. Fails with what the launcher said."""

        def ready() -> bool:
            if self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode}: {self.output()}")
            return _READY.search(self.output()) is not None

        eventually(ready, START_WAIT_S)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal to the launcher and wait for its end; return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=START_WAIT_S)

    def pid(self, name: str) -> int:
        """Return the process id that the contract's file names."""
        return int((self.data_dir / "run" / f"{name}.pid").read_text())

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to one of the processes; return its id."""
        pid = self.pid(name)
        os.kill(pid, number)
        return pid

    def wait_for_another(self, name: str, than: int) -> int:
        """Wait until a process has been started again; return its id."""
        return eventually(lambda: (pid := self.pid(name)) != than and pid, START_WAIT_S)

    # --- looking in ---

    def output(self) -> str:
        """Return what the launcher has said to the terminal."""
        return self._output_file.read_text(errors="replace")

    def log(self, name: str) -> str:
        """Return a program's output."""
        return (self.data_dir / "log" / f"{name}.log").read_text(errors="replace")

    def settings(self) -> dict[str, str]:
        """Return the settings of the product, as ``python -m apps.embedded env`` prints them."""
        if not self._product_settings:
            done = self.run("env")
            assert done.returncode == 0, done.stderr
            pairs = (shlex.split(line)[1].split("=", 1) for line in done.stdout.splitlines())
            self._product_settings = dict(pairs)
            del self._product_settings["DJANGO_SETTINGS_MODULE"]
        return dict(self._product_settings)

    def run(self, *words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        """Run ``python -m apps.embedded WORDS`` on the same data folder to its end."""
        return subprocess.run(
            [sys.executable, "-m", "apps.embedded", *words],
            cwd=ROOT,
            env={**self._environment(), **settings},
            check=False,
            capture_output=True,
            text=True,
            timeout=START_WAIT_S,
        )

    def manage(self, *words: str) -> str:
        """Run a management command against it; return what it printed. Fails if it does."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env={
                **self._environment(),
                **self.settings(),
                "DJANGO_SETTINGS_MODULE": "config.settings.embedded",
            },
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    # --- people, by REST ---

    def token(self, username: str) -> str:
        """Return an access token; few logins, for they are throttled."""
        fetched_at, token = self._tokens.get(username, (-float("inf"), ""))
        if time.monotonic() - fetched_at > TOKEN_AGE_S:
            answer = requests.post(
                f"{self.url}/api/v1/auth/token/",
                json={"username": username, "password": PASSWORD},
                timeout=30,
            )
            assert answer.status_code == 200, answer.text
            token = str(answer.json()["access"])
            self._tokens[username] = (time.monotonic(), token)
        return token

    @contextmanager
    def tokens_of(self, tokens: Mapping[str, str]) -> Iterator[None]:
        """Take new access tokens of people for a while, who need not log in then."""
        self._tokens |= {name: (time.monotonic(), token) for name, token in tokens.items()}
        try:
            yield
        finally:
            for name in tokens:
                del self._tokens[name]

    def renew_tokens(self) -> None:
        """Log in again those whose token may become too old while a service is away."""
        for username, (fetched_at, _) in list(self._tokens.items()):
            if time.monotonic() - fetched_at > TOKEN_AGE_S - _AWAY_S:
                del self._tokens[username]
                self.token(username)

    def call(self, username: str, method: str, path: str, **options: Any) -> requests.Response:
        """Call the REST interface as somebody."""
        headers = {"Authorization": f"Bearer {self.token(username)}", **options.pop("headers", {})}
        return requests.request(
            method, f"{self.url}/api/v1/{path}", headers=headers, timeout=30, **options
        )

    def create_document(self, username: str = "ada", **shares: str) -> str:
        """Make a document, shared as ``grace="editor"`` says; return its id."""
        answer = self.call(username, "POST", "documents/", json={"title": "A test"})
        assert answer.status_code == 201, answer.text
        document_id = str(answer.json()["id"])
        for other, role in shares.items():
            self.share(document_id, other, role, by=username)
        return document_id

    def share(self, document_id: str, username: str, role: str, *, by: str = "ada") -> int:
        """Give somebody a role; return the permission's id."""
        answer = self.call(
            by,
            "POST",
            f"documents/{document_id}/permissions/",
            json={"user": username, "role": role},
        )
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    # --- help ---

    @property
    def _output_file(self) -> Path:
        return self.data_dir / "output.txt"

    def _environment(self) -> dict[str, str]:
        # What this test process itself was told (its own services) must not reach the other one.
        names = re.compile(r".*_URL$|^KAFKA_|^SECRET_KEY$|^SERVER_ID$|^ALLOWED_HOSTS$|^DJANGO_")
        inherited = {name: value for name, value in os.environ.items() if not names.match(name)}
        return {
            **inherited,
            "DATA_DIR": str(self.data_dir),
            "PORT": str(self.port),
            "WEB_PROCESSES": "1",  # on a machine of any size
            **self._settings,
        }

    def _start(self) -> "subprocess.Popen[bytes]":
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with self._output_file.open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "-m", self.module, self._action],
                cwd=ROOT,
                env=self._environment(),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )


def free_port() -> int:
    """Return a port that nobody listens on just now.

    It is none of those that the system gives to connections, or another lane's connection could
    take it before a server does.
    """
    draw = random.SystemRandom()
    return next(port for port in iter(lambda: draw.choice(_PORTS), 0) if port_is_free(port))
