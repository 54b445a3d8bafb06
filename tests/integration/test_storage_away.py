"""A storage service that is down: writes are refused with the reason, and nothing is lost."""

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import pycrdt
import requests

from apps.collab import close_codes, protocol
from tests.integration.conftest import Enter
from tests.support.control import away
from tests.support.launcher import PASSWORD, Launched

Log = Callable[[], list[dict[str, Any]]]


def _body(unique_id: str) -> dict[str, str]:
    doc: pycrdt.Doc[Any] = pycrdt.Doc()
    doc.get("content", type=pycrdt.Text).insert(0, "x")
    return {"unique_id": unique_id, "update": base64.b64encode(doc.get_update()).decode()}


def _logged_in(stack: Launched) -> requests.Session:
    """Return a client with ada's session cookie."""
    browser = requests.Session()
    browser.get(f"{stack.url}/login/", timeout=30)
    answer = browser.post(
        f"{stack.url}/login/",
        {
            "username": "ada",
            "password": PASSWORD,
            "csrfmiddlewaretoken": browser.cookies["csrftoken"],
        },
        timeout=30,
    )
    assert answer.status_code == 200
    return browser


async def _page_says_come_back(browser: requests.Session, url: str) -> None:
    answer = await asyncio.to_thread(browser.get, url, timeout=60)
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert "Back in a moment" in answer.text


async def _socket_is_told_to_come_back(enter: Enter, document_id: str) -> None:
    late = await enter("grace", document_id)
    assert await late.until_closed(30) == close_codes.TRY_AGAIN


async def test_mongodb_away_refuses_writes_and_the_same_edit_is_stored_later(
    enter: Enter, document_id: str, log: Log, stack: Launched
) -> None:
    """Socket 1013, REST 503 with Retry-After, readyz 503; then the repeated edit is stored once."""
    path = f"documents/{document_id}/operations/"
    ada = await enter("ada", document_id, native=True)
    grace = await enter("grace", document_id, native=True)
    browser = await asyncio.to_thread(_logged_in, stack)
    await ada.until_ack(await ada.insert(0, "before "))
    await grace.until_text("before ")
    with away(stack, "mongo"):
        update = ada.edit(lambda _: ada.content.insert(7, "during"))
        await ada.submit(update, "during")
        assert await ada.until_closed(30) == close_codes.TRY_AGAIN
        assert ada.ack("during", protocol.STAGE_PERSISTED) is None
        assert grace.text == "before "
        # Each of them waits seconds for MongoDB, so they wait side by side.
        answer, ready, alive, *_ = await asyncio.gather(
            asyncio.to_thread(stack.call, "ada", "POST", path, json=_body("rest")),
            asyncio.to_thread(requests.get, f"{stack.url}/readyz", timeout=30),
            asyncio.to_thread(requests.get, f"{stack.url}/healthz", timeout=30),
            _socket_is_told_to_come_back(enter, document_id),
            _page_says_come_back(browser, f"{stack.url}/documents/{document_id}/"),
        )
        assert answer.status_code == 503, answer.text
        assert int(answer.headers["Retry-After"]) > 0
        assert set(answer.json()) == {"code", "detail", "extra"}
        assert ready.status_code == 503
        assert "mongodb" in ready.text
        assert alive.status_code == 200
    back = await enter("ada", document_id, native=True, doc=ada.doc)
    await back.submit(update, "during")
    await back.until(
        lambda: any(ack[0] == "during" and ack[1] > protocol.STAGE_RECEIVED for ack in back.acks),
        30,
    )
    reader = await enter("grace", document_id)
    await reader.until_text("before during", 30)
    rows = log()
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    assert [row["unique_id"] for row in rows].count("during") <= 1


async def test_postgresql_away_admits_nobody_and_loses_nothing(
    enter: Enter, document_id: str, stack: Launched
) -> None:
    """New sockets 1013 and REST 503 while permissions cannot be read; then all works again."""
    ada = await enter("ada", document_id, native=True)
    browser = await asyncio.to_thread(_logged_in, stack)
    await ada.until_ack(await ada.insert(0, "a"))
    with away(stack, "postgres"):
        late = await enter("grace", document_id)
        assert await late.until_closed(30) == close_codes.TRY_AGAIN
        answer = await asyncio.to_thread(stack.call, "ada", "GET", "documents/")
        assert answer.status_code == 503, answer.text
        assert int(answer.headers["Retry-After"]) > 0
        await _page_says_come_back(browser, f"{stack.url}/")
    await ada.until_ack(await ada.append("b"))
    late = await enter("grace", document_id)
    await late.until_text("ab")


async def test_redis_away_does_not_stop_writing(
    enter: Enter, document_id: str, stack: Launched
) -> None:
    """The cache and the channel layer are missing; the log is the truth."""
    ada = await enter("ada", document_id, native=True)
    grace = await enter("grace", document_id)
    with away(stack, "redis"):
        await ada.until_ack(await ada.insert(0, "without Redis"))
        await grace.until_text("without Redis")
        late = await enter("grace", document_id)
        await late.until_text("without Redis", 20)
        state = await asyncio.to_thread(stack.call, "ada", "GET", f"documents/{document_id}/state/")
        assert state.status_code == 200
