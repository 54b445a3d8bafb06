"""pycrdt-websocket's ASGI server under uvicorn and uvloop; each room writes to SQLite."""

import asyncio
import contextlib
import os
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from pycrdt.store import SQLiteYStore, YDocNotFound
from pycrdt.websocket import ASGIServer, WebsocketServer, YRoom
from pycrdt.websocket.websocket_server import exception_logger


class Store(SQLiteYStore):
    """A store in the data folder of this run."""

    db_path = str(Path(os.environ["DATA_DIR"]) / "ystore.db")


class StoringServer(WebsocketServer):
    """Gives each room a store, and loads the stored updates before the room is served."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._opening: dict[str, asyncio.Lock] = {}

    async def get_room(self, name: str) -> YRoom:
        """Return a room that is loaded."""
        async with self._opening.setdefault(name, asyncio.Lock()):
            room = self.rooms.get(name)
            if room is None:
                room = await self._load(name)
            else:
                await self.start_room(room)
            return room

    async def _load(self, name: str) -> YRoom:
        store = Store(path=name)
        room = YRoom(ready=False, ystore=store, exception_handler=self.exception_handler)
        self.rooms[name] = room
        await self.start_room(room)
        await store.started.wait()
        with contextlib.suppress(YDocNotFound):
            await store.apply_updates(room.ydoc)
        room.ready = True
        await room.ydoc_observed.wait()
        return room


async def main() -> None:
    """Serve until a signal."""
    server = StoringServer(exception_handler=exception_logger)
    application = ASGIServer(server)
    async with server:
        port = int(os.environ["PORT"])
        config = uvicorn.Config(application, host="127.0.0.1", port=port, log_level="warning")
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    uvloop.install()
    asyncio.run(main())
