"""People at their browsers: what the browser tests are written in."""

import re
from dataclasses import dataclass, field
from typing import Any, Self

from playwright.sync_api import (
    APIRequestContext,
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    StorageState,
    expect,
)

PASSWORD = "scriptorium"
#: What a browser says of a network that is away; everything else on its console fails a test.
NETWORK_NOISE = re.compile(r"Failed to load resource|WebSocket connection to|net::ERR_")
#: What a browser says when the policy has blocked something.
BLOCKED = re.compile(r"Content Security Policy")
SHOWN_TEXT = """() => {
  const copy = document.querySelector('.prose')?.cloneNode(true);
  if (!copy) return null;
  for (const caret of copy.querySelectorAll('.caret')) caret.remove();
  const lines = [...copy.children].map(block => block.textContent.replaceAll('\\ufeff', ''));
  return lines.join('\\n').trim();
}"""


@dataclass
class Person:
    """Somebody who is logged in, with one open page."""

    username: str
    token: str
    context: BrowserContext
    page: Page
    base_url: str
    #: Console errors and warnings, and exceptions of scripts.
    complaints: list[str] = field(default_factory=list)
    expects_network_noise: bool = False
    expects_blocked_markup: bool = False

    @classmethod
    def arrive(
        cls,
        browser: Browser,
        *,
        username: str,
        base_url: str,
        state: StorageState | None,
        token: str = "",
        **options: Any,
    ) -> Self:
        """Open a browser context of one's own and listen to what it complains of."""
        context = browser.new_context(base_url=base_url, storage_state=state, **options)
        person = cls(username, token, context, context.new_page(), base_url)
        person.page.on("console", person._on_console)
        person.page.on("pageerror", lambda error: person.complaints.append(str(error)))
        return person

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def leave(self) -> None:
        """Close the browser context; fail if the page has complained of anything."""
        self.context.close()
        complaints = [text for text in self.complaints if not self._is_expected(text)]
        assert complaints == [], f"{self.username}'s console"

    def _is_expected(self, complaint: str) -> bool:
        return bool(
            (self.expects_network_noise and NETWORK_NOISE.search(complaint))
            or (self.expects_blocked_markup and BLOCKED.search(complaint))
        )

    # --- by REST ------------------------------------------------------------------------------

    def api(self, method: str, path: str, **data: Any) -> Any:
        """Call the REST interface; return the answer's JSON, None where there is none."""
        request: APIRequestContext = self.context.request
        answer = request.fetch(
            f"{self.base_url}/api/v1/{path}",
            method=method,
            headers={"Authorization": f"Bearer {self.token}"},
            data=data or None,
        )
        assert answer.ok, answer.text()
        return answer.json() if answer.status != 204 else None

    def deeds(self, document_id: str) -> list[dict[str, Any]]:
        """Return what was done to a document, the latest first."""
        found: list[dict[str, Any]] = self.api("GET", f"documents/{document_id}/activity/")[
            "results"
        ]
        return found

    def create(self, title: str) -> str:
        """Make a document; return its id."""
        return str(self.api("POST", "documents/", title=title)["id"])

    def share(self, document_id: str, username: str, role: str) -> int:
        """Give somebody a role; return the permission's id."""
        path = f"documents/{document_id}/permissions/"
        return int(self.api("POST", path, user=username, role=role)["id"])

    # --- at the page --------------------------------------------------------------------------

    @property
    def text(self) -> Locator:
        """The text of the document."""
        return self.page.locator(".prose")

    @property
    def chip(self) -> Locator:
        """The status chip."""
        return self.page.locator("#status")

    def open(self, document_id: str, *, status: str = "Saved") -> None:
        """Open a document and wait until the chip says ``status``."""
        self.page.goto(f"/documents/{document_id}/")
        expect(self.chip).to_have_text(status)

    def write(self, text: str) -> None:
        """Type at the end of the document."""
        self.text.focus()
        self.page.keyboard.press("Control+End")
        self.page.keyboard.type(text)

    def goes_to(self, place: int) -> None:
        """Put the caret behind so many letters of the first block."""
        self.text.focus()
        self.page.wait_for_function("document.activeElement?.classList.contains('ProseMirror')")
        self.page.keyboard.press("Control+Home")
        for number in range(1, place + 1):
            self.page.keyboard.press("ArrowRight")
            self.page.wait_for_function("at => getSelection()?.focusOffset === at", arg=number)

    def sees(self, text: str) -> None:
        """Wait until the document's text is ``text``, block by block, without others' carets."""
        self.page.wait_for_function(f"expected => ({SHOWN_TEXT})() === expected", arg=text)

    def finds(self, words: str) -> None:
        """Wait until the words stand somewhere in the text; a caret may stand within them."""
        self.page.wait_for_function(f"words => ({SHOWN_TEXT})()?.includes(words)", arg=words)

    def shown_text(self) -> str:
        """Return the document's text as it is now, a line for each block, without carets."""
        return str(self.page.evaluate(SHOWN_TEXT))
