"""Static files from memory: the same answer as Django's, and nothing that could be another one."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIHandler
from django.templatetags.static import static

from apps.core import static_answers
from apps.core.static_answers import StaticAnswers
from apps.core.static_files import CACHE_FOREVER, static_digest

SCRIPT = "js/sync/provider.js"
#: WhiteNoise sends a file of one form from an iterator of Django's WSGI handler.
pytestmark = pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")
GZIP = {"accept-encoding": "gzip, deflate, br"}


class Site:
    """An application whose static files are cached, and the requests that reach it."""

    def __init__(self, application: Any) -> None:
        self.reached: list[str] = []
        self._application = application
        self._answers = StaticAnswers(self._reach, "/static/")

    async def _reach(self, scope: Any, receive: Any, send: Any) -> None:
        self.reached.append(scope["path"])
        await self._application(scope, receive, send)

    async def get(
        self,
        path: str,
        headers: Mapping[str, str] | None = None,
        *,
        method: str = "GET",
        scheme: str = "http",
    ) -> tuple[int, dict[str, str], bytes]:
        """Request a path; return status, headers and body."""
        pairs = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
        scope = {
            "type": "http",
            "method": method,
            "scheme": scheme,
            "path": path,
            "query_string": b"",
            "headers": [(b"host", b"localhost"), *pairs],
        }
        messages: list[dict[str, Any]] = []

        requests = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> dict[str, Any]:
            if not requests:
                await asyncio.Event().wait()  # the caller stays
            return requests.pop()

        async def send(message: dict[str, Any]) -> None:
            messages.append(message)

        await self._answers(scope, receive, send)
        start, *parts = messages
        answered = {name.decode().lower(): value.decode() for name, value in start["headers"]}
        return start["status"], answered, b"".join(part.get("body", b"") for part in parts)


@pytest.fixture
def site() -> Site:
    """Return the product's own handler with all its middleware."""
    return Site(ASGIHandler())


async def immutable(scope: Any, _receive: Any, send: Any) -> None:
    """Answer each path with 1,000 bytes that never change."""
    headers = [(b"Cache-Control", CACHE_FOREVER.encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": bytes(600), "more_body": True})
    await send({"type": "http.response.body", "body": bytes(400)})


@pytest.mark.parametrize("path", [SCRIPT, "vendor/tiptap.js", "css/editor.css", "vendor/icons.svg"])
async def test_second_answer_is_the_first_and_does_not_reach_django(site: Site, path: str) -> None:
    """With each of its headers, in each coding."""
    for headers in (GZIP, {"accept-encoding": "gzip"}, {}):
        site.reached.clear()
        first = await site.get(static(path), headers)
        assert site.reached == [static(path)]
        assert first[0] == 200
        assert first[1]["x-content-type-options"] == "nosniff"
        assert len(first[2]) == int(first[1]["content-length"]) > 0
        assert await site.get(static(path), headers) == first
        assert len(site.reached) == 1


async def test_codings_have_answers_of_their_own(site: Site) -> None:
    """The stored answer of one is not that of another."""
    for _ in range(2):
        codings = [
            (await site.get(static("vendor/tiptap.js"), headers))[1].get("content-encoding")
            for headers in (GZIP, {"accept-encoding": "gzip"}, {}, {"accept-encoding": "br;q=0"})
        ]
        assert codings == ["br", "gzip", None, None]


async def test_plain_request_is_redirected_where_a_secure_one_is_stored(settings: Any) -> None:
    """By the scheme, and by the header of a proxy that Django trusts."""
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    secure = Site(ASGIHandler())
    for _ in range(2):
        answers = [
            await secure.get(static(SCRIPT), {"x-forwarded-proto": proto})
            for proto in ("https", "http")
        ]
        assert [status for status, _, _ in answers] == [200, 301]
    settings.SECURE_PROXY_SSL_HEADER = None
    by_scheme = Site(ASGIHandler())
    for _ in range(2):
        statuses = [
            (await by_scheme.get(static(SCRIPT), scheme=scheme))[0] for scheme in ("https", "http")
        ]
        assert statuses == [200, 301]


@pytest.mark.parametrize(
    "headers", [{"range": "bytes=0-9"}, {"if-none-match": "{tag}"}, {"if-modified-since": "{at}"}]
)
async def test_request_for_less_than_the_file_reaches_django(
    site: Site, headers: dict[str, str]
) -> None:
    """It gets a part or nothing, and the next whole request gets the file."""
    path = static("vendor/fonts/figtree-latin-wght-normal.woff2")
    status, answered, body = await site.get(path)
    filled = {
        name: value.format(tag=answered["etag"], at=answered["last-modified"])
        for name, value in headers.items()
    }
    for _ in range(2):
        partly = await site.get(path, filled)
        assert partly[0] in {206, 304}
        assert len(partly[2]) < len(body)
    assert len(site.reached) == 3
    assert await site.get(path) == (status, answered, body)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("HEAD", f"/static/{static_digest()}/{SCRIPT}", 200),
        ("POST", f"/static/{static_digest()}/{SCRIPT}", 405),
        ("GET", f"/static/{SCRIPT}", 200),
        ("GET", f"/static/0123456789ab/{SCRIPT}", 200),
    ],
)
async def test_answer_that_may_change_is_not_stored(
    site: Site, method: str, path: str, status: int
) -> None:
    """Another method, and an address without the present digest."""
    for _ in range(2):
        assert (await site.get(path, method=method))[0] == status
    assert site.reached == [path, path]


async def test_least_recently_used_answers_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """By their bytes and by their number."""
    for limit, value in (("MAX_BYTES", 3_500), ("MAX_ANSWERS", 3)):
        with monkeypatch.context() as patch:
            patch.setattr(static_answers, limit, value)
            site = Site(immutable)
            for name in "abcade":
                assert len((await site.get(f"/static/{name}"))[2]) == 1_000
            assert site.reached == [f"/static/{name}" for name in "abcde"]
            for name in "ade":
                await site.get(f"/static/{name}")
            assert len(site.reached) == 5
            await site.get("/static/b")
            assert len(site.reached) == 6


async def test_client_cannot_fill_the_memory_with_its_names() -> None:
    """A long path or coding is not stored."""
    site = Site(immutable)
    for path, coding in (("/static/" + "x" * 300, "gzip"), ("/static/a", "gzip" + "," * 300)):
        for _ in range(2):
            await site.get(path, {"accept-encoding": coding})
    assert len(site.reached) == 4


async def test_cookie_and_other_paths_are_not_stored() -> None:
    """Nobody gets what was meant for somebody else."""

    async def personal(scope: Any, receive: Any, send: Any) -> None:
        async def send_with_cookie(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"Set-Cookie", b"sessionid=1"))
            await send(message)

        await immutable(scope, receive, send_with_cookie)

    for application, path in ((personal, "/static/a"), (immutable, "/api/v1/documents/")):
        site = Site(application)
        for _ in range(2):
            await site.get(path)
        assert site.reached == [path, path]
