"""Typing latency in a long document: ``make bench-typing``, prints a table.

In headless Chromium, on a new Scriptorium, for a document of 100,000 words and one of 100. A person
types at a human pace, at the beginning, in the middle and at the end; then a second person types as
well, in another page. Each row is added as a line of JSON to ``benchmarks/results``.

Two times are measured for each key. *To the frame* is the latency for a person: from the browser's
timestamp of the key (also while the page is busy) until the frame that shows it, which includes up
to 17 ms for the next refresh of the screen. *Work* is the processor time of the page's main thread
from one key to the next, for whatever purpose, which a busy machine changes little.
"""

import itertools
import os
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import CDPSession, Page

from benchmarks.browser import browser_started, page_of
from benchmarks.reporting import Report, launched
from tests.support.launcher import Launched

WORDS: Final = 100_000
SHORT_WORDS: Final = 100
KEYS: Final = 200
#: Keys at each place before the measurement, so that the browser compiles the hot functions.
WARM_UP_KEYS: Final = 20
PACE_S: Final = 0.08
#: Pause after which the page has counted the words, in seconds.
SETTLE_S: Final = 1.0
TIMEOUT_MS: Final = 120_000
TYPED: Final = "so quietly that nobody on the quay would have heard it "
ITEM_WORDS: Final = 10
PLACES: Final = ("beginning", "middle", "end")
VOCABULARY: Final = (
    "the a harbour lies quiet before dawn and every lamp burns while ships wait for their pilots "
    "who know tide wind stone rope sail letter keeper island winter morning nobody remembers "
    "slowly carried written between answer window garden silver"
)

#: Records the time to the frame of each key, and the long tasks.
WATCH: Final = """() => {
  window.frames = [];
  window.longTasks = [];
  addEventListener('keydown', ({ timeStamp }) => {
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port2.onmessage = () => window.frames.push(performance.now() - timeStamp);
      port1.postMessage(null);
    });
  }, { capture: true });
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) window.longTasks.push(entry.duration);
  }).observe({ type: 'longtask' });
}"""
#: Returns the position of a click that puts the caret to the end of a block in the middle.
TO_MIDDLE: Final = """() => {
  const blocks = document.querySelectorAll('#content .prose > p');
  const block = blocks[Math.floor(blocks.length / 2)];
  block.scrollIntoView({ block: 'center' });
  const { right, bottom } = [...block.getClientRects()].at(-1);
  return [right - 2, bottom - 6];
}"""


@dataclass
class TypingTimes:
    """The times measured while a person typed, in ms."""

    frames: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)
    long_tasks: list[float] = field(default_factory=list)


def main() -> None:
    """Measure the short document and the long one, alone and with a second person."""
    with tempfile.TemporaryDirectory() as folder, launched(Path(folder)) as stack:
        report = Report("keystrokes")
        with browser_started() as browser:
            ada, grace = (page_of(browser, stack.url, name) for name in ("ada", "grace"))
            for words in (SHORT_WORDS, WORDS):
                document = f"/documents/{_imported(stack, words)}/"
                _open(ada, document)
                for place in PLACES:
                    _report(report, f"{words:,} words, {place}", _typed(ada, place))
                _open(grace, document)
                _report(report, f"{words:,} words, with another", _typed(ada, "middle", grace))
                _close(grace)
        print("load of the machine at the end:", *os.getloadavg())  # noqa: T201 - the interface


# --- the document --------------------------------------------------------------------------------


def markdown_of(words: int, *, seed: int = 1) -> str:
    """Return a text of this many words with paragraphs, headings and lists, as people write."""
    chance = random.Random(seed)  # noqa: S311 - the same at each run
    vocabulary = VOCABULARY.split()
    left, blocks = words, list[str]()
    for kind in _kinds(chance):
        if left == 0:
            return "\n\n".join(blocks) + "\n"
        count = min(left, _length(kind, chance))
        left -= count
        blocks.append(_block(kind, [chance.choice(vocabulary) for _ in range(count)]))
    raise AssertionError("kinds never end")


def _kinds(chance: random.Random) -> Iterator[str]:
    for number in itertools.count():
        if number % 8 == 0:
            yield "heading"
        else:
            yield "list" if chance.random() < 0.1 else "paragraph"


def _length(kind: str, chance: random.Random) -> int:
    least, most = {"heading": (2, 6), "list": (15, 60), "paragraph": (30, 120)}[kind]
    return chance.randint(least, most)


def _block(kind: str, words: Sequence[str]) -> str:
    if kind == "heading":
        return f"## {' '.join(words)}"
    if kind == "list":
        items = (words[at : at + ITEM_WORDS] for at in range(0, len(words), ITEM_WORDS))
        return "\n".join(f"- {' '.join(item)}" for item in items)
    return f"{' '.join(words)}."


def _imported(stack: Launched, words: int) -> str:
    body = {"format": "md", "content": markdown_of(words), "title": f"{words:,} words"}
    answer = stack.call("ada", "POST", "documents/import/", json=body)
    if answer.status_code != 201:
        raise RuntimeError(
            f"The document was not created: {answer.status_code} {answer.text[:200]}"
        )
    document_id = str(answer.json()["id"])
    stack.share(document_id, "grace", "editor")
    return document_id


# --- the page ------------------------------------------------------------------------------------


def _open(page: Page, document: str) -> None:
    page.goto(document)
    page.locator("body[data-ready]").wait_for(timeout=TIMEOUT_MS)
    page.locator("#content .prose > p").first.wait_for(timeout=TIMEOUT_MS)
    page.locator("#status[data-kind=saved]").wait_for(timeout=TIMEOUT_MS)
    page.evaluate(WATCH)


def _close(page: Page) -> None:
    page.locator("#status[data-kind=saved]").wait_for(timeout=TIMEOUT_MS)
    page.goto("/")


def _go_to(page: Page, place: str) -> None:
    page.locator("#content .prose").focus()
    if place == "middle":
        page.mouse.click(*page.evaluate(TO_MIDDLE))
        page.keyboard.press("End")
    else:
        page.keyboard.press("Control+Home" if place == "beginning" else "Control+End")


def _typed(page: Page, place: str, other: Page | None = None) -> TypingTimes:
    """Type in a page, and between its keys in another; return the times of the first."""
    _go_to(page, place)
    if other is not None:
        _go_to(other, "end")
    _type(page, WARM_UP_KEYS, other)
    page.locator("#status[data-kind=saved]").wait_for(timeout=TIMEOUT_MS)
    _pause(page, SETTLE_S)
    page.evaluate("() => { window.frames.length = window.longTasks.length = 0; window.gc(); }")
    work = _type(page, KEYS, other)
    _pause(page, SETTLE_S)
    frames, long_tasks = page.evaluate("() => [window.frames, window.longTasks]")
    if len(frames) != KEYS:
        raise RuntimeError(f"{len(frames)} frames were seen for {KEYS} keys.")
    return TypingTimes(frames, work, long_tasks)


def _type(page: Page, count: int, other: Page | None) -> list[float]:
    """Type this many keys; return the work from each to the next, in ms."""
    clock = MainThread(page)
    work = list[float]()
    for character in itertools.islice(itertools.cycle(TYPED), count):
        due = time.monotonic() + PACE_S
        page.keyboard.press("Space" if character == " " else character)
        if other is not None:
            _pause(page, (due - time.monotonic()) / 2)
            other.keyboard.press("Space" if character == " " else character)
        _pause(page, due - time.monotonic())
        work.append(clock.spent_ms())
    clock.close()
    return work


def _pause(page: Page, seconds: float) -> None:
    page.wait_for_timeout(max(seconds, 0) * 1000)


class MainThread:
    """The processor time of a page's main thread for tasks, as the browser counts it."""

    def __init__(self, page: Page) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})
        self._before = self._total()

    def spent_ms(self) -> float:
        """Return the time since the last call, in ms."""
        before, self._before = self._before, self._total()
        return (self._before - before) * 1000

    def close(self) -> None:
        """Close the connection to the browser."""
        self._session.detach()

    def _total(self) -> float:
        metrics: Sequence[dict[str, Any]] = self._session.send("Performance.getMetrics")["metrics"]
        return next(
            float(metric["value"]) for metric in metrics if metric["name"] == "TaskDuration"
        )


def _report(report: Report, case: str, typed: TypingTimes) -> None:
    report.row(f"{case}: key to the frame", "ms", typed.frames)
    report.row(f"{case}: work for a key", "ms", typed.work)
    report.row(f"{case}: tasks over 50 ms", "count", [len(typed.long_tasks)])
    report.row(f"{case}: longest of them", "ms", [max(typed.long_tasks, default=0)])


if __name__ == "__main__":
    main()
