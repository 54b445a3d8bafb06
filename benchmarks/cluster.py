"""S11: web servers behind the gateway of ``make stack``, on full-size services."""

from pathlib import Path

from apps.embedded.data_dir import SERVICES
from apps.embedded.stack import WEB_SERVERS
from benchmarks.generating import CaseResult, Generator
from benchmarks.subjects import FULL_SIZE, FullSize, pids_of, services_named, token_of


class Cluster:
    """A number of web servers on one machine, started for each measurement."""

    name = "scriptorium"
    scenarios = frozenset({"S11"})

    def __init__(self, folder: Path, count: int) -> None:
        self.services = services_named(FULL_SIZE)
        self._folder = folder
        self._count = count

    def measure(self, scenario: str, generator: Generator) -> list[CaseResult]:
        """Measure it once. Raises ``MeasurementError`` or ``AssertionError``."""
        stack = FullSize(self._folder, action=f"{self._count}+0")
        try:
            stack.wait_until_ready()
            token = token_of(stack)
            options = {
                "case": f"{self._count} server{'s' if self._count > 1 else ''}",
                "data": "",
                "url": f"{stack.ws_url}/ws/documents/{{document}}?token={token}",
                "rest": f"{stack.url}/api/v1",
                "token": token,
                "dialect": "stock",
                "knowsDocuments": True,
                "pids": pids_of(stack, ["gateway", *WEB_SERVERS]),
                "servicePids": pids_of(stack, SERVICES),
            }
            return generator.run(scenario, self.name, lambda _: options)
        finally:
            stack.stop()

    def close(self) -> None:
        """Do nothing: each measurement has stopped its servers."""
