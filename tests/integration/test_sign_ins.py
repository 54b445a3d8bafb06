"""Sockets end with their sign-in: by logout, password, deactivation, revocation and replay."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from statistics import median
from typing import Any

import psycopg
import pytest
import requests

from apps.collab import close_codes, protocol
from apps.crdt.codec.lib0 import write_var_string, write_var_uint
from tests.integration.conftest import Enter
from tests.support.browsers import log_in, log_out, page_token
from tests.support.launcher import PASSWORD, Launched
from tests.support.web_server import WebServer

#: The goal is a second; a loaded machine with two cores gets some more.
PROMISE_S = 3.0
#: Number of measurements, because the machine itself may pause.
ROUNDS = 3

#: Opens a socket of ada's and waits until it is synchronized: by token or by cookie.
Open = Callable[..., Awaitable[Any]]


@pytest.fixture(scope="module")
def second(stack: Launched) -> Iterator[WebServer]:
    """Start a second server beside the first."""
    with WebServer(stack, "web-signed-out") as server:
        yield server


@pytest.fixture
async def open_socket(enter: Enter, document_id: str) -> Open:
    """Return how to open a socket of the document."""

    async def open_one(**options: Any) -> Any:
        options.setdefault("token", None)
        client = await enter("ada", document_id, native=True, **options)
        await client.until(client.synced.is_set)
        return client

    return open_one


def cookie_of(browser: requests.Session, url: str) -> dict[str, str]:
    """Return the headers of a page's socket that brings the session cookie."""
    return {"Cookie": f"sessionid={browser.cookies['sessionid']}", "Origin": url}


def post(stack: Launched, path: str, **body: str) -> requests.Response:
    """Call the API without identity."""
    return requests.post(f"{stack.url}/api/v1/{path}", json=body, timeout=30)


def pair(stack: Launched, username: str = "ada") -> dict[str, str]:
    """Log in by the API; return the tokens."""
    answer = post(stack, "auth/token/", username=username, password=PASSWORD)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_logout_closes_the_sockets_of_that_session_on_all_servers(
    open_socket: Open, enter: Enter, stack: Launched, second: WebServer, document_id: str
) -> None:
    """By cookie, by token, in another tab and on another server. Another sign-in goes on."""
    waits = []
    for _ in range(ROUNDS):
        browser = await asyncio.to_thread(log_in, stack, "ada")
        elsewhere = await asyncio.to_thread(log_in, stack, "ada")
        token = await asyncio.to_thread(page_token, stack, browser)
        other_token = await asyncio.to_thread(page_token, stack, elsewhere)
        ends = [
            await open_socket(headers=cookie_of(browser, stack.url)),
            await open_socket(token=token),
            await open_socket(token=token, url=second.ws_url),
            await open_socket(headers=cookie_of(browser, second.url), url=second.ws_url),
        ]
        stays = [
            await open_socket(token=other_token, url=second.ws_url),
            await open_socket(headers=cookie_of(elsewhere, stack.url)),
        ]
        await asyncio.to_thread(log_out, stack, browser)
        began = time.monotonic()
        codes = [await socket.until_closed() for socket in ends]
        waits.append(time.monotonic() - began)
        assert codes == [close_codes.NOT_AUTHENTICATED] * len(ends)
        for socket in stays:
            assert await socket.until_ack(await socket.insert(0, "x"))
        late = await enter("ada", document_id, token=token)  # not yet expired
        assert await late.until_closed() == close_codes.NOT_AUTHENTICATED
    assert median(waits) < PROMISE_S, waits


async def test_changed_password_closes_every_socket_of_the_person(
    enter: Enter, stack: Launched, second: WebServer
) -> None:
    """A thief's cookie and a thief's token end alike; a login by the new password opens."""
    create = (
        "from apps.accounts.models import User;"
        f"User.objects.create_user('robbed', password='{PASSWORD}')"
    )
    await asyncio.to_thread(stack.manage, "shell", "-c", create)
    document_id = await asyncio.to_thread(lambda: stack.create_document("ada", robbed="editor"))
    browser = await asyncio.to_thread(log_in, stack, "robbed")
    tokens = await asyncio.to_thread(pair, stack, "robbed")
    url = second.ws_url
    sockets = [
        await enter("ada", document_id, token=None, headers=cookie_of(browser, stack.url)),
        await enter("ada", document_id, token=tokens["access"]),
        await enter("ada", document_id, token=tokens["access"], url=url),
    ]
    for socket in sockets:
        await socket.until(socket.synced.is_set)
    change = (
        "from apps.accounts.models import User;u=User.objects.get(username='robbed');"
        "u.set_password('a new and long one');u.save()"
    )
    await asyncio.to_thread(stack.manage, "shell", "-c", change)
    codes = [await socket.until_closed() for socket in sockets]
    assert codes == [close_codes.NOT_AUTHENTICATED] * 3
    back = await asyncio.to_thread(log_in, stack, "robbed", "a new and long one")
    again = await enter("ada", document_id, token=None, headers=cookie_of(back, stack.url))
    await again.until(again.synced.is_set)


async def test_revoked_and_replayed_refresh_tokens_close_the_sockets_of_their_family(
    open_socket: Open, stack: Launched, second: WebServer
) -> None:
    """Also those that a rotated token has opened or renewed; another family goes on."""
    other = await open_socket(token=(await asyncio.to_thread(pair, stack))["access"])
    for path in ("auth/token/revoke/", "auth/token/refresh/"):
        first = await asyncio.to_thread(pair, stack)
        opened = await open_socket(token=first["access"], url=second.ws_url)
        answer = await asyncio.to_thread(
            post, stack, "auth/token/refresh/", refresh=first["refresh"]
        )
        assert answer.status_code == 200
        rotated = await open_socket(token=answer.json()["access"])
        last = answer.json()["refresh"] if "revoke" in path else first["refresh"]
        ended = await asyncio.to_thread(post, stack, path, refresh=last)
        assert ended.status_code == (204 if "revoke" in path else 401)
        for socket in (opened, rotated):
            assert await socket.until_closed() == close_codes.NOT_AUTHENTICATED
    assert await other.until_ack(await other.insert(0, "x"))


async def test_socket_renewed_by_the_token_of_another_sign_in_ends_with_that(
    open_socket: Open, stack: Launched
) -> None:
    """The new token counts, not the one that opened the socket."""
    old, new = [await asyncio.to_thread(pair, stack) for _ in range(2)]
    socket = await open_socket(token=old["access"])
    await socket.send(_token_frame(new["access"]))
    await socket.until(lambda: socket.token_answers)
    assert post(stack, "auth/token/revoke/", refresh=old["refresh"]).status_code == 204
    assert await socket.until_ack(await socket.insert(0, "x"))
    assert post(stack, "auth/token/revoke/", refresh=new["refresh"]).status_code == 204
    assert await socket.until_closed() == close_codes.NOT_AUTHENTICATED


async def test_cookie_socket_ends_with_its_session(
    open_socket: Open, enter: Enter, stack: Launched, document_id: str
) -> None:
    """At its expiry; an expired cookie opens nothing."""
    browser = await asyncio.to_thread(log_in, stack, "ada")
    key = browser.cookies["sessionid"]
    with psycopg.connect(stack.settings()["DATABASE_URL"], autocommit=True) as admin:
        admin.execute(
            "UPDATE django_session SET expire_date = now() + interval '8 s' WHERE session_key = %s",
            [key],
        )
    socket = await open_socket(headers=cookie_of(browser, stack.url))
    assert await socket.until_closed(30) == close_codes.NOT_AUTHENTICATED
    late = await enter("ada", document_id, token=None, headers=cookie_of(browser, stack.url))
    assert await late.until_closed() == close_codes.NOT_AUTHENTICATED


def _token_frame(token: str) -> bytes:
    out = bytearray()
    write_var_uint(out, protocol.TOKEN)
    write_var_string(out, token)
    return bytes(out)
