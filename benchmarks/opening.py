"""Load time and size of the editor's page: ``make bench-page``, prints a table.

In headless Chromium, on a new Scriptorium: each time by a browser with an empty cache, and then by
one that has loaded the page before. Each row is added as a line of JSON to ``benchmarks/results``.
Bytes are those transferred over the network, as the browser counts them.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, Page

from benchmarks.browser import VIEWPORT, browser_started, page_of
from benchmarks.reporting import Report, launched
from benchmarks.subjects import FullSize
from tests.support.launcher import Launched
from tests.support.long_documents import long_document

REPEATS: Final = 7
OPERATIONS: Final = 2_000
TIMEOUT_MS: Final = 30_000

#: Records when the text is shown, and the duration of the page's tasks.
WATCH: Final = """() => {
  window.longTasks = [];
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) window.longTasks.push(entry.duration);
  }).observe({ type: 'longtask', buffered: true });
  const look = () => {
    if (document.querySelector('#content .prose')?.textContent.length > 100) {
      requestAnimationFrame(() => {
        document.documentElement.dataset.textAt = performance.now();
      });
    } else requestAnimationFrame(look);
  };
  look();
}"""
#: The page and its resources, in transferred bytes; a cached resource counts 0.
LOADED: Final = """() => [
  ...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource'),
].map(entry => ({ name: new URL(entry.name).pathname, bytes: entry.transferSize }))"""
#: Kinds of resources, by the ending of their name.
KINDS: Final = {"fonts": (".woff2",), "scripts and styles": (".js", ".css", ".svg")}


def main() -> None:
    """Measure one web server, or with ``--gateway`` the three behind nginx."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.opening", description=__doc__)
    parser.add_argument("--gateway", action="store_true", help="through the nginx of make stack")
    with_gateway = parser.parse_args().gateway
    with tempfile.TemporaryDirectory() as folder, _started(Path(folder), with_gateway) as stack:
        document = f"/documents/{long_document(stack, OPERATIONS)}/"
        report = Report("opening")
        with browser_started() as browser:
            state = page_of(browser, stack.url, "ada").context.storage_state()
            _measure(browser, stack, document, state, report)


@contextmanager
def _started(folder: Path, with_gateway: bool) -> Iterator[Launched]:  # noqa: FBT001 - an option
    if not with_gateway:
        with launched(folder) as stack:
            yield stack
        return
    stack = FullSize(folder, action="3+2")
    try:
        stack.wait_until_ready()
        yield stack
    finally:
        stack.stop()


def _measure(browser: Browser, stack: Launched, document: str, state: Any, report: Report) -> None:
    opened: dict[str, list[dict[str, float]]] = {"nothing there": [], "there before": []}
    for _ in range(REPEATS):
        context = browser.new_context(base_url=stack.url, storage_state=state, viewport=VIEWPORT)
        context.add_init_script(f"({WATCH})()")
        for figures in opened.values():
            figures.append(_open(context, document))
        context.close()
    for case, figures in opened.items():
        for name in figures[0]:
            unit = "kB" if name.startswith("bytes") else "ms" if name.endswith("ms") else "count"
            report.row(f"{case}: {name}", unit, [opening[name] for opening in figures])


def _open(context: BrowserContext, document: str) -> dict[str, float]:
    page = context.new_page()
    page.goto(document)
    page.locator("body[data-ready]").wait_for(timeout=TIMEOUT_MS)
    page.locator("html[data-text-at]").wait_for(timeout=TIMEOUT_MS, state="attached")
    page.locator("#status[data-kind=saved]").wait_for(timeout=TIMEOUT_MS)
    figures = {
        "first text, ms": float(page.locator("html").get_attribute("data-text-at") or 0),
        "longest task over 50, ms": max(page.evaluate("window.longTasks"), default=0),
        **_bytes(page),
    }
    page.close()
    return figures


def _bytes(page: Page) -> dict[str, float]:
    loaded: Sequence[dict[str, Any]] = page.evaluate(LOADED)
    kinds = {
        f"bytes, {kind}": sum(entry["bytes"] for entry in loaded if entry["name"].endswith(ends))
        for kind, ends in KINDS.items()
    }
    total = sum(entry["bytes"] for entry in loaded)
    return {
        "requests": len(loaded),
        **{name: size / 1000 for name, size in kinds.items()},
        "bytes, all": total / 1000,
    }


if __name__ == "__main__":
    main()
