"""Request ids: of the gateway, or of the process that receives the request."""

import asyncio
import re
from typing import Any

import pytest

from apps.core.request_ids import RequestIds, request_id_find, request_id_headers

MADE = re.compile(rb"[0-9a-f]{32}")


async def _say_the_name(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer what is found where the request is served, as its body."""
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": str(request_id_find()).encode()})


async def asked(*given: bytes) -> tuple[bytes, bytes]:
    """Return the id in the answer's header, and the one that the application saw."""
    headers = [(b"host", b"localhost"), *((b"x-request-id", request_id) for request_id in given)]
    answers: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        answers.append(message)

    scope = {"type": "http", "headers": headers}
    await asyncio.create_task(RequestIds(_say_the_name)(scope, None, send))
    start, body = answers
    [name] = [value for header, value in start["headers"] if header == b"x-request-id"]
    assert (b"content-type", b"text/plain") in start["headers"]
    return name, body["body"]


@pytest.mark.parametrize("given", [b"a", b"9f86d081884c7d659a2feaa0c55ad015", b"A.b_c-" * 10])
async def test_well_formed_id_is_accepted(given: bytes) -> None:
    """The gateway's log has the same id."""
    assert await asked(given) == (given, given)


@pytest.mark.parametrize(
    "given",
    [[], [b""], [b"x" * 65], [b"a b"], [b'a"b'], [b"a\n"], [b"\xff"], [b"one", b"two"]],
    ids=["none", "empty", "long", "blank", "quote", "line end", "not ASCII", "two"],
)
async def test_any_other_id_is_replaced(given: list[bytes]) -> None:
    """By a new one each time; the one that was sent is not logged."""
    first, second = await asked(*given), await asked(*given)
    for header, seen in (first, second):
        assert header == seen
        assert MADE.fullmatch(header)
    assert first != second


def test_work_outside_of_a_request_has_no_id() -> None:
    """As in a worker."""
    assert request_id_find() is None
    assert request_id_headers() == []
