"""A TCP proxy that delays responses or refuses connections, while its service keeps running."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Self


class SlowProxy:
    """A proxy of a port of this machine; a context manager with an own thread.

    ``delay_s`` may change at any time; bytes in transit keep their delay.
    """

    def __init__(self, port: int) -> None:
        self._behind = port
        self.port = 0
        self.delay_s = 0.0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="slow-proxy")
        self._visits: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._open())
        return self

    def __exit__(self, *args: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Close all connections and refuse new ones, until the end."""
        self._run(self._close())
        try:
            yield
        finally:
            self._run(self._open())

    def _run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._on_visit, "127.0.0.1", self.port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        visits = list(self._visits)
        for visit in visits:
            visit.cancel()
        await asyncio.gather(*visits, return_exceptions=True)

    def _on_visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = self._loop.create_task(self._visit(reader, writer))
        self._visits.add(visit)
        visit.add_done_callback(self._visits.discard)

    async def _visit(self, asks: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        """Copy bytes in both directions until one side closes."""
        try:
            behind, ahead = await asyncio.open_connection("127.0.0.1", self._behind)
        except OSError:
            answers.close()
            return
        late: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        ways = [_carry(asks, ahead), self._receive(behind, late), self._send(late, answers)]
        tasks = [asyncio.create_task(way) for way in ways]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            ahead.close()
            answers.close()

    async def _receive(
        self, behind: asyncio.StreamReader, late: asyncio.Queue[tuple[float, bytes]]
    ) -> None:
        """Read responses at once, and note when to forward each."""
        while data := await behind.read(65536):
            late.put_nowait((self._loop.time() + self.delay_s, data))

    async def _send(
        self, late: asyncio.Queue[tuple[float, bytes]], answers: asyncio.StreamWriter
    ) -> None:
        """Forward responses in their order."""
        while True:
            due, data = await late.get()
            await asyncio.sleep(due - self._loop.time())
            answers.write(data)
            await answers.drain()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Forward requests at once."""
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
