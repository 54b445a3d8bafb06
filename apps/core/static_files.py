"""Static files from where they lie, compressed and cached for long, without a step that collects.

An address has a digest of what all static files hold: ``/static/3f0c…/js/editor/editor.js``.
Scripts name each other by relative paths, so the whole page has one digest, and a browser may keep
what it has for good: after a change all addresses are others. A digest of another release, which
another server or an older page may ask for, and none at all, are answered too, and not kept.
"""

import gzip
import hashlib
import re
from functools import lru_cache
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware

#: What is not compressed already, and what is worth it, in bytes.
_COMPRESSIBLE: Final = re.compile(r"(text/|application/(javascript|json)|image/svg)")
_LEAST_BYTES: Final = 1024
#: Packed files that a process keeps: more than the pages have.
_PACKED_MOST: Final = 256
#: Packages whose static files are served beside ours.
_PACKAGES: Final = ("django", "djangorestframework", "drf-spectacular-sidecar")
_DIGEST_CHARS: Final = 12
_ADDRESS: Final = re.compile(rf"(?P<digest>[0-9a-f]{{{_DIGEST_CHARS}}})/(?P<rest>.*)", re.DOTALL)
_KEEP: Final = "max-age=31536000, public, immutable"
_ASK_AGAIN: Final = "no-cache"


@lru_cache(maxsize=1)
def static_digest() -> str:
    """Return a digest of all static files: of ours their content, of others their release."""
    digest = hashlib.sha256()
    for package in _PACKAGES:
        digest.update(f"{package} {version(package)}\n".encode())
    for folder in map(Path, settings.STATICFILES_DIRS):
        for file in sorted(each for each in folder.rglob("*") if each.is_file()):
            digest.update(f"{file.relative_to(folder).as_posix()}\n".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:_DIGEST_CHARS]


class DigestStorage(StaticFilesStorage):
    """Puts the digest into addresses, but where files are looked up anew at each request."""

    def url(self, name: str | None) -> str:
        """Return the address of a static file."""
        return super().url(name if settings.WHITENOISE_AUTOREFRESH else f"{static_digest()}/{name}")


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]
    """WhiteNoise, which knows the digest in an address and packs what it serves."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve a static file, or go on to the next."""
        path = request.path_info
        if not path.startswith(self.static_prefix):
            passed_on: HttpResponse = super().__call__(request)
            return passed_on
        found = _ADDRESS.fullmatch(path.removeprefix(self.static_prefix))
        if found:
            request.path_info = f"{self.static_prefix}{found['rest']}"
        response: HttpResponse = super().__call__(request)
        if response.status_code < 400:
            response["Cache-Control"] = _KEEP if found and _is_ours(found["digest"]) else _ASK_AGAIN
        return response

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        """Return the file, packed for who takes gzip."""
        response: HttpResponse
        path, headers = static_file.get_path_and_headers({})
        is_worth_it = _is_worth_it(dict(headers))
        if (
            is_worth_it
            and "gzip" in request.headers.get("Accept-Encoding", "")
            and request.method == "GET"
        ):
            response = _packed_response(static_file, str(path), request)
        else:
            response = WhiteNoiseMiddleware.serve(static_file, request)
        if is_worth_it:
            response["Vary"] = "Accept-Encoding"
        return response


def _is_worth_it(headers: dict[str, str]) -> bool:
    is_big = int(headers["Content-Length"]) >= _LEAST_BYTES
    return is_big and _COMPRESSIBLE.match(headers.get("Content-Type", "")) is not None


def _packed_response(static_file: Any, path: str, request: HttpRequest) -> HttpResponse:
    """Return the whole file packed, or that the caller's copy is right."""
    plain = static_file.get_response("HEAD", request.META | {"HTTP_RANGE": ""})
    body = _packed(path, static_file.etag) if plain.status == HTTPStatus.OK else b""
    response = HttpResponse(body, status=plain.status)
    del response["Content-Type"]
    for name, value in plain.headers:
        response[name] = value
    if body:
        response["Content-Encoding"], response["Content-Length"] = "gzip", str(len(body))
    return response


def _is_ours(digest: str) -> bool:
    return not settings.WHITENOISE_AUTOREFRESH and digest == static_digest()


@lru_cache(maxsize=_PACKED_MOST)
def _packed(path: str, etag: str) -> bytes:
    return gzip.compress(Path(path).read_bytes(), compresslevel=9, mtime=0)
