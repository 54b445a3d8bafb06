"""From a key to another person's screen: ``make bench-live-letters``, prints a table.

In headless Chromium, on a new Scriptorium. Ada types in one page at eight keys a second, then
single keys; Grace's page has the same document open. A letter is seen in the first frame that shows
it. Meanwhile each frame of Grace's page says whether Ada's caret is there. At last Ada types alone.
Each row is added as a line of JSON to ``benchmarks/results``.
"""

import itertools
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

from benchmarks.browser import browser_started, page_of
from benchmarks.keystrokes import TIMEOUT_MS, TYPED
from benchmarks.reporting import Report, launched
from tests.support.launcher import Launched

#: Eight keys a second, and single ones.
STEADY_S: Final = 0.125
SINGLE_S: Final = 1.0
STEADY_KEYS: Final = 240
SINGLE_KEYS: Final = 20
WARM_UP_KEYS: Final = 24

#: Records when each key was pressed, in ms of the machine's clock.
WATCH_KEYS: Final = """() => {
  window.pressed = [];
  addEventListener('keydown', ({ timeStamp }) =>
    window.pressed.push(performance.timeOrigin + timeStamp), { capture: true });
}"""
#: Records the frame that first shows each letter, and whether the other caret is in each frame.
WATCH_LETTERS: Final = """() => {
  window.seen = [];
  window.carets = [];
  const textLength = () => {
    const block = document.querySelector('#content .prose > p:last-of-type')?.cloneNode(true);
    block?.querySelectorAll('.caret').forEach(caret => caret.remove());
    return block?.textContent.length ?? 0;
  };
  let length = textLength();
  const look = () => {
    const now = performance.timeOrigin + performance.now();
    for (const next = textLength(); length < next; length++) window.seen.push(now);
    window.carets.push(document.querySelector('#content .prose .caret') !== null);
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


def main() -> None:
    """Measure steady typing and single keys with another person, then the log of both ways."""
    with tempfile.TemporaryDirectory() as folder, launched(Path(folder)) as stack:
        report = Report("live_letters")
        with browser_started() as browser:
            ada, grace = (page_of(browser, stack.url, name) for name in ("ada", "grace"))
            document_id = stack.create_document("ada", grace="editor")
            for page, watch in ((ada, WATCH_KEYS), (grace, WATCH_LETTERS)):
                _open(page, document_id)
                page.evaluate(watch)
            ada.locator("#content .prose").focus()
            _measure(ada, grace, WARM_UP_KEYS, STEADY_S)
            before = _log(stack, document_id)
            steady, carets = _measure(ada, grace, STEADY_KEYS, STEADY_S)
            grown = _growth(before, _log(stack, document_id))
            single, _ = _measure(ada, grace, SINGLE_KEYS, SINGLE_S)
            report.row("8 keys a second: key to the other's screen", "ms", steady)
            report.row("single keys: key to the other's screen", "ms", single)
            share = 100 * sum(carets) / len(carets)
            report.row(f"caret on the other's screen, of {len(carets)} frames", "%", [share])
            _report_growth(report, "with another", grown)
            grace.goto("/")
            _saved(ada)
            before = _log(stack, document_id)
            _type(ada, STEADY_KEYS, STEADY_S)
            _saved(ada)
            _report_growth(report, "alone", _growth(before, _log(stack, document_id)))
        print("load of the machine at the end:", *os.getloadavg())  # noqa: T201 - the interface


def _open(page: Page, document_id: str) -> None:
    page.goto(f"/documents/{document_id}/")
    page.locator("body[data-ready]").wait_for(timeout=TIMEOUT_MS)
    _saved(page)


def _saved(page: Page) -> None:
    page.locator("#status[data-kind=saved]").wait_for(timeout=TIMEOUT_MS)


def _measure(ada: Page, grace: Page, keys: int, pace_s: float) -> tuple[list[float], list[bool]]:
    """Type; return the time from each key to the other screen, and the caret in each frame there.

    The frames until the first key is seen are not counted.
    """
    ada.evaluate("() => { window.pressed.length = 0; }")
    grace.evaluate("() => { window.seen.length = window.carets.length = 0; }")
    _type(ada, keys, pace_s)
    grace.wait_for_function("count => window.seen.length >= count", arg=keys, timeout=TIMEOUT_MS)
    pressed: list[float] = ada.evaluate("() => window.pressed")
    seen, carets = grace.evaluate("() => [window.seen, window.carets]")
    return [at - key for at, key in zip(seen, pressed, strict=True)], carets


def _type(page: Page, keys: int, pace_s: float) -> None:
    due = time.monotonic()
    for character in itertools.islice(itertools.cycle(TYPED), keys):
        page.keyboard.press("Space" if character == " " else character)
        due += pace_s
        page.wait_for_timeout(max(due - time.monotonic(), 0) * 1000)


def _log(stack: Launched, document_id: str) -> Sequence[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while True:
        params = {"after": len(rows), "limit": 1000}
        page = stack.call("ada", "GET", f"documents/{document_id}/operations/", params=params)
        rows += page.json()["results"]
        if page.json()["next"] is None:
            return rows


def _growth(
    before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]
) -> tuple[float, float]:
    """Return operations, and bytes of updates, in an hour of typing at this pace."""
    grown = after[len(before) :]
    hours = STEADY_KEYS * STEADY_S / 3600
    return len(grown) / hours, sum(row["size"] for row in grown) / hours


def _report_growth(report: Report, who: str, growth: tuple[float, float]) -> None:
    operations, size_bytes = growth
    report.row(f"{who}: operations in an hour of typing", "count", [operations])
    report.row(f"{who}: updates in an hour of typing", "KiB", [size_bytes / 1024])


if __name__ == "__main__":
    main()
