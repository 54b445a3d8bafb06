"""Latency of the history's REST calls: ``make bench-history``, prints a table.

On a new Scriptorium, by REST, from the request to the last byte of the response. Each row is a
median with its spread, and is added as a line of JSON to ``benchmarks/results``.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import requests

from benchmarks.reporting import Report, launched
from tests.support.launcher import Launched
from tests.support.long_documents import long_document

#: Operations of each document.
LOG_LENGTHS = (200, 10_000, 100_000)
REPEATS = 7
#: Operations that a diff spans, and that an undo reverts.
SPAN_OPERATIONS = 100


def main() -> None:
    """Measure everything."""
    with tempfile.TemporaryDirectory() as folder, launched(Path(folder)) as stack:
        report = Report("history")
        for count in LOG_LENGTHS:
            _measure(stack, report, count)


def _measure(stack: Launched, report: Report, count: int) -> None:
    path = f"documents/{long_document(stack, count)}/"
    newest = stack.call("ada", "GET", f"{path}versions/?limit=1").json()["results"][0]["number"]
    # As far from a version as possible, and different each time, so that nothing is cached.
    seqs = [count // 2 + 249 - number for number in range(REPEATS)]
    if count < SPAN_OPERATIONS * 4:
        seqs = [count - 1 - number for number in range(REPEATS)]

    def measure(what: str, call: Callable[[int], requests.Response]) -> None:
        report.row(f"{count} operations: {what}", "ms", _times(call))

    def get(path_in_document: str) -> requests.Response:
        return _checked(stack.call("ada", "GET", f"{path}{path_in_document}"))

    report.row(
        f"{count} operations: a version, stored",
        "ms",
        _times(lambda number: get(f"versions/{newest - number}/state/"), max(1, newest - 1)),
    )
    measure("a version, cached", lambda _: get(f"versions/{newest}/state/"))
    measure("any moment", lambda number: get(f"at/{seqs[number]}/state/"))
    measure(
        f"diff over {SPAN_OPERATIONS} operations",
        lambda number: get(f"at/{seqs[number]}/diff/?against={seqs[number] - SPAN_OPERATIONS}"),
    )
    measure("diff of the present with its beginning", lambda _: get(f"at/{count}/diff/?against=0"))
    measure("authorship", lambda _: get("authorship/"))
    measure("who deleted what, 50 operations", lambda _: get("deletions/"))
    measure("restore, the edit", lambda number: get(f"at/{seqs[number]}/restore/"))
    author = get("authorship/").json()["pieces"][0]["author"]["id"]
    measure(
        f"undo of one person's last {SPAN_OPERATIONS} operations, the edit",
        lambda _: get(f"undo/?author={author}&after_seq={count - SPAN_OPERATIONS}"),
    )


def _times(call: Callable[[int], requests.Response], repeats: int = REPEATS) -> Sequence[float]:
    """Return the duration of each call, in ms."""
    times = []
    for number in range(min(repeats, REPEATS)):
        started = time.perf_counter()
        call(number)
        times.append((time.perf_counter() - started) * 1000)
    return times


def _checked(answer: requests.Response) -> requests.Response:
    if answer.status_code != 200:
        raise RuntimeError(f"{answer.request.url}: {answer.status_code} {answer.text[:200]}")
    return answer


if __name__ == "__main__":
    main()
