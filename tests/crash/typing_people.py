"""People who type all the time, reconnect after every disconnect, and record their screens."""

import asyncio
import contextlib
import random
from typing import Any, Self

import pycrdt
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from apps.collab import protocol
from tests.support.clients import Client

#: Default pause between two words of one person, in seconds.
PAUSE_S = 0.01
#: Pause between two attempts to reconnect, in seconds.
RETRY_S = 0.1


class TypingPerson:
    """Writes numbered words into the document of an own client until stopped.

    A native client keeps each operation until its ack has the stage *persisted* and sends it again
    after a disconnect, as the page does; a stock one sends missing edits by the sync steps.
    """

    def __init__(
        self,
        url: str,
        document_id: str,
        token: str,
        *,
        name: str,
        native: bool,
        seed: int = 0,
        pause_s: float = PAUSE_S,
    ) -> None:
        self._url = url
        self._document_id = document_id
        self._token = token
        self.native = native
        self._pause_s = pause_s
        self._random = random.Random(seed)
        self.name = name
        self.doc: pycrdt.Doc[Any] = pycrdt.Doc()
        self.content: pycrdt.Text = self.doc.get("content", type=pycrdt.Text)
        self.written: list[str] = []
        #: Words of others that have been on this screen.
        self.seen: set[str] = set()
        #: Words whose operation was acknowledged as persisted.
        self.acknowledged: dict[str, str] = {}
        self.breaks = 0
        self._unsent: dict[str, bytes] = {}
        self._words: dict[str, str] = {}
        self._stopping = False
        self._client: Client | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._live())
        return self

    async def __aexit__(self, *args: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    @property
    def text(self) -> str:
        """Return the text on this screen."""
        return str(self.content)

    @property
    def is_settled(self) -> bool:
        """Return whether this client is connected and has no edit in flight."""
        return self._client is not None and self._client.synced.is_set() and not self._unsent

    @property
    def is_connected(self) -> bool:
        """Return whether this client has a session that is synced."""
        return self._client is not None and self._client.synced.is_set()

    def stop_typing(self) -> None:
        """Stop typing; stay connected."""
        self._stopping = True

    def type_on(self) -> None:
        """Resume typing."""
        self._stopping = False

    def move(self, url: str) -> None:
        """Reconnect to another server after the next disconnect."""
        self._url = url

    # --- lifecycle ---

    async def _live(self) -> None:
        while True:
            with contextlib.suppress(ConnectionClosed, InvalidHandshake, OSError, EOFError):
                await self._visit()
            self._client = None
            self.breaks += 1
            await asyncio.sleep(RETRY_S)

    async def _visit(self) -> None:
        """Stay connected until the session ends."""
        async with Client(
            self._url, self._document_id, token=self._token, native=self.native, doc=self.doc
        ) as client:
            self._client = client
            for unique_id, update in list(self._unsent.items()):
                await client.submit(update, unique_id)
            while not client.closed.is_set():
                self._look(client)
                if not self._stopping and client.synced.is_set():
                    await self._write(client)
                await asyncio.sleep(self._pause_s)
            self._look(client)

    async def _write(self, client: Client) -> None:
        word = f"{self.name}{len(self.written)}"
        position = self._random.choice(word_starts(client.content))
        update = client.edit(lambda _: client.content.insert(position, f"{word} "))
        self.written.append(word)
        unique_id = f"{self._document_id[:8]}-{word}"
        if self.native:
            self._unsent[unique_id] = update
            self._words[unique_id] = word
        await client.submit(update, unique_id)

    def _look(self, client: Client) -> None:
        """Record the words of others and the acks."""
        own = set(self.written)
        self.seen.update(word for word in self.text.split() if word not in own)
        for unique_id, stage, _ in client.acks:
            if stage != protocol.STAGE_RECEIVED and unique_id in self._unsent:
                del self._unsent[unique_id]
                self.acknowledged[unique_id] = self._words[unique_id]
        client.acks.clear()


def word_starts(content: pycrdt.Text) -> list[int]:
    """Return the positions before each word of a text.

    The library counts the bytes of UTF-8, and one for what is no text: an embed, a shared type. It
    does not show bytes, and where some stand only the beginning is known.
    """
    starts, position = [0], 0
    for chunk, _ in content.diff():
        if not isinstance(chunk, str):
            position += 1
            continue
        raw = chunk.encode()
        starts += [position + index + 1 for index, byte in enumerate(raw) if byte == 32]
        position += len(raw)
    return starts if position == len(content) else [0]
