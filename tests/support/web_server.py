"""Another web server beside those of a launched Scriptorium, on the same services."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import requests

from tests.support.eventually import eventually
from tests.support.launcher import ROOT, START_WAIT_S, Launched, free_port


class WebServer:
    """``manage.py serve`` as ``name``; a context manager."""

    def __init__(
        self,
        stack: Launched,
        name: str,
        settings: Mapping[str, str] | None = None,
        *,
        server: str = "uvicorn",
    ) -> None:
        self.port = free_port()
        self.log_file: Path = stack.data_dir / "log" / f"{name}.log"
        environment = {
            **os.environ,
            **stack.settings(),
            "DJANGO_SETTINGS_MODULE": "config.settings.embedded",
            "SERVER_ID": name,
            **(settings or {}),
        }
        with self.log_file.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "manage.py", "serve"),
                    *("--port", str(self.port), "--server", server),
                ],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
            )

    @property
    def url(self) -> str:
        """Return the address of REST."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        """Return the address of the sockets."""
        return f"ws://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        eventually(self._answers, START_WAIT_S)
        return self

    def __exit__(self, *args: object) -> None:
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        self.wait()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        if self._process.poll() is None:
            self._process.send_signal(number)

    def wait(self) -> int:
        """Wait until the process has ended; return its exit code."""
        return self._process.wait(timeout=START_WAIT_S)

    def kill(self) -> None:
        """Kill the process without a shutdown."""
        self._process.kill()
        self._process.wait()

    def _answers(self) -> bool:
        assert self._process.poll() is None, self.log_file.read_text()
        try:
            return requests.get(f"{self.url}/healthz", timeout=5).ok
        except requests.ConnectionError:
            return False
