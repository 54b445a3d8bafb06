"""Rounds of hostile input against a running product, with two honest people and a watcher."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import pycrdt
import requests

from tests.crash.checks import replay, text_of
from tests.fuzz.attackers import USERNAMES, Attackers
from tests.fuzz.honest import HonestPerson, missing_words, two_people, until_settled
from tests.fuzz.input_grammar import inputs_of_round
from tests.fuzz.inputs import Input
from tests.fuzz.shrinking import shrunk
from tests.fuzz.watcher import Bounds, Watcher
from tests.integration.conftest import read_log
from tests.support.clients import Client
from tests.support.launcher import Launched
from tests.support.web_server import WebServer

#: Inputs of one round, sent one after another.
ROUND_INPUTS: Final = 1_000
#: Replays of parts of a failed round on new documents, at most.
SHRINK_RUNS: Final = 10
#: Views of a document that every reader may ask for after a round.
VIEWS: Final = (
    "state/",
    "authorship/",
    "deletions/",
    "move-conflicts/",
    "activity/",
    "versions/",
    "operations/",
    "export/txt/",
)


class Finding(NamedTuple):
    """What a round found: its seed and number, what happened, and the smallest input."""

    seed: int
    number: int
    failures: tuple[str, ...]
    inputs: tuple[Input, ...]

    def __str__(self) -> str:
        lines = [f"seed {self.seed}, round {self.number}, {len(self.inputs)} inputs:"]
        lines += [f"  {failure}" for failure in self.failures]
        return "\n".join([*lines, *(f"    {input_}" for input_ in self.inputs)])

    @property
    def kinds(self) -> set[str]:
        """Return the first word of each failure."""
        return {failure.partition(":")[0] for failure in self.failures}


class RoundReport(NamedTuple):
    """A round: its failures, and what honest people and probes measured, in seconds."""

    failures: tuple[str, ...]
    words: int
    breaks: int
    worst_ack_s: float
    worst_seen_s: float
    worst_probe_s: float
    growth_bytes: int
    statuses: dict[int, int]

    def __str__(self) -> str:
        return (
            f"{self.words} words, {self.breaks} reconnects, ack {self.worst_ack_s:.2f} s, "
            f"seen {self.worst_seen_s:.2f} s, healthz {self.worst_probe_s:.2f} s, "
            f"memory +{self.growth_bytes / 1024**2:.0f} MiB, answers {self.statuses}"
        )


class ProductRun:
    """Rounds against one product. ``other`` is a second web server, which loads each document."""

    def __init__(self, stack: Launched, other: WebServer, *, bounds: Bounds | None = None) -> None:
        self._stack = stack
        self._other = other
        self._bounds = bounds or Bounds()

    async def round(self, inputs: Sequence[Input]) -> RoundReport:
        """Send inputs to a new document in which two people type; check everything afterwards."""
        stack = self._stack
        document_id = await asyncio.to_thread(self._create)
        async with (
            Watcher(stack, self._bounds) as watcher,
            two_people(stack, document_id) as people,
        ):
            async with Attackers(stack, document_id) as attackers:
                for input_ in inputs:
                    await attackers.send(input_)
            failures = list(attackers.findings)
            if wrong := await until_settled(people, self._bounds.settle_s):
                failures.append(f"text: {wrong}")
            failures += await self._reloaded(document_id, people)
            failures += await asyncio.to_thread(self._views, document_id)
            probe_s, growth = watcher.worst_probe_s, watcher.worst_growth_bytes
            failures += watcher.findings()
            ack_s = max(person.worst_ack_s for person in people)
            seen_s = max(person.worst_seen_s for person in people)
            if max(ack_s, seen_s) > self._bounds.honest_s:
                failures.append(f"honest: a word took {max(ack_s, seen_s):.1f} s")
        return RoundReport(
            tuple(failures),
            words=sum(len(person.written) for person in people),
            breaks=sum(person.breaks for person in people),
            worst_ack_s=ack_s,
            worst_seen_s=seen_s,
            worst_probe_s=probe_s,
            growth_bytes=growth,
            statuses=attackers.statuses,
        )

    def _create(self) -> str:
        return self._stack.create_document(
            "ada", grace="editor", **{USERNAMES["editor"]: "editor", USERNAMES["viewer"]: "viewer"}
        )

    async def _reloaded(self, document_id: str, people: Sequence[HonestPerson]) -> list[str]:
        """Load the document on the other server and from the log; return what is wrong there."""
        failures = []
        try:
            async with Client(
                self._other.ws_url, document_id, token=self._stack.token("grace")
            ) as reader:
                await reader.until(reader.synced.is_set, self._bounds.settle_s)
                reloaded = reader.text
        except Exception as err:  # noqa: BLE001 - whatever happens, the document was not loaded
            return [f"load: {type(err).__name__}: {err}"]
        if reloaded != people[0].text:
            failures.append("text: another one after a reload")
        if missing := missing_words(reloaded, people):
            failures.append(f"text: after a reload {len(missing)} words are gone: {missing[:3]}")
        rows = await asyncio.to_thread(read_log, self._stack, document_id)
        try:
            replayed = text_of(replay(rows))
        except BaseException as err:  # noqa: BLE001 - a panic of the library is a BaseException
            return [*failures, f"load: the log cannot be replayed: {err!r}"]
        if missing := missing_words(replayed, people):
            failures.append(f"text: the log lacks {len(missing)} words: {missing[:3]}")
        return failures

    def _views(self, document_id: str) -> list[str]:
        """Ask for every view; return those that fail in a way that no content explains."""
        failures = []
        for view in VIEWS:
            try:
                answer = self._stack.call("ada", "GET", f"documents/{document_id}/{view}")
            except requests.RequestException as err:
                failures.append(f"view: {view} {type(err).__name__}")
                continue
            if answer.status_code >= 500:
                failures.append(f"view: {view} {answer.status_code} {answer.text[:200]}")
            elif view == "state/":
                pycrdt.Doc().apply_update(answer.content)
        return failures


async def run_rounds(
    run: ProductRun,
    seed: int,
    *,
    go_on: Callable[[], bool],
    say: Callable[[str], None],
    inputs: int = ROUND_INPUTS,
) -> list[Finding]:
    """Run rounds until ``go_on`` returns False; shrink and return the findings."""
    findings = []
    number = 0
    while go_on():
        made = inputs_of_round(seed, number, inputs)
        report = await run.round(made)
        say(f"round {number}: {len(made)} inputs, {report}")
        if report.failures:
            finding = Finding(seed, number, report.failures, tuple(made))
            say(f"FOUND in round {number}: {'; '.join(report.failures)}")
            findings.append(await _smallest(run, finding, say))
        number += 1
    return findings


async def _smallest(run: ProductRun, finding: Finding, say: Callable[[str], None]) -> Finding:
    """Return the finding with fewer inputs that fail in the same way on a new document."""
    loop = asyncio.get_running_loop()

    def fails(inputs: Sequence[Input]) -> bool:
        report = asyncio.run_coroutine_threadsafe(run.round(inputs), loop).result()
        kinds = {failure.partition(":")[0] for failure in report.failures}
        say(f"  {len(inputs)} inputs: {', '.join(kinds) or 'nothing found'}")
        return bool(kinds & finding.kinds)

    inputs = await asyncio.to_thread(shrunk, finding.inputs, fails, SHRINK_RUNS)
    return finding._replace(inputs=tuple(inputs))
