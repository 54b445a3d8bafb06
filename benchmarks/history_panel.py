"""Latency of the page's history dialog: ``python -m benchmarks.history_panel``, prints a table.

On a new Scriptorium, in headless Chromium. Each row is added as a line of JSON to
``benchmarks/results``. A step is measured from the slider's event to the frame that shows its text.
"""

import json
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Locator, Page

from benchmarks.browser import logged_in
from tests.support.launcher import Launched
from tests.support.long_documents import long_document

RESULTS: Final = Path(__file__).parent / "results" / "history_panel.jsonl"
SIZES: Final = (200, 10_000, 100_000)
OPENINGS: Final = 5
STEPS: Final = 100
TIMEOUT_MS: Final = 120_000

#: Milliseconds from the event to the frame after the one with the text, for each seq.
TIMED_STEPS = """async seqs => {
  const slider = document.querySelector('.history-slider');
  const sheet = document.querySelector('.history-sheet');
  const frame = () => new Promise(resolve => requestAnimationFrame(resolve));
  const shown = seq => new Promise(resolve => {
    const look = () => sheet.dataset.seq === String(seq) && (watch.disconnect(), resolve());
    const watch = new MutationObserver(look);
    watch.observe(sheet, { attributes: true });
    look();
  });
  const taken = [];
  for (const seq of seqs) {
    if (sheet.dataset.seq === String(seq)) continue;
    await frame();
    await new Promise(resolve => setTimeout(resolve));
    const began = performance.now();
    slider.value = seq;
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    await shown(seq);
    sheet.getBoundingClientRect();
    await new Promise(resolve => {
      const { port1, port2 } = new MessageChannel();
      port2.onmessage = resolve;
      requestAnimationFrame(() => port1.postMessage(null));
    });
    taken.push(performance.now() - began);
  }
  return taken;
}"""
#: Milliseconds from the press of the button to the frame that shows the text.
TIMED_OPENING = """() => new Promise(resolve => {
  const began = performance.now();
  const look = () => {
    if (document.querySelector('.history-sheet .prose')?.textContent) {
      resolve(performance.now() - began);
    } else requestAnimationFrame(look);
  };
  document.getElementById('history').click();
  look();
})"""
WATCH_TASKS = """() => {
  window.longTasks = [];
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) window.longTasks.push(entry.duration);
  }).observe({ entryTypes: ['longtask'] });
}"""


def main() -> None:
    """Measure everything."""
    RESULTS.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        stack = Launched(Path(folder))
        try:
            stack.wait_until_ready()
            with logged_in(stack.url, "ada") as page:
                for size in SIZES:
                    _measure(page, long_document(stack, size), size)
        finally:
            stack.stop()


def _measure(page: Page, document_id: str, size: int) -> None:
    address = f"/documents/{document_id}/"
    page.goto(address)
    page.locator("body[data-ready]").wait_for(timeout=TIMEOUT_MS)
    page.locator("#status[data-kind=saved]").wait_for(timeout=TIMEOUT_MS)
    openings = []
    for _ in range(OPENINGS):
        openings.append(page.evaluate(TIMED_OPENING))
        _dialog(page).get_by_role("button", name="Close").click()
    _report(size, "the text of the present, after the button", openings)
    page.evaluate(WATCH_TASKS)
    page.evaluate("() => document.getElementById('history').click()")
    began = page.evaluate("performance.now()")
    page.locator(".history-progress.is-done").wait_for(timeout=TIMEOUT_MS, state="attached")
    _report(size, "what is near is loaded", [page.evaluate("performance.now()") - began])
    _report_steps(page, size, size)
    far = [size // 3, size * 2 // 3 + 7, size // 10, size // 2]
    if size > 12_000:
        _report(size, "a jump to what is not loaded", page.evaluate(TIMED_STEPS, far))
    tasks = page.evaluate("() => window.longTasks") or [0]
    _report(size, "longest task of the page (of those over 50)", [max(tasks)])
    page.evaluate("() => window.gc()")
    heap = page.evaluate("() => performance.memory.usedJSHeapSize") / 2**20
    _report(size, "memory of the page's scripts", [heap], unit="MiB")


def _report_steps(page: Page, size: int, at: int) -> None:
    """Measure steps back, steps forward, and jumps within the loaded part."""
    count = min(STEPS, size // 2)
    back = [at - number for number in range(1, count)]
    _report(size, "a step back", page.evaluate(TIMED_STEPS, back))
    _report(size, "a step forward", page.evaluate(TIMED_STEPS, back[-2::-1]))
    span = min(size, 10_000)
    jumps = [at - (number * 7_919) % span for number in range(1, count)]
    _report(size, "a jump to what is loaded", page.evaluate(TIMED_STEPS, jumps))
    drag = [at - span + span * number // count for number in range(1, count)]
    _report(size, "a drag from one end to the other", page.evaluate(TIMED_STEPS, drag))


def _dialog(page: Page) -> Locator:
    return page.get_by_role("dialog", name="History")


def _report(size: int, scenario: str, values: Sequence[float], unit: str = "ms") -> None:
    ordered, median = sorted(values), statistics.median(values)
    late = ordered[(len(ordered) - 1) * 95 // 100]
    spread = f" (p95 {late:.0f}, longest {ordered[-1]:.0f})" if len(ordered) > 1 else ""
    line = f"{size:>7} {scenario:<46}{median:>8.0f} {unit}{spread}"
    print(line, flush=True)  # noqa: T201 - the interface
    row: dict[str, Any] = {"scenario": scenario, "operations": size, "value": median, "unit": unit}
    with RESULTS.open("a") as file:
        file.write(json.dumps({"subject": "scriptorium", **row, "runs": list(values)}) + "\n")


if __name__ == "__main__":
    main()
