"""Take docs/screenshot.png: two people write in one document of a running ``make up``.

``make screenshot`` runs it; ``URL`` names the site (http://127.0.0.1:8000). It creates a document,
and moves it to the trash at the end.
"""

import shutil
import sys
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT: Final = Path(__file__).resolve().parents[1]
TARGET: Final = ROOT / "docs" / "screenshot.png"
PASSWORD: Final = "scriptorium"  # noqa: S105 - of the demo people
SIZE: Final = {"width": 1280, "height": 800}

#: The text that ada types; the editor's input rules turn it into headings, lists and marks.
ADA: Final = (
    "The harbour walk opens on Friday. **Everything below is a draft**: write into it, "
    "nobody's words get lost.\n"
    "## What is left to do\n"
    "[ ] Print the map, ~~twelve~~ forty copies\n"
    "Ask the *lighthouse keeper* for the keys\n"
    "Bring a lamp for each group\n\n"
    "> The sea is never the same twice, and neither is the path beside it.\n\n"
    "Meet at the old crane"
)
GRACE: Final = " at seven, before the tide turns"


def log_in(browser: Browser, url: str, username: str) -> Page:
    """Return a page of a user who has logged in through the form."""
    page = browser.new_context(base_url=url, viewport=SIZE, color_scheme="light").new_page()
    page.goto("/login/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("/")
    return page


def call(page: Page, method: str, path: str, body: dict[str, str] | None = None) -> dict[str, str]:
    """Call the REST interface as ada, from ``page``."""
    token = page.request.post(
        "/api/v1/auth/token/", data={"username": "ada", "password": PASSWORD}
    ).json()["access"]
    answer = page.request.fetch(
        f"/api/v1/{path}", method=method, data=body, headers={"Authorization": f"Bearer {token}"}
    )
    if not answer.ok:
        sys.exit(f"{method} {path}: {answer.text()}")
    return dict(answer.json()) if answer.status != 204 else {}


def write(page: Page, text: str) -> None:
    """Type at the end of the document once it is loaded, and wait until it is saved."""
    expect(page.locator("#status")).to_have_text("Saved")
    page.locator(".prose").focus()
    page.keyboard.press("Control+End")
    page.keyboard.type(text)
    expect(page.locator("#status")).to_have_text("Saved")


def main(url: str) -> None:
    """Create a document, write, take the screenshot, and trash the document."""
    chromium = shutil.which("chromium") or sys.exit("Install chromium first.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        ada, grace = (log_in(browser, url, name) for name in ("ada", "grace"))
        document = call(ada, "POST", "documents/", {"title": "The harbour walk"})
        path = f"documents/{document['id']}/"
        call(ada, "POST", f"{path}permissions/", {"user": "grace", "role": "editor"})
        ada.goto(f"/{path}")
        write(ada, ADA)
        grace.goto(f"/{path}")
        write(grace, GRACE)
        grace.keyboard.press("Shift+Control+ArrowLeft")
        ada.locator(".prose h2").click()
        expect(ada.locator(".caret")).to_have_count(1)
        expect(ada.locator(".prose")).to_contain_text("before the tide")
        ada.screenshot(path=TARGET)
        call(ada, "DELETE", path)
        browser.close()
    print(f"{TARGET.relative_to(ROOT)} is new")  # noqa: T201 - the interface


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000")
