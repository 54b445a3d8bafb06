"""A fake socket for tests of sessions and rooms: sent frames are collected in a list."""

import json
from typing import Any

from apps.accounts.roles import Role, abilities_of
from apps.collab import protocol
from apps.collab.close_codes import TRY_AGAIN
from apps.collab.limits import Limits
from apps.collab.presence_state import Identity
from apps.collab.session import Session
from apps.core import ids
from apps.crdt.codec.lib0 import Decoder


class Socket:
    """A session and the frames that were sent to it."""

    def __init__(
        self,
        *,
        document_id: str | None = None,
        native: bool = True,
        limits: Limits | None = None,
        user_id: str = "1",
        role: Role = Role.EDITOR,
        schema: int | None = None,
    ) -> None:
        self.sent: list[dict[str, Any]] = []
        self.session = Session(
            document_id=document_id or ids.new_id(),
            identity=Identity(user_id=user_id, username="ada", name="Ada"),
            abilities=abilities_of(role),
            native=native,
            send=self._send,
            limits=limits or Limits(),
            schema=schema,
        )

    @property
    def frames(self) -> list[bytes]:
        """Return the frames sent, in order, without events (``test_cadence.py``)."""
        frames = [message["bytes"] for message in self.sent if "bytes" in message]
        return [frame for frame in frames if frame[0] != protocol.EVENT]

    @property
    def events(self) -> list[dict[str, Any]]:
        """Return the events sent, in order."""
        frames = [message["bytes"] for message in self.sent if "bytes" in message]
        events = [frame for frame in frames if frame[0] == protocol.EVENT]
        return [json.loads(Decoder(frame[1:]).var_string()) for frame in events]

    @property
    def close_code(self) -> int | None:
        """Return the code of the close frame sent, None while there is none."""
        codes = [m["code"] for m in self.sent if m["type"] == "websocket.close"]
        return codes[0] if codes else None

    async def finish(self) -> list[bytes]:
        """End the session; return all frames that were sent to it."""
        self.session.close(TRY_AGAIN)
        await self.session.write()
        return self.frames

    async def _send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)
