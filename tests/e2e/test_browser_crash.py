"""The browser is killed: edits stored on the device are sent again, under the same ids."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, StorageState, expect

from tests.e2e.conftest import CHROMIUM_ARGS
from tests.e2e.people import Person
from tests.support.eventually import eventually
from tests.support.launcher import Launched
from tests.support.processes import with_words

#: The unique ids of the operations that are stored on the device.
KEPT_IDS = """() => new Promise((resolve, reject) => {
  const opening = indexedDB.open("scriptorium-outbox");
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const all = opening.result.transaction("operations").objectStore("operations").getAll();
    all.onsuccess = () => resolve(all.result.map(({ id }) => id));
  };
})"""

#: Starts a new browser on the same profile folder, with ada logged in.
Start = Callable[[], Person]


@pytest.fixture
def start(
    browser: Browser,
    chromium: str,
    stack: Launched,
    logins: Callable[[str], tuple[StorageState, str]],
    tmp_path: Path,
) -> Iterator[Start]:
    """Return a function that starts ada's browser."""
    state, token = logins("ada")
    started: list[BrowserContext] = []

    def begin() -> Person:
        context = browser.browser_type.launch_persistent_context(
            tmp_path, executable_path=chromium, args=CHROMIUM_ARGS, base_url=stack.url
        )
        started.append(context)
        context.add_cookies(state["cookies"])  # type: ignore[arg-type]
        return Person("ada", token, context, context.pages[0], stack.url)

    yield begin
    for context in started:
        context.close()


def test_killed_browser_sends_its_stored_edits_under_the_same_ids(
    start: Start, stack: Launched, tmp_path: Path
) -> None:
    """SIGKILL with unsent edits: the browser has them after a restart, and each is logged once."""
    document_id = stack.create_document("ada")
    ada = start()
    ada.open(document_id)
    ada.write("sent. ")
    expect(ada.chip).to_have_text("Saved")
    ada.goes_offline()
    ada.write("Not sent.")
    ada.has_kept_offline()
    kept: list[str] = ada.page.evaluate(KEPT_IDS)
    assert kept
    _kill(tmp_path)
    again = start()
    again.open(document_id)
    again.sees("sent. Not sent.")
    rows = stack.call("ada", "GET", f"documents/{document_id}/operations/").json()["results"]
    logged = [row["unique_id"] for row in rows]
    assert [logged.count(unique_id) for unique_id in kept] == [1] * len(kept)
    eventually(lambda: again.page.evaluate(KEPT_IDS) == [])


def _kill(profile: Path) -> None:
    """Kill all processes of the browser with this profile, the parent first."""
    processes = with_words(f"--user-data-dir={profile}")
    # Debian's shell script stays as the parent of the headless shell.
    parents = [process for process in processes if "--type=" not in process.command]
    assert parents
    for process in parents:
        os.kill(process.pid, signal.SIGKILL)
    eventually(lambda: not any(process.is_there for process in processes), 30)
