"""Serves static files from their folders, compressed and cached for long, without collectstatic.

An address has a digest of the content of all static files:
``/static/3f0c…/js/editor/editor.js``. Scripts import each other by relative paths, so a page has
one digest, and a browser may cache its files without limit: after a change all addresses are
different. Addresses without a digest, or with that of another release, which another server or an
older page may use, are served too, but not cached.

The product's own scripts and styles are compressed without their comments, except in development.
Bundles have a file beside them that is compressed by Brotli (``make vendor``), which takes seconds
and saves an eighth; WhiteNoise finds it.
"""

import gzip
import hashlib
import re
from copy import copy
from functools import lru_cache
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware

from apps.core.static_comments import script_stripped, style_stripped

#: Content types that are not compressed already, and the smallest size to compress, in bytes.
_COMPRESSIBLE: Final = re.compile(r"(text/|application/(javascript|json)|image/svg)")
_MIN_GZIP_BYTES: Final = 256
#: A coding that we have and that the client accepts: not with q=0.
_ACCEPTED: Final = re.compile(r"(br|gzip)\s*(?:;(?!\s*q\s*=\s*0(?:\.0*)?$).*)?", re.DOTALL)
#: Compressed files that a process caches: more than the pages have.
_GZIP_CACHE_FILES: Final = 256
#: Packages whose static files are served, too.
_PACKAGES: Final = ("django", "djangorestframework")
_DIGEST_CHARS: Final = 12
_ADDRESS: Final = re.compile(rf"(?P<digest>[0-9a-f]{{{_DIGEST_CHARS}}})/(?P<rest>.*)", re.DOTALL)
#: ``Cache-Control`` of a file under the present digest: its content cannot change.
CACHE_FOREVER: Final = "max-age=31536000, public, immutable"
_NO_CACHE: Final = "no-cache"
#: Folders of the product's own files, whose comments are not sent, by the ending of their files.
_COMMENTED: Final = {".js": ("js", script_stripped), ".css": ("css", style_stripped)}


@lru_cache(maxsize=1)
def static_digest() -> str:
    """Return a digest of all static files: content of the product's, versions of packages."""
    digest = hashlib.sha256()
    for package in _PACKAGES:
        digest.update(f"{package} {version(package)}\n".encode())
    for folder in map(Path, settings.STATICFILES_DIRS):
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            digest.update(f"{file.relative_to(folder).as_posix()}\n".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:_DIGEST_CHARS]


class DigestStorage(StaticFilesStorage):
    """Adds the digest to addresses, except in development, where files may change."""

    def url(self, name: str | None) -> str:
        """Return the address of a static file."""
        return super().url(name if settings.WHITENOISE_AUTOREFRESH else f"{static_digest()}/{name}")


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]
    """WhiteNoise with the digest in addresses, and with compression."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve a static file, or call the next middleware."""
        path = request.path_info
        if not path.startswith(self.static_prefix):
            passed_on: HttpResponse = super().__call__(request)
            return passed_on
        found = _ADDRESS.fullmatch(path.removeprefix(self.static_prefix))
        if found:
            request.path_info = f"{self.static_prefix}{found['rest']}"
        response: HttpResponse = super().__call__(request)
        if response.status_code < 400:
            response["Cache-Control"] = (
                CACHE_FOREVER if found and _is_current(found["digest"]) else _NO_CACHE
            )
        return response

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        """Return the file, compressed for clients that accept Brotli or gzip.

        A compressible file is sent whole, with a weak tag: its forms have different bytes, which a
        range or a strong tag would mix up.
        """
        path, headers = static_file.get_path_and_headers({})
        if not _is_compressible(dict(headers)):
            plain: HttpResponse = WhiteNoiseMiddleware.serve(static_file, request)
            return plain
        request = _compressible_request(request)
        chosen, _ = static_file.get_path_and_headers(request.META)
        accepts_gzip = "gzip" in request.META["HTTP_ACCEPT_ENCODING"].split(",")
        response: HttpResponse
        if chosen == path and accepts_gzip and request.method == "GET":
            response = _gzipped_response(static_file, str(path), request)
        else:
            response = WhiteNoiseMiddleware.serve(static_file, request)
        response["Vary"] = "Accept-Encoding"
        if "ETag" in response:
            response["ETag"] = f"W/{response['ETag']}"
        return response


def _compressible_request(request: HttpRequest) -> HttpRequest:
    """Return the request for WhiteNoise: without range, refused codings and mark of a weak tag."""
    meta = request.META.copy()
    meta.pop("HTTP_RANGE", None)
    codings = meta.get("HTTP_ACCEPT_ENCODING", "").lower().split(",")
    accepted = [found[1] for coding in codings if (found := _ACCEPTED.fullmatch(coding.strip()))]
    meta["HTTP_ACCEPT_ENCODING"] = ",".join(accepted)
    if "HTTP_IF_NONE_MATCH" in meta:
        meta["HTTP_IF_NONE_MATCH"] = meta["HTTP_IF_NONE_MATCH"].removeprefix("W/")
    changed = copy(request)
    changed.META = meta
    return changed


def _is_compressible(headers: dict[str, str]) -> bool:
    is_large = int(headers["Content-Length"]) >= _MIN_GZIP_BYTES
    return is_large and _COMPRESSIBLE.match(headers.get("Content-Type", "")) is not None


def _gzipped_response(static_file: Any, path: str, request: HttpRequest) -> HttpResponse:
    """Return the compressed file, or 304 where the client has it."""
    plain = static_file.get_response("HEAD", request.META)
    body = _gzipped(path, static_file.etag) if plain.status == HTTPStatus.OK else b""
    response = HttpResponse(body, status=plain.status)
    del response["Content-Type"]
    for name, value in plain.headers:
        response[name] = value
    if body:
        response["Content-Encoding"], response["Content-Length"] = "gzip", str(len(body))
    return response


def _is_current(digest: str) -> bool:
    return not settings.WHITENOISE_AUTOREFRESH and digest == static_digest()


@lru_cache(maxsize=_GZIP_CACHE_FILES)
def _gzipped(path: str, etag: str) -> bytes:
    return gzip.compress(static_content(Path(path)), compresslevel=9, mtime=0)


def static_content(file: Path) -> bytes:
    """Return a static file as it is sent compressed: the product's own without comments."""
    content = file.read_bytes()
    folder, stripped = _COMMENTED.get(file.suffix, ("", None))
    is_own = any(file.is_relative_to(Path(root) / folder) for root in settings.STATICFILES_DIRS)
    if stripped is None or not is_own or settings.WHITENOISE_AUTOREFRESH:
        return content
    return stripped(content.decode()).encode()
