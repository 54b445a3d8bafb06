"""Runs the load generator: one process for each measurement, on its own core."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.support.launcher import free_port

HERE = Path(__file__).parent
RESULTS = HERE / "results"
#: How long one measurement may take, in seconds.
MEASURE_TIMEOUT_S = 300
_SERVER_CORE, _GENERATOR_CORE = 0, 1

#: The options of a server for the generator (``benchmarks/generator/run.mjs``).
ServerOptions = dict[str, Any]
#: The result of a case: its name, empty if a scenario has only one, and its metrics.
CaseResult = tuple[str, Mapping[str, float | None]]


class MeasurementError(Exception):
    """A measurement failed; the message says why."""


class Generator:
    """Runs measurements; with ``quick``, short ones."""

    def __init__(self, folder: Path, *, quick: bool) -> None:
        self.quick = quick
        self._folder = folder
        self._is_pinned = shutil.which("taskset") is not None and (os.cpu_count() or 1) > 1

    def run(
        self, scenario: str, name: str, options_of: Callable[[int], ServerOptions]
    ) -> list[CaseResult]:
        """Measure a scenario of the server that ``options_of(port)`` describes.

        Raises ``MeasurementError``.
        """
        port = free_port()
        RESULTS.mkdir(exist_ok=True)
        options = {
            "scenario": scenario,
            "quick": self.quick,
            "port": port,
            "core": _SERVER_CORE if self._is_pinned else None,
            "data": str(self._folder / "data"),
            "log": str(RESULTS / f"{name}.log"),
            "cache": str(RESULTS / "cache"),
            "pids": [],
            "servicePids": [],
            **options_of(port),
        }
        pin = ["taskset", "-c", str(_GENERATOR_CORE)] if self._is_pinned else []
        lines = _output([*pin, "node", str(HERE / "generator" / "main.mjs"), json.dumps(options)])
        return [(line["case"], line["metrics"]) for line in map(json.loads, lines)]


def _output(command: list[str]) -> list[str]:
    with subprocess.Popen(  # noqa: S603 - our own program
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            output, errors = process.communicate(timeout=MEASURE_TIMEOUT_S)
        except BaseException:
            process.terminate()  # it kills the server and ends
            raise
    if process.returncode != 0:
        raise MeasurementError(errors.strip() or f"the generator ended with {process.returncode}")
    return output.splitlines()
