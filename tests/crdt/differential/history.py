"""Generated histories of stock Yjs pages on a live document, and every reading of the result.

Pages write, cut characters, undo, redo and start again; the server starts again in between. What
the server gives out has to read the same in each form: live on a second page, as a state on a fresh
page, replayed from the log, encoded again by the engine and by Yjs, and exported.
"""

import base64
import json
import random
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Self

from apps.collab.limits import Limits
from apps.collab.live_document import LiveDocument
from apps.crdt.content.prosemirror import document_json
from apps.crdt.engine.base import EngineBrokenError, get_engine
from apps.history.loaded_document import LoadedDocument
from tests.fuzz.admission import Admission

ENGINE = get_engine("pycrdt")
#: Edits of one history, and pages that write.
EDITS: Final = 40
PAGES: Final = 3
#: Random numbers for one edit of a page.
_NUMBERS: Final = 6
_READER: Final = "reader"


class YjsPages:
    """A process of Node.js with pages of Yjs."""

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.communicate()

    def start_again(self) -> None:
        """Start another process: an error of Yjs ends it."""
        self._process.communicate()
        self._start()

    def _start(self) -> None:
        node = shutil.which("node")
        assert node is not None
        self._process = subprocess.Popen(
            [node, str(Path(__file__).with_name("pages.mjs"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, request: str, **fields: Any) -> Any:
        """Send a request; return its answer."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps({"request": request, **fields}) + "\n")
        stdin.flush()
        return json.loads(stdout.readline())

    def misplaced(self, updates: Sequence[bytes]) -> list[str]:
        """Return the content of a document at which the editor's binding throws."""
        found: list[str] = self.ask("misplaced", updates=[_text(update) for update in updates])
        return found


class History:
    """One history, made from a seed."""

    def __init__(self, seed: int, yjs: YjsPages) -> None:
        self._chance = random.Random(seed)
        self._yjs = yjs
        self.server = Admission()
        #: Operations that a page has not received yet.
        self._inboxes: dict[str, list[str]] = {}
        self._clients = iter(self._chance.sample(range(1, 2**32), 100))
        for number in range(PAGES):
            self._open(f"page {number}")
        self._open(_READER)

    def run(self) -> list[str]:
        """Make the edits; return what the server reads in another way, empty for nothing."""
        for _ in range(EDITS):
            self._step()
            if self._chance.random() < 0.1 and (wrong := self.differences()):
                return wrong
        return self.differences()

    def differences(self) -> list[str]:
        """Return the readings that differ from that of a fresh page."""
        state = self.server.served_state()
        again = _encoded_again(state)
        self._receive(_READER)
        expected = self._read([state])
        read = {
            "the state encoded again": self._read([again]),
            "the state encoded by Yjs": self._read([self._encoded_by_yjs(state)]),
        }
        wrong = [name for name, reading in read.items() if reading != expected]
        # Yjs drops marks that say nothing new, each page by itself while it receives them.
        read = {
            "a second page": self._yjs.ask("shown", page=_READER),
            "the log replayed by Yjs": self._read(self.server.log),
        }
        letters = letters_of(expected)
        wrong += [name for name, reading in read.items() if letters_of(reading) != letters]
        if document_json(state) != document_json(again):
            wrong.append("the export")
        wrong += [f"refused: {error.message}" for _, error in self.server.author.rejected]
        return wrong

    # --- steps ---

    def _step(self) -> None:
        chance = self._chance
        page = f"page {chance.randrange(PAGES)}"
        if chance.random() < 0.6:
            self._receive(page)
        if chance.random() < 0.04:
            self._open(page)
        if chance.random() < 0.04:
            self._restart()
        numbers = [chance.randrange(2**30) for _ in range(_NUMBERS)]
        for update in self._yjs.ask("act", page=page, numbers=numbers):
            known = len(self.server.log)
            self.server.submit(base64.b64decode(update))
            for operation in self.server.log[known:]:
                for other, inbox in self._inboxes.items():
                    if other != page:
                        inbox.append(_text(operation))

    def _open(self, page: str) -> None:
        """Load a page, for the first time or again: with another client id and no undo."""
        states = [_text(self.server.served_state())] if self.server.log else []
        self._yjs.ask("open", page=page, client=next(self._clients), updates=states)
        self._inboxes[page] = []

    def _receive(self, page: str) -> None:
        self._yjs.ask("receive", page=page, updates=self._inboxes[page])
        self._inboxes[page] = []

    def _restart(self) -> None:
        """Load the document again from the state that the server would store."""
        live = self.server.live
        engine = ENGINE.new_document()
        if self.server.log:
            engine.apply(self.server.served_state())
        loaded = LoadedDocument(
            engine, vector=dict(live.vector), seq=live.seq, size_bytes=live.size_bytes
        )
        self.server.live = LiveDocument(loaded, engine=ENGINE, limits=Limits())

    def _read(self, updates: Sequence[bytes]) -> Any:
        return self._yjs.ask("read", updates=[_text(update) for update in updates])

    def _encoded_by_yjs(self, state: bytes) -> bytes:
        return base64.b64decode(self._yjs.ask("encoded", updates=[_text(state)]))


def letters_of(reading: Any) -> list[str]:
    """Return the letters of each paragraph of a reading, without their marks."""
    return ["".join(run["insert"] for text in block[2] for run in text) for block in reading]


def _encoded_again(state: bytes) -> bytes:
    document = ENGINE.new_document()
    document.apply(state)
    return document.encode()


def _text(update: bytes) -> str:
    return base64.b64encode(update).decode()


def differing_histories(
    seeds: Iterable[int], *, go_on: Callable[[], bool] = lambda: True
) -> list[str]:
    """Make the histories of these seeds; return a line for each that reads in several ways."""
    found = []
    with YjsPages() as yjs:
        for seed in seeds:
            if not go_on():
                break
            try:
                wrong = History(seed, yjs).run()
            except (ValueError, RuntimeError, EngineBrokenError) as err:
                wrong = [f"{type(err).__name__}: {err}"]
                yjs.start_again()
            if wrong:
                found.append(f"history {seed}: {', '.join(wrong)}")
    return found
