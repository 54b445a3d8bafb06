"""A person whose share of the storage is used up reads, and does not write."""

import asyncio
import base64
from typing import Any

import psycopg

from apps.collab import close_codes
from apps.collab.protocol import STAGE_PERSISTED
from tests.integration.conftest import Enter
from tests.support.launcher import Launched
from tests.support.operations import Scribe

#: What a change may take on a loaded machine, in seconds.
PATIENCE_S = 30
_SET_SHARE = """
    INSERT INTO person_usage (user_id, stored_bytes, stored_bytes_max)
    SELECT id, 1, NULL FROM "user" WHERE username = 'grace'
    ON CONFLICT (user_id) DO UPDATE SET stored_bytes_max = %s
"""


async def test_full_share_reaches_open_sockets_and_a_larger_one_too(
    enter: Enter, stack: Launched, document_id: str
) -> None:
    """Native edits are rejected by id, stock sockets closed, REST answers 413. Others write on."""
    with psycopg.connect(stack.settings()["DATABASE_URL"], autocommit=True) as admin:
        grace = await enter("grace", document_id, native=True)
        assert await grace.until_ack(await grace.insert(0, "before. ")) == 1
        try:
            admin.execute(_SET_SHARE, [None])  # makes the row, if there is none
            admin.execute(_SET_SHARE, [0])
            assert await _until_write_is(grace, allowed=False) == "quota_exceeded"
            stock = await enter("grace", document_id)
            await stock.until(stock.synced.is_set)
            await stock.insert(0, "x")
            assert await stock.until_closed() == close_codes.TOO_LARGE
            assert "administrator" in str(stock.close_reason)
            body = {
                "unique_id": "full",
                "update": base64.b64encode(Scribe(document_id).write("x").update).decode(),
            }
            path = f"documents/{document_id}/operations/"
            answer = stack.call("grace", "POST", path, json=body)
            assert (answer.status_code, answer.json()["code"]) == (413, "quota_exceeded")
            ada = await enter("ada", document_id, native=True)
            assert await ada.until_ack(await ada.insert(0, "meanwhile. "))
            await grace.until(lambda: "meanwhile. " in grace.text)
        finally:
            admin.execute(_SET_SHARE, [None])
        late = await enter("grace", document_id, native=True)
        for client in (late, grace):
            assert await _until_write_is(client, allowed=True) is None


async def _until_write_is(client: Any, *, allowed: bool) -> str | None:
    """Write until the answer is the expected one; return the code of the last rejection."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            unique_id = await client.insert(0, "x")
            await client.until(lambda unique_id=unique_id: _answer(client, unique_id))
            accepted, code = _answer(client, unique_id) or (False, None)
            if accepted == allowed:
                return code


def _answer(client: Any, unique_id: str) -> tuple[bool, str | None] | None:
    """Return whether an edit was accepted, and the code of a rejection; None without an answer."""
    if client.ack(unique_id, STAGE_PERSISTED) is not None:
        return True, None
    return next(((False, code) for key, code, _ in client.rejects if key == unique_id), None)
