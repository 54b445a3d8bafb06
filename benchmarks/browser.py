"""Headless Chromium with a logged-in user, for measurements in pages."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tests.support.launcher import PASSWORD

VIEWPORT = ViewportSize(width=1280, height=800)


@contextmanager
def browser_started() -> Iterator[Browser]:
    """Start Chromium, and close it at the end."""
    chromium = shutil.which("chromium") or sys.exit("Install chromium first.")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--js-flags=--expose-gc"]
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def logged_in(url: str, username: str) -> Iterator[Page]:
    """Yield a page of a user who has logged in through the form, in a new browser."""
    with browser_started() as browser:
        yield page_of(browser, url, username)


def page_of(browser: Browser, url: str, username: str) -> Page:
    """Return a page, in a new context, of a user who has logged in through the form."""
    page = browser.new_context(base_url=url, viewport=VIEWPORT).new_page()
    page.goto("/login/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("/")
    return page
