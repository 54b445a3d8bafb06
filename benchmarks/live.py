"""Live editing, compared with other servers on the same machine: ``make bench``.

Each scenario is measured for one subject after the other, and all of that several times, so that
noise of the machine affects all subjects. The server has one core and the generator another;
services have the rest. Prints a table, and stores the rows in ``benchmarks/results/latest.jsonl``.
"""

import argparse
import contextlib
import itertools
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.cluster import Cluster
from benchmarks.generating import Generator, MeasurementError
from benchmarks.results import SCENARIOS, SUBJECTS, rows_of, rows_write, table
from benchmarks.subjects import (
    EMBEDDED,
    FULL_SIZE,
    Scriptorium,
    Subject,
    full_size_is_available,
    peers,
)
from benchmarks.worker import Worker

#: Default number of runs of each measurement.
RUNS, QUICK_RUNS = 3, 1
#: Scenarios that a quick run measures only for Scriptorium and Hocuspocus.
TWO_SUBJECTS = frozenset({"S7", "S8", "S9", "S10"})
#: Scenarios that a quick run omits unless they are named: each takes a minute.
SLOW = frozenset({"S13", "S14"})

Measured = dict[tuple[str, str, str, str, str], list[float]]


def main() -> int:
    """Measure what the options select; return 1 if a measurement has failed."""
    options = _parser().parse_args()
    wanted = options.scenarios or SCENARIOS.keys() - (SLOW if options.quick else ())
    scenarios = [scenario for scenario in SCENARIOS if scenario in wanted]
    measured: Measured = defaultdict(list)
    failures = []
    with tempfile.TemporaryDirectory() as folder, _subjects(options, Path(folder)) as subjects:
        generator = Generator(Path(folder), quick=options.quick)
        turns = itertools.product(range(_runs(options)), scenarios, subjects)
        for _, scenario, subject in turns:
            if scenario in subject.scenarios and not (
                options.quick and _is_omitted(scenario, subject)
            ):
                failures.append(_measure(subject, scenario, generator, measured))
    rows = rows_of(measured)
    _print(f"\n{table(rows)}\n")
    rows_write(rows, scenarios, at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", quick=options.quick)
    for failure in filter(None, failures):
        _print(f"failed: {failure}")
    return 1 if any(failures) else 0


def _is_omitted(scenario: str, subject: Subject) -> bool:
    """Return whether a quick run omits a scenario of a subject."""
    if scenario in TWO_SUBJECTS:
        return subject.name not in {"scriptorium", "hocuspocus"}
    return scenario == "S5" and subject.name == "relay"


def _runs(options: argparse.Namespace) -> int:
    return options.runs or (QUICK_RUNS if options.quick else RUNS)


def _measure(
    subject: Subject, scenario: str, generator: Generator, measured: Measured
) -> str | None:
    """Measure a scenario once, and add the result; return the error of a failure."""
    title = f"{scenario} {subject.name} ({subject.services})"
    _print(f"{datetime.now(UTC):%H:%M:%S} {title}")
    try:
        results = subject.measure(scenario, generator)
    except (MeasurementError, AssertionError) as err:
        return f"{title}: {err}"
    for case, metrics in results:
        for metric, value in metrics.items():
            if value is not None:
                key = (scenario, case, subject.name, subject.services, metric)
                measured[key].append(value)
    return None


@contextlib.contextmanager
def _subjects(options: argparse.Namespace, folder: Path) -> Iterator[list[Subject]]:
    """Yield the subjects; their services are stopped at the end."""
    kinds = options.services or (_kinds_available() if not options.quick else [EMBEDDED])
    ours: list[Subject] = [Scriptorium(folder / kind, kind) for kind in kinds]
    ours += [Worker(folder / f"worker-{kind}", kind) for kind in kinds]
    if FULL_SIZE in kinds:
        ours += [Cluster(folder / "cluster", count) for count in (1, 2, 3)]
    chosen = [subject for subject in (*ours, *peers()) if subject.name in options.subjects]
    try:
        yield chosen
    finally:
        for subject in chosen:
            subject.close()


def _kinds_available() -> list[str]:
    return [EMBEDDED, FULL_SIZE] if full_size_is_available() else [EMBEDDED]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live", description=__doc__)
    parser.add_argument("--scenarios", nargs="+", choices=list(SCENARIOS), help="all of them")
    parser.add_argument("--quick", action="store_true", help="short measurements, each once")
    parser.add_argument("--runs", type=int, help="how often each is measured")
    parser.add_argument("--subjects", nargs="+", default=SUBJECTS, choices=SUBJECTS)
    kinds = (EMBEDDED, FULL_SIZE)
    parser.add_argument("--services", nargs="+", choices=kinds, help="all that are there")
    return parser


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the interface


if __name__ == "__main__":
    sys.exit(main())
