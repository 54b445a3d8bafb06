"""Live editing, beside other servers on the same machine: ``make bench``.

Each scenario is measured on one subject after the other, and all of that several times, so that a
noisy spell meets everybody. The server has one core, the generator another; services take what is
left. Prints a table, and puts the rows into ``benchmarks/results/latest.jsonl``.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.results import LATEST, SCENARIOS, SUBJECTS, rows_of, rows_write, table
from benchmarks.subjects import (
    EMBEDDED,
    FULL_SIZE,
    HERE,
    Scriptorium,
    Subject,
    full_size_is_there,
    peers,
)
from tests.support.launcher import free_port

#: How often each measurement is made, where nobody says otherwise.
RUNS, QUICK_RUNS = 3, 1
#: How long one measurement may take, in seconds.
MEASURE_WAIT_S = 300
_SERVER_CORE, _GENERATOR_CORE = 0, 1

Measured = dict[tuple[str, str, str, str, str], list[float]]


class MeasurementError(Exception):
    """A measurement failed; the message is the generator's."""


def main() -> int:
    """Measure what the words ask for. Returns 1 if some of it failed."""
    words = _parser().parse_args()
    scenarios = [each for each in SCENARIOS if each in words.scenarios]
    measured: Measured = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder, _subjects(words, Path(folder)) as subjects:
        bench = Bench(Path(folder), quick=words.quick)
        for _ in range(words.runs or (QUICK_RUNS if words.quick else RUNS)):
            for scenario in scenarios:
                for subject in subjects:
                    if scenario in subject.scenarios:
                        bench.measure(scenario, subject, measured)
    rows = rows_of(measured)
    rows_write(rows, scenarios, at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", quick=words.quick)
    _say(f"\n{table(rows)}\n")
    for failure in bench.failures:
        _say(f"failed: {failure}")
    return 1 if bench.failures else 0


class Bench:
    """Runs the generator."""

    def __init__(self, folder: Path, *, quick: bool) -> None:
        self.failures: list[str] = []
        self._folder = folder
        self._quick = quick
        self._is_pinned = shutil.which("taskset") is not None and (os.cpu_count() or 1) > 1

    def measure(self, scenario: str, subject: Subject, measured: Measured) -> None:
        """Measure one scenario of one subject once, and add to what was measured."""
        title = f"{scenario} {subject.name} ({subject.services})"
        _say(f"{datetime.now(UTC):%H:%M:%S} {title}")
        try:
            lines = self._generate(scenario, subject)
        except MeasurementError as err:
            self.failures.append(f"{title}: {err}")
            return
        for line in lines:
            told = json.loads(line)
            for metric, value in told["metrics"].items():
                if value is not None:
                    key = (scenario, told["case"], subject.name, subject.services, metric)
                    measured[key].append(value)

    def _generate(self, scenario: str, subject: Subject) -> Sequence[str]:
        """Return the generator's lines. Raises ``MeasurementError``."""
        port = free_port()
        LATEST.parent.mkdir(exist_ok=True)
        words = {
            "scenario": scenario,
            "quick": self._quick,
            "port": port,
            "core": _SERVER_CORE if self._is_pinned else None,
            "data": str(self._folder / "data"),
            "log": str(LATEST.with_name(f"{subject.name}.log")),
            "cache": str(HERE / "results" / "cache"),
            "pids": [],
            "servicePids": [],
            **subject.words(port),
        }
        pin = ["taskset", "-c", str(_GENERATOR_CORE)] if self._is_pinned else []
        command = [*pin, "node", str(HERE / "generator" / "main.mjs"), json.dumps(words)]
        with subprocess.Popen(  # noqa: S603 - our own program
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            try:
                output, errors = process.communicate(timeout=MEASURE_WAIT_S)
            except BaseException:
                process.terminate()  # it kills the server and ends
                raise
        if process.returncode != 0:
            raise MeasurementError(
                errors.strip() or f"the generator ended with {process.returncode}"
            )
        return output.splitlines()


@contextlib.contextmanager
def _subjects(words: argparse.Namespace, folder: Path) -> Iterator[list[Subject]]:
    """Yield what is measured; its services are stopped at the end."""
    kinds = words.services or (_kinds_there() if not words.quick else [EMBEDDED])
    ours: list[Subject] = [Scriptorium(folder / kind, kind) for kind in kinds]
    chosen = [each for each in (*ours, *peers()) if each.name in words.subjects]
    try:
        yield chosen
    finally:
        for subject in chosen:
            subject.close()


def _kinds_there() -> list[str]:
    return [EMBEDDED, FULL_SIZE] if full_size_is_there() else [EMBEDDED]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live", description=__doc__)
    all_of_them = list(SCENARIOS)
    parser.add_argument("--scenarios", nargs="+", default=all_of_them, choices=all_of_them)
    parser.add_argument("--quick", action="store_true", help="short measurements, each once")
    parser.add_argument("--runs", type=int, help="how often each is measured")
    parser.add_argument("--subjects", nargs="+", default=SUBJECTS, choices=SUBJECTS)
    kinds = (EMBEDDED, FULL_SIZE)
    parser.add_argument("--services", nargs="+", choices=kinds, help="all that are there")
    return parser


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the interface


if __name__ == "__main__":
    sys.exit(main())
