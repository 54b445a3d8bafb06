"""The cadence reaches native clients when others come and go."""

from typing import Any

from tests.integration.conftest import Enter
from tests.support.clients import Client

ALONE = {"type": "cadence", "pause_ms": 200, "interval_ms": 2000, "characters": 20}
TOGETHER = {"type": "cadence", "pause_ms": 0, "interval_ms": 84, "characters": 20}


def last(client: Client) -> dict[str, Any] | None:
    """Return the last cadence of a client."""
    return cadences(client)[-1] if cadences(client) else None


def cadences(client: Client) -> list[dict[str, Any]]:
    """Return the cadences that a client was told."""
    return [event for event in client.events if event["type"] == "cadence"]


async def test_cadence_follows_who_is_here(enter: Enter, document_id: str) -> None:
    """A stock client counts, and is told nothing that it could not read."""
    ada = await enter("ada", document_id, native=True)
    await ada.until(lambda: last(ada) == ALONE)
    grace = await enter("grace", document_id)
    await ada.until(lambda: last(ada) == TOGETHER)
    await grace.close()
    await ada.until(lambda: last(ada) == ALONE)
    assert grace.events == []
    assert cadences(ada) == [ALONE, TOGETHER, ALONE]
