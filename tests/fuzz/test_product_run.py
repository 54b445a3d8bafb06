"""A short run of ``make fuzz``, with a fixed seed; and what the watcher of a run finds."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.fuzz.attackers import make_viewer
from tests.fuzz.fuzz import SETTINGS
from tests.fuzz.honest import two_people
from tests.fuzz.inputs import RestInput
from tests.fuzz.product_run import Finding, ProductRun, run_rounds
from tests.fuzz.watcher import Bounds, Watcher
from tests.support.control import paused, wait_until_back
from tests.support.launcher import Launched
from tests.support.web_server import WebServer

SEED = 15
#: Rounds of ``make test``: half a minute on a quiet machine.
ROUNDS = 6
#: A busy machine is no finding; a process that hangs is.
PATIENT = Bounds(probe_s=20.0, honest_s=60.0, settle_s=120.0)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launched]:
    """Start a product of its own: the processes of others are not to be watched."""
    stack = Launched(Path(tmp_path_factory.mktemp("fuzz")), settings=SETTINGS)
    try:
        stack.wait_until_ready()
        make_viewer(stack)
        yield stack
    finally:
        stack.stop()


@pytest.fixture(scope="module")
def run(product: Launched) -> Iterator[ProductRun]:
    """Return a run on the product, with a second web server."""
    with WebServer(product, "web-fuzz") as other:
        yield ProductRun(product, other, bounds=PATIENT)


async def test_hostile_input_harms_neither_people_nor_processes(run: ProductRun) -> None:
    """Two people type on, each word of theirs stays, and nobody waits for long."""
    lines: list[str] = []
    rounds = iter(range(ROUNDS))
    findings = await run_rounds(
        run, SEED, go_on=lambda: next(rounds, None) is not None, say=lines.append
    )
    assert not findings, "\n".join([*lines, *map(str, findings)])
    assert len(lines) == ROUNDS


async def test_word_of_a_person_that_is_gone_is_found(
    run: ProductRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person has written it, and it never left this device."""
    monkeypatch.setattr(run, "_bounds", PATIENT._replace(settle_s=2.0))
    monkeypatch.setattr("tests.fuzz.product_run.two_people", _two_people_who_lost_a_word)
    report = await run.round([])
    kinds = {failure.partition(":")[0] for failure in report.failures}
    assert kinds == {"text"}
    assert "lost-word" in " ".join(report.failures)


@asynccontextmanager
async def _two_people_who_lost_a_word(stack: Launched, document_id: str) -> AsyncIterator[object]:
    async with two_people(stack, document_id) as people:
        people[0].written.append("lost-word")
        yield people


def test_finding_prints_its_seed_and_inputs() -> None:
    """That is enough to send the same again."""
    call = RestInput("editor", "GET", "documents/", b"", "application/json")
    text = str(Finding(7, 3, ("rest: 500", "log: web"), (call,)))
    assert text.startswith("seed 7, round 3, 1 inputs:\n  rest: 500\n  log: web\n")
    assert "rest editor: GET documents/" in text


async def test_process_that_ends_is_found(product: Launched) -> None:
    """Also where its supervisor has started it again."""
    async with Watcher(product, PATIENT) as watcher:
        pid = product.kill("beat")
        await asyncio.to_thread(wait_until_back, product, "beat", pid)
        assert watcher.findings() == ["process: beat has ended"]
        assert watcher.findings() == []


async def test_unexpected_error_in_a_log_is_found(product: Launched) -> None:
    """With the lines around it."""
    async with Watcher(product, PATIENT) as watcher:
        with (product.data_dir / "log" / "web.log").open("a") as log:
            log.write("one\nTraceback (most recent call last):\n  two\n")
        [finding] = watcher.findings()
        assert finding.startswith("log: web has an unexpected error: ")
        assert "two" in finding


async def test_probe_that_is_not_answered_in_time_is_found(product: Launched) -> None:
    """The web server stands still for a moment."""
    async with Watcher(product, Bounds(probe_s=0.5)) as watcher:
        with paused(product, "web"):
            await watcher.until_probe_takes(0.6)
        assert [finding for finding in watcher.findings() if finding.startswith("healthz: ")]


async def test_memory_that_grows_is_found(product: Launched) -> None:
    """Measured against the start of the watch."""
    async with Watcher(product, Bounds(memory_bytes=-1)) as watcher:
        await watcher.until_measured()
        assert [finding for finding in watcher.findings() if finding.startswith("memory: ")]
