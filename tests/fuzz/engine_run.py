"""Odd documents against the gate and the engine, each in a child process with limits."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import Final, NamedTuple

from tests.crdt.apart import Apart
from tests.fuzz.admission import Judgement, judge
from tests.fuzz.shrinking import shrunk
from tests.fuzz.update_grammar import odd_document

#: What one document may take: seconds, on a busy machine, and bytes of address space.
DOCUMENT_DEADLINE_S: Final = 20.0
DOCUMENT_MEMORY_BYTES: Final = 2 * 1024**3
#: Runs of the search for the smallest input, at most.
SHRINK_RUNS: Final = 60


class EngineFinding(NamedTuple):
    """A document that harms the engine: its number, what happened, the smallest updates."""

    number: int
    failure: str
    updates: tuple[bytes, ...]

    def __str__(self) -> str:
        lines = "\n".join(f"  {update.hex()}" for update in self.updates)
        return f"odd document {self.number}: {self.failure}\n{lines}"


class EngineReport(NamedTuple):
    """The sums of all judgements, and the findings."""

    sums: Counter[str]
    findings: list[EngineFinding]


def judge_documents(
    numbers: Iterable[int], *, go_on: Callable[[], bool] = lambda: True
) -> EngineReport:
    """Judge the documents of these numbers; stop early where ``go_on`` returns False."""
    report = EngineReport(Counter(), [])
    with Apart(deadline_s=DOCUMENT_DEADLINE_S, memory_bytes=DOCUMENT_MEMORY_BYTES) as process:
        for number in numbers:
            if not go_on():
                break
            failure, judgement = _judged(process, odd_document(number))
            report.sums["documents"] += 1
            if judgement is not None:
                report.sums.update(judgement.counts())
            if failure:
                report.findings.append(_finding(process, number, failure))
    return report


def _judged(process: Apart, updates: Sequence[bytes]) -> tuple[str, Judgement | None]:
    """Judge the updates of a document there; return what failed, empty if nothing did."""
    try:
        judgement = process.call(judge, updates)
    except BrokenProcessPool:
        return "The process died.", None
    except TimeoutError:
        return f"It took more than {DOCUMENT_DEADLINE_S} s.", None
    except Exception as err:  # noqa: BLE001 - whatever the child raised is the finding
        return f"{type(err).__name__}: {err}", None
    return " ".join(judgement.failures), judgement


def _finding(process: Apart, number: int, failure: str) -> EngineFinding:
    smallest = shrunk(
        odd_document(number), lambda updates: bool(_judged(process, updates)[0]), SHRINK_RUNS
    )
    return EngineFinding(number, failure, tuple(smallest))
