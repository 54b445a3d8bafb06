"""Authentication of sockets and REST: tokens, cookies, expiry, and admission."""

import asyncio
import base64
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import jwt
import psycopg
import pytest
import requests

from apps.collab import close_codes, protocol
from apps.collab.limits import Limits
from apps.crdt.codec.lib0 import write_var_string, write_var_uint
from tests.integration.conftest import Enter
from tests.support.eventually import eventually_async
from tests.support.launcher import PASSWORD, Launched


def _token(stack: Launched, **changes: object) -> str:
    """Return ada's access token with other claims, signed with the server's own key."""
    claims = jwt.decode(stack.token("ada"), options={"verify_signature": False})
    return jwt.encode({**claims, **changes}, stack.settings()["SECRET_KEY"], "HS256")


def _expired(stack: Launched) -> str:
    return _token(stack, exp=datetime.now(UTC) - timedelta(hours=1))


def _forged(stack: Launched) -> str:
    claims = jwt.decode(stack.token("ada"), options={"verify_signature": False})
    return jwt.encode(claims, "another key, as long as an honest one is", "HS256")


def _unsigned(stack: Launched) -> str:
    head = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode())
    body = stack.token("ada").split(".")[1]
    return f"{head.decode().rstrip('=')}.{body}."


def _refresh(stack: Launched) -> str:
    answer = requests.post(
        f"{stack.url}/api/v1/auth/token/",
        json={"username": "grace", "password": PASSWORD},
        timeout=30,
    )
    return str(answer.json()["refresh"])


def _nobody(stack: Launched) -> str:
    return _token(stack, user_id="999999")


BAD_TOKENS: dict[str, Callable[[Launched], str]] = {
    "expired": _expired,
    "forged": _forged,
    "unsigned": _unsigned,
    "a refresh token": _refresh,
    "of nobody": _nobody,
    "no token at all": lambda stack: "hello",
}


@pytest.mark.parametrize("name", BAD_TOKENS)
async def test_bad_token_is_refused_by_socket_and_rest(
    name: str, enter: Enter, document_id: str, stack: Launched
) -> None:
    """4401 and 401."""
    token = BAD_TOKENS[name](stack)
    client = await enter("ada", document_id, token=token)
    assert await client.until_closed() == close_codes.NOT_AUTHENTICATED
    answer = await asyncio.to_thread(
        requests.get,
        f"{stack.url}/api/v1/documents/",
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    assert answer.status_code == 401
    assert set(answer.json()) == {"code", "detail", "extra"}


async def test_privileges_that_a_token_claims_are_ignored(enter: Enter, stack: Launched) -> None:
    """A valid token with the claims superuser and owner grants nothing that its user lacks."""
    document_id = stack.create_document("grace")
    boastful = _token(stack, is_superuser=True, role="owner", is_staff=True)
    client = await enter("ada", document_id, token=boastful)
    assert await client.until_closed() == close_codes.NOT_FOUND


async def test_anonymous_and_stranger_are_refused_by_close_code(
    enter: Enter, document_id: str, stack: Launched
) -> None:
    """No identity 4401; a document that is not shared or unknown 4404; no other paths."""
    anonymous = await enter("ada", document_id, token=None)
    assert await anonymous.until_closed() == close_codes.NOT_AUTHENTICATED
    private = stack.create_document("ada")
    stranger = await enter("grace", private)
    assert await stranger.until_closed() == close_codes.NOT_FOUND
    missing = await enter("grace", "00000000-0000-4000-8000-000000000000")
    assert await missing.until_closed() == close_codes.NOT_FOUND
    no_id = await enter("grace", "no-uuid")
    assert await no_id.until_closed() == close_codes.NOT_FOUND


def _session_cookie(stack: Launched, username: str) -> str:
    """Log in at the page; return the cookie header."""
    browser = requests.Session()
    form = browser.get(f"{stack.url}/login/", timeout=30).text
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
    assert found
    answer = browser.post(
        f"{stack.url}/login/",
        data={
            "username": username,
            "password": PASSWORD,
            "csrfmiddlewaretoken": found.group(1),
        },
        timeout=30,
    )
    assert answer.url == f"{stack.url}/"
    return f"sessionid={browser.cookies['sessionid']}"


async def test_session_cookie_is_accepted_from_our_pages_only(
    enter: Enter, document_id: str, stack: Launched
) -> None:
    """Browsers send cookies from any page, so the Origin is checked."""
    cookie = await asyncio.to_thread(_session_cookie, stack, "ada")
    own = {"Cookie": cookie, "Origin": stack.url}
    ada = await enter("ada", document_id, token=None, headers=own)
    await ada.until(ada.synced.is_set)
    for origin in ("https://evil.example", "null", "http://evil.example:8000"):
        headers = {"Cookie": cookie, "Origin": origin}
        other = await enter("ada", document_id, token=None, headers=headers)
        assert await other.until_closed() == close_codes.NOT_AUTHENTICATED
    without = await enter("ada", document_id, token=None, headers={"Cookie": cookie})
    assert await without.until_closed() == close_codes.NOT_AUTHENTICATED


def _token_frame(token: str) -> bytes:
    out = bytearray()
    write_var_uint(out, protocol.TOKEN)
    write_var_string(out, token)
    return bytes(out)


async def test_token_can_be_renewed_in_band_by_the_same_user_only(
    enter: Enter, document_id: str, stack: Launched
) -> None:
    """Frame 103 accepts a new token of the same user; another user's ends the session."""
    ada = await enter("ada", document_id, native=True)
    await ada.until(ada.synced.is_set)
    await ada.send(_token_frame(stack.token("ada")))
    await ada.until(lambda: ada.token_answers)
    assert ada.token_answers[0] > 0
    assert await ada.until_ack(await ada.insert(0, "still ada")) == 1
    await ada.send(_token_frame(stack.token("grace")))
    assert await ada.until_closed() == close_codes.NOT_AUTHENTICATED


async def test_open_socket_ends_a_grace_period_after_its_token(
    enter: Enter, document_id: str, stack: Launched
) -> None:
    """With a short token: the socket lives for that time and the grace period, then 4401."""
    moment = datetime.now(UTC) + timedelta(seconds=8)
    ada = await enter("ada", document_id, token=_token(stack, exp=moment))
    await ada.until(ada.synced.is_set)
    assert await ada.until_closed(30) == close_codes.NOT_AUTHENTICATED
    assert datetime.now(UTC) > moment


async def test_token_of_a_socket_is_in_no_log(
    enter: Enter, stack: Launched, document_id: str
) -> None:
    """It may be in the address, and readers of logs must not get access by it."""
    ada = await enter("ada", document_id)
    await ada.until(ada.synced.is_set)
    await ada.close()
    logs = (stack.data_dir / "log").glob("*.log")
    assert not [log.name for log in logs if stack.token("ada") in log.read_text(errors="replace")]


async def test_handshakes_wait_while_many_are_being_admitted(
    enter: Enter, stack: Launched, document_id: str
) -> None:
    """Opening sockets in a loop is throttled, which bounds the server's memory."""
    entering, late = Limits().concurrent_admissions, 4
    with psycopg.connect(stack.settings()["DATABASE_URL"]) as locker:
        locker.execute('LOCK TABLE "user" IN ACCESS EXCLUSIVE MODE')
        comers = [asyncio.create_task(enter("ada", document_id)) for _ in range(entering + late)]

        async def at_the_door() -> int:
            return sum(comer.done() for comer in comers)

        async def is_full() -> bool:
            return await at_the_door() >= entering

        await eventually_async(is_full)
        await asyncio.to_thread(requests.get, f"{stack.url}/healthz", timeout=10)
        assert await at_the_door() == entering
    for client in await asyncio.gather(*comers):
        await client.until(client.synced.is_set)
