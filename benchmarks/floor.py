"""The server's cost as a ratio to a bare relay, in about a minute: ``make bench-floor``.

The relay has no documents, no storage and no permissions. It is measured in the same run, so that a
slow or busy machine affects both. Prints ratios, and adds them as a line of JSON to
``benchmarks/results/floor.jsonl``. No ratio is a failure: people judge them.
"""

import json
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.generating import RESULTS, CaseResult, Generator, MeasurementError
from benchmarks.subjects import Scriptorium, Subject, peers

FILE: Final = RESULTS / "floor.jsonl"
#: Scenario, case and metric of each ratio, and its title.
RATIOS: Final = (
    ("S1", "10 readers", "latency_p50_ms", "key to screen, ten readers"),
    ("S2", "", "updates_per_cpu_s", "updates for each second of CPU, ten writers"),
    ("S3", "50 documents", "cpu_s", "CPU of fifty documents"),
)

Figures = Mapping[tuple[str, str, str], float | None]


def main() -> int:
    """Measure both and print ratios; return 1 only if a measurement has failed."""
    with tempfile.TemporaryDirectory() as folder:
        generator = Generator(Path(folder), quick=True)
        ours = Scriptorium(Path(folder) / "embedded")
        [relay] = (peer for peer in peers() if peer.name == "relay")
        try:
            measured = {subject.name: _figures(subject, generator) for subject in (relay, ours)}
        except (MeasurementError, AssertionError) as err:
            print(f"nothing was measured: {err}", file=sys.stderr)  # noqa: T201 - the answer
            return 1
        finally:
            ours.close()
    found = ratios(measured[ours.name], measured[relay.name])
    for what, ratio in found.items():
        print(f"{what:<50}{ratio:>8.2f} × the relay")  # noqa: T201 - the answer
    line = {"at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "ratios": found}
    with FILE.open("a", encoding="utf-8") as file:
        file.write(f"{json.dumps(line)}\n")
    return 0


def ratios(ours: Figures, relay: Figures) -> dict[str, float]:
    """Return our figures divided by the relay's, without those that one of them lacks."""
    found = {}
    for *key, what in RATIOS:
        scenario, case, metric = key
        figure, floor = ours.get((scenario, case, metric)), relay.get((scenario, case, metric))
        if figure and floor:
            found[what] = round(figure / floor, 2)
    return found


def _figures(subject: Subject, generator: Generator) -> Figures:
    scenarios = dict.fromkeys(scenario for scenario, *_ in RATIOS)
    results: list[tuple[str, CaseResult]] = [
        (scenario, result)
        for scenario in scenarios
        for result in subject.measure(scenario, generator)
    ]
    return {
        (scenario, case, metric): value
        for scenario, (case, metrics) in results
        for metric, value in metrics.items()
    }


if __name__ == "__main__":
    sys.exit(main())
