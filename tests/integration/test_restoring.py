"""Restore of a version while another person types (docs/system-flow.md, §7)."""

import asyncio
import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pycrdt
import requests

from apps.crdt.codec.copy_map import CopiedRange, copy_map_encode
from tests.integration.conftest import Enter
from tests.support.launcher import Launched

Log = Callable[[], list[dict[str, Any]]]


def state_text(answer: requests.Response) -> str:
    """Return the text of a response with a state."""
    assert answer.status_code == 200, answer.text
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.apply_update(answer.content)
    return str(doc.get("content", type=pycrdt.Text))


async def test_restore_while_another_types_keeps_what_is_typed(
    enter: Enter, document_id: str, log: Log, stack: Launched
) -> None:
    """It is a new edit of the caller; all sessions get it at once, and the log keeps everything."""
    path = f"documents/{document_id}/"
    ada = await enter("ada", document_id, native=True)
    grace = await enter("grace", document_id)
    await ada.until_ack(await ada.insert(0, "one two"))
    named = await asyncio.to_thread(
        stack.call, "ada", "POST", f"{path}versions/", json={"name": "Draft"}
    )
    number = named.json()["number"]
    await ada.until_ack(await ada.insert(3, " and a half"))
    await grace.until_text("one and a half two")
    restored, _ = await asyncio.gather(
        asyncio.to_thread(
            stack.call,
            "grace",
            "POST",
            f"{path}versions/{number}/restore/",
            json={"seen_seq": 2},
        ),
        ada.until_ack(await ada.append(" three")),
    )
    assert restored.status_code == 201, restored.text
    await ada.until_text("one two three")
    await grace.until_text("one two three")
    rows = log()
    assert [row["seq"] for row in rows] == [1, 2, 3, 4]
    [row] = [row for row in rows if row["seq"] == restored.json()["seq"]]
    assert row["author"]["username"] == "grace"
    again = await asyncio.to_thread(stack.call, "ada", "GET", f"{path}versions/{number}/state/")
    assert state_text(again) == "one two"


async def test_restores_at_once_are_both_edits(
    enter: Enter, document_id: str, log: Log, stack: Launched
) -> None:
    """To two states by two people: both are in the log, and all clients converge."""
    ada = await enter("ada", document_id, native=True)
    grace = await enter("grace", document_id, native=True)
    for word in ("a", "b", "c", "d"):
        await ada.until_ack(await ada.append(word))
    await grace.until_text("abcd")
    paths = [("ada", f"documents/{document_id}/at/1/restore/")]
    paths += [("grace", f"documents/{document_id}/at/3/restore/")]

    def ask(who_and_path: tuple[str, str]) -> requests.Response:
        return stack.call(who_and_path[0], "POST", who_and_path[1])

    with ThreadPoolExecutor(2) as pool:
        answers = await asyncio.to_thread(lambda: list(pool.map(ask, paths)))
    assert [answer.status_code for answer in answers] == [201, 201]
    assert sorted(answer.json()["seq"] for answer in answers) == [5, 6]
    state = await asyncio.to_thread(stack.call, "ada", "GET", f"documents/{document_id}/state/")
    await ada.until_text(state_text(state))
    await grace.until_text(state_text(state))
    assert len(log()) == 6


def test_preview_changes_nothing_and_an_editor_can_apply_it(
    document_id: str, log: Log, stack: Launched
) -> None:
    """GET returns the edit; a repeated POST with its id changes nothing more."""
    path = f"documents/{document_id}/"
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    text: pycrdt.Text = doc.get("content", type=pycrdt.Text)
    for number, word in enumerate(("one ", "two ")):
        vector = doc.get_state()
        text += word
        body = {
            "unique_id": f"{document_id}-{number}",
            "update": base64.b64encode(doc.get_update(vector)).decode(),
        }
        assert stack.call("ada", "POST", f"{path}operations/", json=body).status_code == 201
    preview = stack.call("ada", "GET", f"{path}at/1/restore/")
    assert (preview.status_code, preview.headers["X-Document-Seq"]) == (200, "2")
    doc.apply_update(preview.content)
    assert str(text) == "one "
    assert len(log()) == 2
    body = {"unique_id": f"{document_id}-back"}
    first = stack.call("ada", "POST", f"{path}at/1/restore/", json=body)
    assert (first.status_code, first.json()) == (201, {"seq": 3, "changed": True})
    events = stack.call("ada", "GET", f"{path}activity/").json()["results"]
    [event] = [event for event in events if event["kind"] == "restored"]
    assert event["actor"]["username"] == "ada"
    assert event["detail"] == {"number": None, "seq": 1, "part": False, "operation_seq": 3}
    [sitting] = stack.call("ada", "GET", f"{path}writing-sessions/").json()["results"]
    assert (sitting["last_seq"], sitting["restores"][0]["operation_seq"]) == (3, 3)
    again = stack.call("ada", "POST", f"{path}at/1/restore/", json=body)
    assert (again.status_code, again.json()) == (200, {"seq": 3, "changed": False})
    assert len(log()) == 3


def test_restore_without_the_right_to_write_is_refused(
    document_id: str, log: Log, stack: Launched
) -> None:
    """403 for a viewer, also for the preview; 404 for an unknown state."""
    path = f"documents/{document_id}/"
    for method in ("GET", "POST"):
        answer = stack.call("alan", method, f"{path}versions/1/restore/")
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        answer = stack.call("ada", method, f"{path}versions/7/restore/")
        assert (answer.status_code, answer.json()["code"]) == (404, "version_not_found")
        answer = stack.call("ada", method, f"{path}at/7/restore/")
        assert (answer.status_code, answer.json()["code"]) == (404, "seq_not_found")
        answer = stack.call(
            "admin", method, f"documents/{'0' * 8}-0000-4000-8000-{'0' * 12}/at/0/restore/"
        )
        assert answer.status_code == 404
    answer = stack.call("ada", "POST", f"{path}at/0/restore/", json={"unique_id": "x" * 500})
    assert answer.status_code == 400
    for seen, status in ((-1, 400), ("x", 400), (7, 404)):
        body = {"seen_seq": seen}
        answer = stack.call("ada", "POST", f"{path}at/0/restore/", json=body)
        assert answer.status_code == status
    assert log() == []


async def test_restored_text_belongs_to_who_wrote_it_first(
    enter: Enter, document_id: str, log: Log, stack: Launched
) -> None:
    """By a restore, by an undo of a person, and by an edit with a copy map."""
    path = f"documents/{document_id}/"

    async def authors() -> list[tuple[str, str]]:
        answer = await asyncio.to_thread(stack.call, "ada", "GET", f"{path}authorship/")
        pieces = answer.json()["pieces"]
        return [(piece["text"], piece["author"]["username"]) for piece in pieces]

    ada = await enter("ada", document_id, native=True)
    grace = await enter("grace", document_id, native=True)
    await grace.until_ack(await grace.insert(0, "grace"))
    await ada.until_text("grace")
    await ada.until_ack(await ada.delete(0, 5))
    body = {"author": log()[1]["author"]["id"], "after_seq": 1}
    answers = [
        await asyncio.to_thread(stack.call, "ada", "POST", f"{path}undo/", json=body),
    ]
    await ada.until_text("grace")
    assert await authors() == [("grace", "grace")]
    await ada.until_ack(await ada.delete(0, 5))
    answers.append(await asyncio.to_thread(stack.call, "ada", "POST", f"{path}at/1/restore/"))
    await ada.until_text("grace")
    assert await authors() == [("grace", "grace")]
    assert [answer.status_code for answer in answers] == [201, 201]
    await ada.until_ack(await ada.delete(0, 5))
    own, other = ada.doc.client_id, grace.doc.client_id
    update = ada.edit(lambda _: ada.content.insert(0, "grace"))
    copies = copy_map_encode([CopiedRange(own, 0, 5, other, 0)])
    await ada.until_ack(await ada.submit(update, copies=copies))
    assert await authors() == [("grace", "grace")]
    rows = log()
    assert {row["author"]["username"] for row in rows[1:]} == {"ada"}
    assert [bool(row["copies"]) for row in rows] == [False, False, True, False, True, False, True]
    await ada.until_ack(await ada.delete(0, 5))
    update = ada.edit(lambda _: ada.content.insert(0, "grace"))
    form = {"unique_id": f"{document_id}-rest", "update": base64.b64encode(update).decode()}
    copies = copy_map_encode([CopiedRange(own, 5, 5, other, 0)])
    refused = await asyncio.to_thread(
        stack.call, "ada", "POST", f"{path}operations/", json={**form, "copies": "BQ=="}
    )
    assert refused.status_code == 400, refused.text
    form["copies"] = base64.b64encode(copies).decode()
    made = await asyncio.to_thread(stack.call, "ada", "POST", f"{path}operations/", json=form)
    assert made.status_code == 201, made.text
    assert await authors() == [("grace", "grace")]
