"""Flame graphs of the web server's CPU time: ``make bench-flame``.

py-spy samples a server 500 times a second under the load generator, and draws the samples into
``docs``: a bar for each function, as wide as the share of the time in it and in its callees, by
thread. It samples the thread that holds the GIL, so waiting is not included. To sample another
process, a user who is not root may need ``sysctl kernel.yama.ptrace_scope=0``.
"""

import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import requests

from benchmarks.chart import DOCS
from benchmarks.generating import HERE, CaseResult, Generator, MeasurementError, ServerOptions
from benchmarks.subjects import Scriptorium
from tests.support.eventually import eventually

#: The scenarios to draw, and how long they are sampled, in seconds: about as long as they type.
SCENARIOS: Final = {"S1": 20, "S2": 8}
SAMPLES_PER_S: Final = 500
_SPY: Final = HERE / ".venv" / "bin" / "py-spy"
_READY_TIMEOUT_S = 30


class Profiled(Scriptorium):
    """A Scriptorium whose web server is sampled while it is measured."""

    spy_options: Sequence[str] = ("--gil",)

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._pid_file = folder.with_name("web.pid")
        self._port = 0

    def draw(self, scenario: str, generator: Generator, picture: Path) -> Sequence[CaseResult]:
        """Measure a scenario and draw it. Raises ``MeasurementError``."""
        results = self.sample(scenario, SCENARIOS[scenario], generator, picture)
        text = titled(picture.read_text(encoding="utf-8"), f"The web server in {scenario}")
        picture.write_text(text, encoding="utf-8")
        return results

    def sample(
        self, scenario: str, seconds: int, generator: Generator, output: Path
    ) -> Sequence[CaseResult]:
        """Measure a scenario, and write its samples. Raises ``MeasurementError``."""
        self._pid_file.unlink(missing_ok=True)
        failures: list[str] = []
        spy = threading.Thread(target=self._spy, args=(seconds, output, failures))
        spy.start()
        try:
            results = self.measure(scenario, generator)
        finally:
            spy.join()
        if failures:
            raise MeasurementError("\n".join(failures))
        return results

    def _options(self, scenario: str, port: int) -> ServerOptions:
        options = super()._options(scenario, port)
        self._port = port
        writes_pid = ["sh", "-c", 'echo $$ > "$0" && exec "$@"', str(self._pid_file)]
        return {**options, "command": [*writes_pid, *options["command"]]}

    def _spy(self, seconds: int, picture: Path, failures: list[str]) -> None:
        """Wait until the server serves, then sample it."""
        try:
            eventually(self._serves, _READY_TIMEOUT_S)
            pid = self._pid_file.read_text().strip()
            command = [str(_SPY), "record", "--pid", pid, "--duration", str(seconds)]
            command += ["--rate", str(SAMPLES_PER_S), "--threads", *self.spy_options]
            command += ["--output", str(picture)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        except (AssertionError, OSError) as err:
            failures.append(f"the server was not sampled: {err}")
            return
        if done.returncode != 0:
            failures.append(done.stderr.strip())

    def _serves(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self._port}/healthz", timeout=1).ok
        except requests.RequestException:
            return False


def titled(svg: str, title: str) -> str:
    """Return py-spy's picture under another title than its command, with names from their start.

    Raises ``MeasurementError`` when it is none of py-spy's.
    """
    text, titles = re.subn(r"(<text id=\"title\"[^>]*>)[^<]*", rf"\g<1>{title}", svg)
    text, names = re.subn(r"(var truncate_text_right = )false", r"\g<1>true", text)
    if (titles, names) != (1, 1):
        raise MeasurementError("py-spy's picture is not the one that is known here")
    return text


def main() -> int:
    """Draw all. Returns 1 where one could not be drawn."""
    with tempfile.TemporaryDirectory() as folder:
        generator = Generator(Path(folder), quick=False)
        subject = Profiled(Path(folder) / "embedded")
        try:
            for scenario in SCENARIOS:
                picture = DOCS / f"flame-{scenario}.svg"
                subject.draw(scenario, generator, picture)
                print(picture, flush=True)  # noqa: T201 - the answer
        except MeasurementError as err:
            print(f"not drawn: {err}", file=sys.stderr)  # noqa: T201 - the answer
            return 1
        finally:
            subject.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
