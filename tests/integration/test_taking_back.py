"""Restore of a part, and undo of one person, while others type (docs/system-flow.md, §7)."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.integration.conftest import Enter
from tests.support.launcher import Launched

Log = Callable[[], list[dict[str, Any]]]


async def test_deleted_part_is_restored_and_later_edits_stay(
    enter: Enter, document_id: str, log: Log, stack: Launched
) -> None:
    """By its name in the diff; the same id again changes nothing."""
    path = f"documents/{document_id}/"
    ada = await enter("ada", document_id, native=True)
    grace = await enter("grace", document_id)
    await ada.until_ack(await ada.insert(0, "one two three"))
    await ada.until_ack(await ada.delete(4, 8))
    await ada.until_ack(await ada.append(" four"))
    await grace.until_text("one three four")
    answer = await asyncio.to_thread(stack.call, "ada", "GET", f"{path}at/3/diff/?against=1")
    [gone] = [change for change in answer.json()["changes"] if change["kind"] == "delete"]
    assert gone["text"] == "two "
    body = {"part": gone["part"], "unique_id": f"{document_id}-part"}
    restore = f"{path}at/1/restore/"
    for status in (201, 200):
        answer = await asyncio.to_thread(stack.call, "grace", "POST", restore, json=body)
        assert (answer.status_code, answer.json()["seq"]) == (status, 4), answer.text
    await ada.until_text("one two three four")
    assert log()[-1]["author"]["username"] == "grace"
    feed = await asyncio.to_thread(stack.call, "ada", "GET", f"{path}activity/")
    [event] = [event for event in feed.json()["results"] if event["kind"] == "restored"]
    assert event["detail"] == {"number": None, "seq": 1, "part": True, "operation_seq": 4}


async def test_owner_undoes_the_edits_of_one_person_and_keeps_those_of_others(
    enter: Enter, document_id: str, log: Log, stack: Launched
) -> None:
    """By an edit of the owner, after a preview without effect, since a seq or a time."""
    path = f"documents/{document_id}/undo/"
    ada = await enter("ada", document_id, native=True)
    grace = await enter("grace", document_id, native=True)
    await ada.until_ack(await ada.insert(0, "one two"))
    await grace.until_text("one two")
    await grace.until_ack(await grace.append(" GRACE"))
    since = datetime.now(UTC).isoformat()
    await grace.until_ack(await grace.delete(0, 4))
    await ada.until_text("two GRACE")
    await ada.until_ack(await ada.append(" ada"))
    who = log()[1]["author"]["id"]
    query = {"author": who, "after_seq": 1}
    preview = await asyncio.to_thread(stack.call, "ada", "GET", path, params=query)
    assert (preview.status_code, preview.headers["X-Document-Seq"]) == (200, "4")
    assert len(log()) == 4
    answer = await asyncio.to_thread(
        stack.call, "ada", "POST", path, json={"author": who, "since": since}
    )
    assert (answer.status_code, answer.json()) == (201, {"seq": 5, "changed": True})
    await grace.until_text("one two GRACE ada")
    answer = await asyncio.to_thread(stack.call, "ada", "POST", path, json=query)
    assert answer.status_code == 201
    await grace.until_text("one two ada")
    answer = await asyncio.to_thread(stack.call, "ada", "POST", path, json=query)
    assert (answer.status_code, answer.json()["changed"]) == (200, False)
    assert log()[-1]["author"]["username"] == "ada"
    feed = await asyncio.to_thread(stack.call, "ada", "GET", f"documents/{document_id}/activity/")
    details = [event["detail"] for event in feed.json()["results"] if event["kind"] == "undid"]
    assert [detail["after_seq"] for detail in details] == [1, 2]
    assert details[0]["author"] == {"id": who, "username": "grace"}


def test_invalid_parts_and_undos_are_refused(document_id: str, log: Log, stack: Launched) -> None:
    """Only an owner may undo the edits of others."""
    path = f"documents/{document_id}/"
    for method, values in (("GET", "params"), ("POST", "json")):
        answer = stack.call("ada", method, f"{path}at/0/restore/", **{values: {"part": "1-2"}})
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_part")
        for wish in (
            {},
            {"author": 1},
            {"after_seq": 0},
            {"author": "grace", "after_seq": 0},
            {"author": 1, "after_seq": -1},
            {"author": 1, "since": "yesterday"},
            {"author": 1, "after_seq": 0, "since": "2026-01-01T00:00:00Z"},
        ):
            answer = stack.call("ada", method, f"{path}undo/", **{values: wish})
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), wish
        wish = {"author": 1, "after_seq": 7}
        answer = stack.call("ada", method, f"{path}undo/", **{values: wish})
        assert (answer.status_code, answer.json()["code"]) == (404, "seq_not_found")
        for who in ("grace", "alan"):
            answer = stack.call(who, method, f"{path}undo/", **{values: wish | {"after_seq": 0}})
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert log() == []
