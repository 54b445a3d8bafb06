"""One browser for the session, and people who log in once each."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, StorageState, expect, sync_playwright

from config.env import env
from tests.e2e.people import PASSWORD, PATIENCE_S, Person

#: Chromium's programs, the best one first.
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser")
#: Two pages of the address bar for each window, which nobody sees here: half of the processor time
#: of a new page. (Without its spare process, a page that was left is still there for a moment, and
#: sends when the network is back.)
UNSEEN = (
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "PreloadTopChromeWebUI",
)
#: What Playwright turns off itself. Chromium reads the last list only.
TURNED_OFF_BY_PLAYWRIGHT = (
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "TcpPortRandomizationWin",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
)
CHROMIUM_ARGS = [
    f"--disable-features={','.join((*UNSEEN, *TURNED_OFF_BY_PLAYWRIGHT))}",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

Arrive = Callable[..., Person]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of Chromium: ``CHROMIUM``, else the one on PATH; fail without one.

    The headless shell is the same engine without windows, as Playwright starts it by default. Each
    page takes a third less of processor time.
    """
    found = filter(None, map(shutil.which, PROGRAMS))
    path = env.str("CHROMIUM", "") or next(found, None)
    if not path:
        pytest.fail("The browser tests need Chromium: apt-get install chromium, or set CHROMIUM.")
    return path


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    """Start Chromium; it and its driver's event loop end with the last test of this folder."""
    expect.set_options(timeout=PATIENCE_S * 1000)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGS)
        yield running
        running.close()


@pytest.fixture(scope="package")
def logins(browser: Browser, stack: Any) -> Callable[[str], tuple[StorageState, str]]:
    """Return a function that logs a person in: once for all tests, because logins are throttled.

    It returns the state of the browser and a token, which is a new one before it expires.
    """
    known: dict[str, StorageState] = {}

    def login(username: str) -> tuple[StorageState, str]:
        if username not in known:
            context = browser.new_context(base_url=stack.url)
            page = context.new_page()
            page.goto("/login/")
            page.get_by_label("Username").fill(username)
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Log in").click()
            page.wait_for_url("/")
            known[username] = context.storage_state()
            context.close()
        return known[username], stack.token(username)

    return login


@pytest.fixture
def arrive(
    browser: Browser, stack: Any, logins: Callable[[str], tuple[StorageState, str]]
) -> Iterator[Arrive]:
    """Return a function that opens a browser for a person; its console must be clean afterwards."""
    here: list[Person] = []

    def come(username: str, **options: Any) -> Person:
        state, token = logins(username)
        person = Person.arrive(
            browser, username=username, base_url=stack.url, state=state, token=token, **options
        )
        person.page.set_default_timeout(PATIENCE_S * 1000)
        here.append(person)
        return person

    yield come
    for person in here:
        person.leave()


@pytest.fixture
def ada(arrive: Arrive) -> Person:
    """Ada, who may create documents."""
    return arrive("ada")


@pytest.fixture
def grace(arrive: Arrive) -> Person:
    """Grace, who may create documents."""
    return arrive("grace")


@pytest.fixture
def shared(ada: Person, grace: Person) -> str:
    """Return a new document of Ada's in which Grace may write."""
    document_id = ada.create("Shared")
    ada.share(document_id, "grace", "editor")
    return document_id
