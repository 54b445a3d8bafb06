"""The cadence reaches native clients when others come and go."""

from itertools import groupby

from tests.integration.conftest import Enter
from tests.support.clients import Client

#: The pause in milliseconds, and the characters. The interval depends on the load of the server.
ALONE = (200, 20)
TOGETHER = (0, 20)


def last(client: Client) -> tuple[int, int] | None:
    """Return the last cadence of a client."""
    return cadences(client)[-1] if cadences(client) else None


def cadences(client: Client) -> list[tuple[int, int]]:
    """Return the cadences that a client was told, each change of the pause."""
    events = [event for event in client.events if event["type"] == "cadence"]
    told = [(event["pause_ms"], event["characters"]) for event in events]
    return [cadence for cadence, _ in groupby(told)]


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
