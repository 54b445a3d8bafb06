"""People at their browsers: the vocabulary of the browser tests."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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

from tests.support.eventually import eventually

PASSWORD = "scriptorium"
#: Ends what the undo manager of the editor's Yjs binding takes for one step.
END_UNDO_STEP = """() => {
  const { state } = document.querySelector('#content .prose').editor;
  state['y-undo$'].undoManager.stopCapturing();
}"""
#: Default timeout on a loaded machine; usually a second is enough.
PATIENCE_S = 20
#: Interval at which a page is asked for its whole text. For each frame it would have to draw one.
POLL_MS = 50
#: Timeout for the page's message about an action of the test, on a slow machine.
RECENTLY = r"(just now|\d minutes? ago)"
#: Console messages of a browser without a network; any other message fails a test.
NETWORK_NOISE = re.compile(
    r"Failed to load resource|WebSocket connection to|net::ERR_|Failed to fetch dynamically"
)
SHOWN_TEXT = """() => {
  const copy = document.querySelector('.prose')?.cloneNode(true);
  if (!copy) return null;
  for (const caret of copy.querySelectorAll('.caret')) caret.remove();
  const lines = [...copy.children].map(block => block.textContent.replaceAll('\\ufeff', ''));
  return lines.join('\\n').trim();
}"""
#: Returns the caret: its block, its offset in the block, and whether it is at the end of the text
#: and the selection empty. Null while the text is not focused, or the editor has not seen a move
#: yet: an update of others would then reset the caret.
CARET = """() => {
  const editor = document.querySelector('.prose')?.editor;
  const { focusNode, focusOffset } = getSelection();
  if (!editor?.view.hasFocus() || !editor.view.dom.contains(focusNode)) return null;
  const { $head, empty } = editor.state.selection;
  if (editor.view.posAtDOM(focusNode, focusOffset) !== $head.pos) return null;
  const isLast = depth => $head.indexAfter(depth) === $head.node(depth).childCount;
  const isAtEnd = $head.parentOffset === $head.parent.content.size &&
    Array.from({ length: $head.depth }, (_, depth) => depth).every(isLast);
  return { block: $head.index(0), letter: $head.parentOffset, isAtEnd, isEmpty: empty };
}"""

#: The result of ``CARET``.
Caret = dict[str, Any]


@contextmanager
def choosing_files(page: Page) -> Iterator[Any]:
    """Expect that what is done opens a file chooser, the ``value`` of what this yields.

    The library does not wait until the browser reports choosers, so an answer of it comes first.
    """
    with page.expect_file_chooser() as chooser:
        page.evaluate("0")
        yield chooser


@dataclass
class Person:
    """A logged-in person with one open page."""

    username: str
    token: str
    context: BrowserContext
    page: Page
    base_url: str
    #: Console errors and warnings, and exceptions of scripts.
    complaints: list[str] = field(default_factory=list)
    expects_network_noise: bool = False

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
        """Open a browser context of its own and record its console messages."""
        context = browser.new_context(base_url=base_url, storage_state=state, **options)
        person = cls(username, token, context, context.new_page(), base_url)
        person.page.on("console", person._on_console)
        person.page.on("pageerror", lambda error: person.complaints.append(str(error)))
        return person

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def leave(self) -> None:
        """Close the browser context; fail if the page has logged an error or a warning."""
        self.context.close()
        complaints = [text for text in self.complaints if not self._is_expected(text)]
        assert complaints == [], f"{self.username}'s console: {complaints}"

    def _is_expected(self, complaint: str) -> bool:
        return bool(self.expects_network_noise and NETWORK_NOISE.search(complaint))

    # --- by REST ------------------------------------------------------------------------------

    def api(self, method: str, path: str, **data: Any) -> Any:
        """Call the REST API; return the JSON of the response, None without one."""
        request: APIRequestContext = self.context.request
        answer = request.fetch(
            f"{self.base_url}/api/v1/{path}",
            method=method,
            headers={"Authorization": f"Bearer {self.token}"},
            data=data or None,
        )
        assert answer.ok, answer.text()
        return answer.json() if answer.status != 204 else None

    def activity(self, document_id: str) -> list[dict[str, Any]]:
        """Return the events of a document, the latest first."""
        found: list[dict[str, Any]] = self.api("GET", f"documents/{document_id}/activity/")[
            "results"
        ]
        return found

    def create(self, title: str) -> str:
        """Create a document; return its id."""
        return str(self.api("POST", "documents/", title=title)["id"])

    def share(self, document_id: str, username: str, role: str) -> int:
        """Give a person a role; return the permission's id."""
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
        """Open a document and wait until the chip shows ``status``."""
        self.page.goto(f"/documents/{document_id}/")
        expect(self.chip).to_have_text(status)

    def menu(self, name: str) -> None:
        """Choose an item of the page's menu, by keyboard."""
        self.page.get_by_role("button", name="More", exact=True).press("Enter")
        self.page.locator("#menu").get_by_role("button", name=name).press("Enter")

    def goes_offline(self) -> None:
        """Cut the network, and wait until the page has seen that: its open socket stays open."""
        self.context.set_offline(True)
        expect(self.chip).to_contain_text("Offline")

    def has_kept_offline(self) -> None:
        """Wait until the page is offline and has all that was typed on the device's disk."""
        expect(self.chip).to_have_text("Offline, kept on this device")
        expect(self.page.locator("body[data-stored=true]")).to_have_count(1)

    def exported(self, document_id: str, kind: str = "txt") -> str:
        """Return the document as the server exports it, by default its text."""
        answer = self.context.request.get(
            f"{self.base_url}/api/v1/documents/{document_id}/export/{kind}/",
            headers={"Authorization": f"Bearer {self.token}"},
        )
        return answer.text()

    def ends_undo_step(self) -> None:
        """Make the next edit an undo step of its own, as a pause of 500 ms does."""
        self.page.evaluate(END_UNDO_STEP)

    def write(self, text: str) -> None:
        """Type at the end of the document, key by key, in any number of operations."""
        self.goes_to_end()
        self.page.keyboard.type(text)

    def insert(self, text: str) -> None:
        """Insert at the end of the document at once, as dictation does: one edit, one operation."""
        self.goes_to_end()
        self.page.keyboard.insert_text(text)

    def goes_to_end(self) -> None:
        """Put the caret after the last character."""
        self._presses(lambda caret: None if caret and caret["isAtEnd"] else "Control+End")

    def goes_to(self, place: int) -> None:
        """Put the caret after this many characters of the first block."""

        def key(caret: Caret | None) -> str | None:
            if caret is None or caret["block"] > 0:
                return "Control+Home"
            if caret["letter"] == place:
                return None
            return "ArrowRight" if caret["letter"] < place else "ArrowLeft"

        self._presses(key)

    def selects_line(self) -> None:
        """Select from the caret back to where its line begins."""
        self._presses(lambda caret: None if caret and not caret["isEmpty"] else "Shift+Home")

    def selects_word(self) -> None:
        """Select from the caret back to where its word begins."""
        key = "Control+Shift+ArrowLeft"
        self._presses(lambda caret: None if caret and not caret["isEmpty"] else key)

    def _presses(self, next_key: Callable[[Caret | None], str | None]) -> None:
        """Press keys in the text, as long as the function names one."""
        self.text.focus()

        def is_done() -> bool:
            key = next_key(self.page.evaluate(CARET))
            if key is not None:
                self.page.keyboard.press(key)
            return key is None

        eventually(is_done, PATIENCE_S)

    def sees(self, text: str) -> None:
        """Wait until the document's text is ``text``, block by block, without others' carets."""
        self._waits_for(f"expected => ({SHOWN_TEXT})() === expected", text)

    def finds(self, words: str) -> None:
        """Wait until the text contains these words; a caret may be within them."""
        self._waits_for(f"words => ({SHOWN_TEXT})()?.includes(words)", words)

    def _waits_for(self, question: str, text: str) -> None:
        """Wait until a function of the page returns true for a text; not asked at each frame."""
        self.page.wait_for_function(question, arg=text, polling=POLL_MS)

    def shown_text(self) -> str:
        """Return the document's text as shown, a line for each block, without carets."""
        return str(self.page.evaluate(SHOWN_TEXT))


def choose_action(row: Locator, action: str) -> None:
    """Choose an action of the menu of a row of the list."""
    row.get_by_role("button", name="Actions for").click()
    row.get_by_role("button", name=action, exact=True).click()
