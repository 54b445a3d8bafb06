"""A cache of the answers for static files, before Django sees the request.

A page loads about a hundred scripts and styles. Django's handler and its middleware take a
millisecond of processor time for each of them, in two threads; this ASGI application answers from
memory in a tenth of that.

It stores what the middleware (``apps.core.static_files``) has answered: only whole files under an
address with the present digest, whose content cannot change. All other requests are passed on.
"""

from collections import OrderedDict
from typing import Any, Final

from apps.core.static_files import CACHE_FOREVER

#: Bytes of the bodies that a process stores; the pages have about one MiB, compressed. The
#: addresses and codings that a client may ask for are many, so the least recently used are dropped.
MAX_BYTES: Final = 4 * 1024 * 1024
#: Answers that a process stores; an answer has headers of about 500 bytes, too.
MAX_ANSWERS: Final = 1024
#: Longest path and coding that are stored, in bytes.
_MAX_KEY_BYTES: Final = 256
#: Headers on which an answer depends: ``SecurityMiddleware`` reads the second one.
_VARYING: Final = (b"accept-encoding", b"x-forwarded-proto")
#: Headers with which a client wants a part of a file, or none of it.
_PARTIAL: Final = frozenset((b"range", b"if-none-match", b"if-modified-since"))

#: The scheme, the path, and the headers on which the answer depends.
_Key = tuple[bytes, ...]
#: The two ASGI messages of an answer.
_Answer = tuple[dict[str, Any], dict[str, Any]]


class StaticAnswers:
    """Answers requests for static files from memory, once Django has answered them."""

    def __init__(self, application: Any, prefix: str) -> None:
        """``prefix``: the path of all static files (``STATIC_URL``)."""
        self._application = application
        self._prefix = prefix
        self._answers: OrderedDict[_Key, _Answer] = OrderedDict()
        self._size_bytes = 0

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve one request."""
        key = self._key(scope)
        if key is None:
            await self._application(scope, receive, send)
            return
        found = self._answers.get(key)
        if found is None:
            await self._application(scope, receive, self._storing(key, send))
            return
        self._answers.move_to_end(key)
        for message in found:
            await send(message)

    def _key(self, scope: dict[str, Any]) -> _Key | None:
        """Return the key of a request whose answer may be stored, else None."""
        if scope.get("method") != "GET" or not scope["path"].startswith(self._prefix):
            return None
        headers = dict(scope["headers"])
        if len(headers) != len(scope["headers"]) or not _PARTIAL.isdisjoint(headers):
            return None
        path, scheme = scope["path"].encode(), scope.get("scheme", "http").encode()
        key = (path, scheme, *(headers.get(name, b"") for name in _VARYING))
        return key if max(map(len, key)) <= _MAX_KEY_BYTES else None

    def _storing(self, key: _Key, send: Any) -> Any:
        """Return a ``send`` that stores the answer when all of it has been sent."""
        start: dict[str, Any] | None = None
        parts: list[bytes] = []

        async def send_and_store(message: dict[str, Any]) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message if _is_immutable(message) else None
            elif start is not None:
                parts.append(message.get("body", b""))
                if not message.get("more_body"):
                    body = {"type": "http.response.body", "body": b"".join(parts)}
                    self._store(key, (start, body))
            await send(message)

        return send_and_store

    def _store(self, key: _Key, answer: _Answer) -> None:
        previous = self._answers.pop(key, None)
        if previous is not None:
            self._size_bytes -= len(previous[1]["body"])
        self._answers[key] = answer
        self._size_bytes += len(answer[1]["body"])
        while self._size_bytes > MAX_BYTES or len(self._answers) > MAX_ANSWERS:
            _, (_, oldest) = self._answers.popitem(last=False)
            self._size_bytes -= len(oldest["body"])


def _is_immutable(start: dict[str, Any]) -> bool:
    """Return whether an answer is a whole file under an address with the present digest."""
    if start["status"] != 200:
        return False
    names = [bytes(name).lower() for name, _ in start["headers"]]
    cached = [value for name, value in start["headers"] if bytes(name).lower() == b"cache-control"]
    return cached == [CACHE_FOREVER.encode()] and b"set-cookie" not in names
