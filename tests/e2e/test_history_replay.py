"""The slider of the history: each state equals the server's, by drag, by key and by playing."""

import re
from typing import Any

import pycrdt
import pytest
from playwright.sync_api import Locator, Route, expect

from tests.e2e.conftest import Arrive
from tests.e2e.people import Person
from tests.e2e.test_history import open_history, position
from tests.support.launcher import Launched
from tests.support.long_documents import long_document

#: More than two chunks of the replay, and several writing sessions.
OPERATIONS = 2_300
#: The longest task of a drag is about as long as that of opening the page, which measures the
#: machine's speed: maximal ratio of the two, and the least ms that count for opening.
LONGEST_RATIO, LONG_MS = 3, 100
#: Number of measurements, because the machine itself may pause.
TRIES = 5

BLOCKS = """() => [...document.querySelectorAll('.history-sheet .prose > *')]
  .map(block => block.textContent)"""
#: Turns the slider as a drag does: event after event, without waiting for the text.
DRAG = """moments => {
  const slider = document.querySelector('.history-slider');
  for (const seq of moments) {
    slider.value = seq;
    slider.dispatchEvent(new Event('input', { bubbles: true }));
  }
}"""
WATCH_TASKS = """window.longest = 0;
new PerformanceObserver(list => {
  window.longest = Math.max(window.longest, ...list.getEntries().map(entry => entry.duration));
}).observe({ entryTypes: ['longtask'] });"""
#: Returns the longest task since the last time.
LONGEST_TASK = """() => {
  const { longest } = window;
  window.longest = 0;
  return longest;
}"""


@pytest.fixture(scope="module")
def long(stack: Launched) -> str:
    """Return a document with a long log that no test changes."""
    return long_document(stack, OPERATIONS)


def shows(dialog: Locator, seq: int) -> None:
    """Wait until the dialog shows the state at a seq."""
    expect(dialog.locator(f".history-sheet[data-seq='{seq}']")).to_be_visible()


def blocks_at(person: Person, document_id: str, seq: int) -> list[str]:
    """Return the text of each block at a seq, as the server has it."""
    answer = person.context.request.get(
        f"{person.base_url}/api/v1/documents/{document_id}/at/{seq}/state/",
        headers={"Authorization": f"Bearer {person.token}"},
    )
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(answer.body())
    root: pycrdt.XmlFragment = doc.get("default", type=pycrdt.XmlFragment)
    blocks = [block for block in root.children if isinstance(block, pycrdt.XmlElement)]
    return [str(text) for block in blocks for text in block.children] or [""]


def test_slider_shows_the_servers_state_at_each_seq(ada: Person, long: str) -> None:
    """Back and forth, near and far, across the chunks that are fetched."""
    ada.page.goto(f"/documents/{long}/#at={OPERATIONS - 1}")
    dialog = ada.page.get_by_role("dialog", name="History")
    shows(dialog, OPERATIONS - 1)
    moments = [OPERATIONS, 5, 6, 7, 6, 0, 1, 1000, 1001, 999, 2000, 1750, 1749, 2201, OPERATIONS]
    for seq in moments:
        ada.page.evaluate(DRAG, [seq])
        shows(dialog, seq)
        assert ada.page.evaluate(BLOCKS) == blocks_at(ada, long, seq), seq


def test_every_state_is_reached_by_keyboard(ada: Person, long: str) -> None:
    """By change, by session, to both ends; each shown state is announced."""
    rows = ada.api("GET", f"documents/{long}/writing-sessions/?limit=200")["results"]
    ends = [row["last_seq"] for row in rows]
    ada.open(long)
    dialog = open_history(ada)
    slider = dialog.get_by_role("slider", name="Position in the history")
    expect(slider).to_be_focused()
    expect(position(dialog)).to_contain_text(f"change {OPERATIONS:,} of {OPERATIONS:,}")
    for key, seq in [
        ("ArrowLeft", OPERATIONS - 1),
        ("ArrowRight", OPERATIONS),
        ("PageDown", ends[1]),
        ("PageDown", ends[2]),
        ("PageUp", ends[1]),
        ("Home", 0),
        ("PageUp", ends[-1]),
        ("PageDown", 0),
        ("End", OPERATIONS),
    ]:
        ada.page.keyboard.press(key)
        shows(dialog, seq)
    ada.page.keyboard.press("PageDown")
    shows(dialog, ends[1])
    name = rows[1]["authors"][0]["name"]
    expect(position(dialog)).to_contain_text(name)
    text = f"change {ends[1]:,} of {OPERATIONS:,}"
    expect(slider).to_have_attribute("aria-valuetext", re.compile(f"^{name}, .+, {text}$"))
    expect(dialog.get_by_role("status").filter(has_text=text)).to_have_count(1)
    rows_shown = dialog.get_by_role("list", name="Writing sessions").get_by_role("button")
    expect(rows_shown.nth(1)).to_have_attribute("aria-current", "true")
    rows_shown.nth(1).focus()
    ada.page.keyboard.press("ArrowDown")
    expect(rows_shown.nth(2)).to_be_focused()
    ada.page.keyboard.press("Enter")
    shows(dialog, ends[2])
    back = dialog.get_by_role("button", name="Previous session")
    back.press("Enter")
    shows(dialog, ends[3])


def test_document_plays_to_the_present_and_pauses(ada: Person, long: str) -> None:
    """By the space bar; moving the slider stops it."""
    ada.page.goto(f"/documents/{long}/#at={OPERATIONS - 60}")
    dialog = ada.page.get_by_role("dialog", name="History")
    shows(dialog, OPERATIONS - 60)
    slider = dialog.get_by_role("slider", name="Position in the history")
    slider.focus()
    ada.page.keyboard.press(" ")
    expect(dialog.get_by_role("button", name="Pause")).to_be_visible()
    ada.page.keyboard.press("ArrowLeft")
    play = dialog.get_by_role("button", name="Play")
    expect(play).to_be_visible()
    ada.page.evaluate(DRAG, [OPERATIONS - 8])
    shows(dialog, OPERATIONS - 8)
    play.press("Enter")
    shows(dialog, OPERATIONS)
    expect(play).to_be_visible()
    assert ada.page.evaluate(BLOCKS) == blocks_at(ada, long, OPERATIONS)


def test_late_response_never_replaces_a_newer_state(ada: Person, long: str) -> None:
    """The reader has moved on before the response arrived."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    ada.page.route("**/stream/?after=0&*", hold)
    ada.page.goto(f"/documents/{long}/#at={OPERATIONS}")
    dialog = ada.page.get_by_role("dialog", name="History")
    shows(dialog, OPERATIONS)
    ada.page.evaluate(DRAG, [500])
    expect(dialog.locator(".history-sheet[aria-busy='true']")).to_be_visible()
    ada.page.evaluate(DRAG, [OPERATIONS - 40])
    shows(dialog, OPERATIONS - 40)
    for route in held:
        route.continue_()
    ada.page.unroute("**/stream/?after=0&*")
    expect(dialog.locator(".history-progress.is-done")).to_be_attached()
    shows(dialog, OPERATIONS - 40)
    assert ada.page.evaluate(BLOCKS) == blocks_at(ada, long, OPERATIONS - 40)
    ada.page.evaluate(DRAG, [500])
    shows(dialog, 500)


def test_drag_ends_at_the_pointer_and_never_blocks_the_page(ada: Person, long: str) -> None:
    """A hundred events at once; no task of the page is so long that a key would wait."""
    ada.page.add_init_script(WATCH_TASKS)
    tries: list[tuple[float, float]] = []
    while len(tries) < TRIES and not any(map(is_short, tries)):
        tries.append(tasks_of_drag(ada, long))
    assert any(map(is_short, tries)), tries


def is_short(tasks: tuple[float, float]) -> bool:
    """Return whether the longest task of dragging is short compared with opening the page."""
    opening, dragging = tasks
    return dragging < LONGEST_RATIO * max(opening, LONG_MS)


def tasks_of_drag(person: Person, document_id: str) -> tuple[float, float]:
    """Drag through the history; return the longest tasks of opening and of dragging, in ms."""
    person.open(document_id)
    opening = float(person.page.evaluate(LONGEST_TASK))
    dialog = open_history(person)
    expect(dialog.locator(".history-progress.is-done")).to_be_attached()
    person.page.evaluate(DRAG, list(range(OPERATIONS, 0, -23)))
    person.page.evaluate(DRAG, [1234])
    shows(dialog, 1234)
    assert person.page.evaluate(BLOCKS) == blocks_at(person, document_id, 1234)
    return opening, float(person.page.evaluate(LONGEST_TASK))


def test_end_of_the_slider_follows_the_document(ada: Person, grace: Person, shared: str) -> None:
    """The reader stays at the chosen state, and a message shows the new edits."""
    ada.open(shared)
    grace.open(shared)
    ada.insert("Begin")
    expect(ada.chip).to_have_text("Saved")
    dialog = open_history(ada)
    head = int(ada.api("GET", f"documents/{shared}/")["seq"])
    shows(dialog, head)
    grace.insert(" and go on")
    news = dialog.get_by_role("button", name="Show 1 new change")
    expect(news).to_be_visible()
    shows(dialog, head)
    expect(dialog.get_by_role("button", name="Grace Hopper")).to_be_visible()
    news.click()
    grown = int(ada.api("GET", f"documents/{shared}/")["seq"])
    expect(dialog.get_by_role("slider")).to_have_js_property("value", str(grown))
    expect(dialog.locator(".history-sheet .prose")).to_have_text("Begin and go on")


def test_history_fits_a_phone(arrive: Arrive, long: str) -> None:
    """No element is wider than the screen, and all can be reached."""
    ada = arrive("ada", viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    ada.page.goto(f"/documents/{long}/#at=1500")
    dialog = ada.page.get_by_role("dialog", name="History")
    shows(dialog, 1500)
    for name in ("Play", "Restore this version…", "Copy link", "Close"):
        expect(dialog.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
    assert ada.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
