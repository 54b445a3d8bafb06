"""How much more than a bare relay the server costs, in about a minute: ``make bench-floor``.

The relay knows no documents, stores nothing and asks nobody; it is measured in the same run, so
that a slow or a busy machine is slow for both. Prints ratios, and adds them as a line of JSON to
``benchmarks/results/floor.jsonl``. Whether that is good is for people to say: no figure fails.
"""

import json
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.generating import RESULTS, Generator, MeasurementError, Told
from benchmarks.subjects import Scriptorium, Subject, peers

FILE: Final = RESULTS / "floor.jsonl"
#: Scenario, case and metric, and what the ratio says.
COMPARED: Final = (
    ("S1", "10 readers", "latency_p50_ms", "key to screen, ten readers"),
    ("S2", "", "updates_per_cpu_s", "updates for each second of CPU, ten writers"),
    ("S3", "50 documents", "cpu_s", "CPU of fifty documents"),
)

Figures = Mapping[tuple[str, str, str], float | None]


def main() -> int:
    """Measure both and tell. Returns 1 only where nothing could be measured."""
    with tempfile.TemporaryDirectory() as folder:
        generator = Generator(Path(folder), quick=True)
        ours = Scriptorium(Path(folder) / "embedded")
        [relay] = (peer for peer in peers() if peer.name == "relay")
        try:
            measured = {each.name: _figures(each, generator) for each in (relay, ours)}
        except (MeasurementError, AssertionError) as err:
            print(f"nothing was measured: {err}", file=sys.stderr)  # noqa: T201 - the answer
            return 1
        finally:
            ours.close()
    told = ratios(measured[ours.name], measured[relay.name])
    for what, ratio in told.items():
        print(f"{what:<50}{ratio:>8.2f} × the relay")  # noqa: T201 - the answer
    line = {"at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "ratios": told}
    with FILE.open("a", encoding="utf-8") as file:
        file.write(f"{json.dumps(line)}\n")
    return 0


def ratios(ours: Figures, relay: Figures) -> dict[str, float]:
    """Return what is compared as our figure over the relay's, without what one of them lacks."""
    found = {}
    for *key, what in COMPARED:
        scenario, case, metric = key
        figure, floor = ours.get((scenario, case, metric)), relay.get((scenario, case, metric))
        if figure and floor:
            found[what] = round(figure / floor, 2)
    return found


def _figures(subject: Subject, generator: Generator) -> Figures:
    scenarios = dict.fromkeys(scenario for scenario, *_ in COMPARED)
    told: list[tuple[str, Told]] = [
        (scenario, each) for scenario in scenarios for each in subject.measure(scenario, generator)
    ]
    return {
        (scenario, case, metric): value
        for scenario, (case, metrics) in told
        for metric, value in metrics.items()
    }


if __name__ == "__main__":
    sys.exit(main())
