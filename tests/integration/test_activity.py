"""The activity of a document on a running Scriptorium: joins and writing sessions."""

import asyncio
from typing import Any

from tests.integration.conftest import Enter
from tests.support.eventually import eventually
from tests.support.launcher import Launched


def trail(stack: Launched, document_id: str) -> list[dict[str, Any]]:
    """Return the document's whole activity, as its owner reads it."""
    return list(stack.call("ada", "GET", f"documents/{document_id}/activity/").json()["results"])


async def test_joins_and_writing_sessions_are_in_the_activity(
    enter: Enter, document_id: str, stack: Launched
) -> None:
    """Each person once, with any number of windows; the edits of each as one session."""
    ada = await enter("ada", document_id, native=True)
    windows = [await enter("grace", document_id) for _ in range(3)]
    await asyncio.gather(*(window.until(window.synced.is_set) for window in windows))
    for number in range(3):
        await ada.until_ack(await ada.append(f"{number} "))
    await windows[0].until_text("0 1 2 ")
    await windows[0].append("and mine")
    await ada.until_text("0 1 2 and mine")

    def recorded() -> list[dict[str, Any]]:
        rows = trail(stack, document_id)
        count = sum(row["detail"].get("operations", 0) for row in rows)
        return rows if count == 4 and len(rows) == 7 else []

    rows = await asyncio.to_thread(eventually, recorded, 30)
    events = sorted((row["kind"], row["actor"]["username"]) for row in rows)
    assert events == [
        ("created", "ada"),
        ("edited", "ada"),
        ("edited", "grace"),
        ("joined", "ada"),
        ("joined", "grace"),
        ("shared", "ada"),
        ("shared", "ada"),
    ]
    assert [row["at"] for row in rows] == sorted((row["at"] for row in rows), reverse=True)
    edited = {row["actor"]["username"]: row["detail"] for row in rows if row["kind"] == "edited"}
    assert [edited["ada"][name] for name in ("first_seq", "last_seq", "operations")] == [1, 3, 3]
    assert edited["ada"]["ongoing"] is True
