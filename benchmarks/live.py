"""Live editing, beside other servers on the same machine: ``make bench``.

Each scenario is measured on one subject after the other, and all of that several times, so that a
noisy spell meets everybody. The server has one core, the generator another; services take what is
left. Prints a table, and puts the rows into ``benchmarks/results/latest.jsonl``.
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
    full_size_is_there,
    peers,
)
from benchmarks.worker import Worker

#: How often each measurement is made, where nobody says otherwise.
RUNS, QUICK_RUNS = 3, 1
#: What a quick run measures of Scriptorium and Hocuspocus alone.
LATE = frozenset({"S7", "S8", "S9", "S10"})
#: What a quick run leaves out unless somebody names it: it takes a minute by itself.
LONG = frozenset({"S13"})

Measured = dict[tuple[str, str, str, str, str], list[float]]


def main() -> int:
    """Measure what the words ask for. Returns 1 if some of it failed."""
    words = _parser().parse_args()
    wanted = words.scenarios or SCENARIOS.keys() - (LONG if words.quick else ())
    scenarios = [each for each in SCENARIOS if each in wanted]
    measured: Measured = defaultdict(list)
    failures = []
    with tempfile.TemporaryDirectory() as folder, _subjects(words, Path(folder)) as subjects:
        generator = Generator(Path(folder), quick=words.quick)
        turns = itertools.product(range(_runs(words)), scenarios, subjects)
        for _, scenario, subject in turns:
            if scenario in subject.scenarios and not (words.quick and _waits(scenario, subject)):
                failures.append(_measure(subject, scenario, generator, measured))
    rows = rows_of(measured)
    _say(f"\n{table(rows)}\n")
    rows_write(rows, scenarios, at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", quick=words.quick)
    for failure in filter(None, failures):
        _say(f"failed: {failure}")
    return 1 if any(failures) else 0


def _waits(scenario: str, subject: Subject) -> bool:
    """Tell whether a scenario of a subject is left out of a quick run, to keep that quick."""
    if scenario in LATE:
        return subject.name not in {"scriptorium", "hocuspocus"}
    return scenario == "S5" and subject.name == "relay"


def _runs(words: argparse.Namespace) -> int:
    return words.runs or (QUICK_RUNS if words.quick else RUNS)


def _measure(
    subject: Subject, scenario: str, generator: Generator, measured: Measured
) -> str | None:
    """Measure a scenario once, and add to what was measured; returns what failed."""
    title = f"{scenario} {subject.name} ({subject.services})"
    _say(f"{datetime.now(UTC):%H:%M:%S} {title}")
    try:
        told = subject.measure(scenario, generator)
    except (MeasurementError, AssertionError) as err:
        return f"{title}: {err}"
    for case, metrics in told:
        for metric, value in metrics.items():
            if value is not None:
                key = (scenario, case, subject.name, subject.services, metric)
                measured[key].append(value)
    return None


@contextlib.contextmanager
def _subjects(words: argparse.Namespace, folder: Path) -> Iterator[list[Subject]]:
    """Yield what is measured; its services are stopped at the end."""
    kinds = words.services or (_kinds_there() if not words.quick else [EMBEDDED])
    ours: list[Subject] = [Scriptorium(folder / kind, kind) for kind in kinds]
    ours += [Worker(folder / f"worker-{kind}", kind) for kind in kinds]
    if FULL_SIZE in kinds:
        ours += [Cluster(folder / "cluster", count) for count in (1, 2, 3)]
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
    parser.add_argument("--scenarios", nargs="+", choices=list(SCENARIOS), help="all of them")
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
