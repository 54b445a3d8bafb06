"""Latency of the list of documents: ``make bench-list``, prints a table.

On a new Scriptorium: ada owns 10,000 documents, 10,000 documents of 50 other people are shared with
grace, and 25 of one of them with alan. By REST, from the request to the last byte of the response;
in Chromium, from the click or key to the frame that shows the result. Each row is added as a line
of JSON to ``benchmarks/results``.
"""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import requests
from playwright.sync_api import Page

from benchmarks.browser import logged_in
from benchmarks.reporting import Report, launched
from tests.support.launcher import Launched

COUNT: Final = 10_000
FEW_COUNT: Final = 25
OWNERS: Final = tuple(f"owner-{number}" for number in range(50))
#: A word in one of a hundred titles (``tests.support.many_documents``).
RARE_WORD: Final = "lighthouse"
#: Requests of each row, each for another page.
REPEATS: Final = 40
TIMEOUT_MS: Final = 30_000

#: The queries of the list: title and query string.
QUERIES: Final = (
    ("last changed first", ""),
    ("by title", "ordering=title"),
    ("the longest pages", "page_size=100"),
    ("search, half of all titles", "search=a"),
    ("search, one of twenty", "search=minutes"),
    ("search, one of a hundred", f"search={RARE_WORD}"),
    ("only own", "owned=true"),
    ("only shared ones", "owned=false"),
)
#: Milliseconds from the change of the list to the frame after the one with the new rows.
TIMED_CHANGE: Final = """async ([act, value]) => {
  const list = document.getElementById('documents');
  const changed = new Promise(resolve => {
    const watch = new MutationObserver(() => (watch.disconnect(), resolve()));
    watch.observe(list, { childList: true });
  });
  const began = performance.now();
  if (act === 'more') document.getElementById('more').click();
  else {
    const search = document.getElementById('search');
    search.value = value;
    search.dispatchEvent(new Event('input'));
  }
  await changed;
  await new Promise(resolve => {
    const { port1, port2 } = new MessageChannel();
    port2.onmessage = resolve;
    requestAnimationFrame(() => port1.postMessage(null));
  });
  return performance.now() - began;
}"""


def main() -> None:
    """Measure everything."""
    with tempfile.TemporaryDirectory() as folder, launched(Path(folder)) as stack:
        _fill(stack, "ada", COUNT)
        _fill(stack, "grace", COUNT, OWNERS)
        _fill(stack, "alan", FEW_COUNT, OWNERS[:1])
        report = Report("listing")
        for name, owner in (("ada", "10,000 own"), ("grace", "10,000 shared"), ("alan", "25")):
            _measure_rest(stack, report, name, owner)
        with logged_in(stack.url, "ada") as page:
            _measure_page(page, report)


def _fill(stack: Launched, reader: str, count: int, owners: Sequence[str] = ()) -> None:
    call = f"documents_fill(reader={reader!r}, count={count}, owners={owners!r})"
    words = f"from tests.support.many_documents import documents_fill\n{call}"
    stack.manage("shell", "--verbosity", "0", "--command", words)


def _measure_rest(stack: Launched, report: Report, name: str, owner: str) -> None:
    for title, query in QUERIES:
        report.row(f"{owner}: {title}", "ms", _pages(stack, name, query))


def _pages(stack: Launched, name: str, query: str) -> Sequence[float]:
    """Return the latency of consecutive pages in ms, starting over after the last page."""
    first = address = f"documents/?{query}"
    times = []
    for _ in range(REPEATS):
        answer, taken = _timed(stack, name, address)
        times.append(taken)
        following = answer.json()["next"]
        address = f"documents/{following.partition('documents/')[2]}" if following else first
    return times


def _timed(stack: Launched, name: str, address: str) -> tuple[requests.Response, float]:
    started = time.perf_counter()
    answer = stack.call(name, "GET", address)
    taken = (time.perf_counter() - started) * 1000
    if answer.status_code != 200:
        raise RuntimeError(f"{answer.request.url}: {answer.status_code} {answer.text[:200]}")
    return answer, taken


def _measure_page(page: Page, report: Report) -> None:
    page.locator("#documents li").first.wait_for(timeout=TIMEOUT_MS)
    more = [page.evaluate(TIMED_CHANGE, ["more", ""]) for _ in range(REPEATS)]
    report.row("10,000 own, in the page: more documents", "ms", more)
    words = [RARE_WORD[: number % 8 + 2] for number in range(REPEATS)]
    found = [page.evaluate(TIMED_CHANGE, ["search", word]) for word in words]
    report.row("10,000 own, in the page: search, with its pause of 200 ms", "ms", found)


if __name__ == "__main__":
    main()
