"""Static files: compressed, and cached by browsers until they change."""

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from django.templatetags.static import static
from django.test import Client

from apps.core.static_comments import script_stripped
from apps.core.static_files import static_content, static_digest
from config.env import BASE_DIR

ROOT = BASE_DIR
GZIP = {"Accept-Encoding": "gzip, deflate, br"}


def body_of(response: Any) -> bytes:
    """Return the whole body, streamed or not."""
    return b"".join(response) if response.streaming else bytes(response.content)


@pytest.fixture
def script() -> bytes:
    """Return a script of the checkout."""
    return (ROOT / "static/js/sync/provider.js").read_bytes()


def test_script_is_compressed_for_clients_that_accept_gzip(script: bytes) -> None:
    """The same code, a third of its bytes or less, with a length and one tag for both forms."""
    address = static("js/sync/provider.js")
    packed, plain = Client(headers=GZIP).get(address), Client().get(address)
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content).decode() == script_stripped(script.decode())
    assert body_of(plain) == script
    assert int(packed["Content-Length"]) == len(packed.content) < len(script) / 2
    assert "Content-Encoding" not in plain
    for response in (packed, plain):
        assert response["Vary"] == "Accept-Encoding"
        assert response["Content-Type"].startswith("text/javascript")
    assert packed["ETag"] == plain["ETag"]


def test_compressed_script_that_the_client_has_is_not_sent_again() -> None:
    """By its ``ETag``."""
    address = static("js/sync/provider.js")
    tag = Client(headers=GZIP).get(address)["ETag"]
    again = Client(headers={**GZIP, "If-None-Match": tag}).get(address)
    assert (again.status_code, again.content) == (304, b"")
    assert "Content-Encoding" not in again


@pytest.mark.parametrize(
    "path", ["vendor/fonts/figtree-latin-wght-normal.woff2", "js/lib/paragraphs.js"]
)
def test_file_that_does_not_get_smaller_is_not_compressed(path: str) -> None:
    """A font is compressed already, a tiny script would grow."""
    response = Client(headers=GZIP).get(static(path))
    assert response.status_code == 200
    assert "Content-Encoding" not in response
    assert body_of(response) == (ROOT / "static" / path).read_bytes()


def test_static_address_has_the_digest_and_is_cached_without_limit() -> None:
    """For a package's file too; who asks again by the tag gets no body."""
    for path in ("js/sync/provider.js", "admin/css/base.css"):
        address = static(path)
        assert address == f"/static/{static_digest()}/{path}"
        response = Client().get(address)
        assert body_of(response)
        assert response["Cache-Control"] == "max-age=31536000, public, immutable"
        again = Client(headers={"If-None-Match": response["ETag"]}).get(address)
        assert again.status_code == 304


@pytest.mark.parametrize("prefix", ["", "0123456789ab/"])
def test_address_of_no_or_of_another_release_is_served_and_not_cached(
    prefix: str, script: bytes
) -> None:
    """A page of another server may request it during a deploy."""
    response = Client().get(f"/static/{prefix}js/sync/provider.js")
    assert (response.status_code, response["Cache-Control"]) == (200, "no-cache")
    assert body_of(response) == script


@pytest.mark.parametrize(
    "path",
    [
        "nothing.js",
        "../manage.py",
        "{digest}/../manage.py",
        "{digest}/{digest}/js/lib/api.js",
        "{digest}",
    ],
)
@pytest.mark.django_db
def test_what_is_no_static_file_is_404(path: str) -> None:
    """No file beside them, and no two digests."""
    address = f"/static/{path.replace('{digest}', static_digest())}"
    assert Client().get(address).status_code == 404


def test_scripts_name_each_other_by_relative_paths() -> None:
    """Otherwise they would lose the digest of their page."""
    found = re.compile(r'(?:\bfrom |\bimport )"([^"]+)"|\bimport\("([^"]+)"\)')
    scripts = list((ROOT / "static/js").rglob("*.js"))
    assert len(scripts) > 20
    for file in scripts:
        for words in found.findall(file.read_text(encoding="utf-8")):
            assert "".join(words).startswith(("./", "../")), f"{file.name}: {words}"


def test_digest_is_another_one_when_a_file_is(tmp_path: Path, settings: Any) -> None:
    """By content and by name, not by time."""
    digests = set()
    settings.STATICFILES_DIRS = [tmp_path]
    for name, text in (("a.js", "1"), ("a.js", "2"), ("b.js", "2"), ("a.js", "2")):
        for file in tmp_path.iterdir():
            file.unlink()
        (tmp_path / name).write_text(text)
        digests.add(static_digest.__wrapped__())
    assert len(digests) == 3


@pytest.mark.parametrize("path", ["js/sync/provider.js", "css/editor.css"])
def test_own_file_is_compressed_without_comments(path: str, settings: Any) -> None:
    """Except in development, where the browser's tools show the source."""
    source = (ROOT / "static" / path).read_bytes()
    sent = static_content(ROOT / "static" / path)
    assert b"/*" in source
    assert b"/*" not in sent
    assert sent.count(b"\n") == source.count(b"\n")
    settings.WHITENOISE_AUTOREFRESH = True
    assert static_content(ROOT / "static" / path) == source


@pytest.mark.parametrize("path", ["static/vendor/yjs.js", "tests/editor/fake_socket.mjs"])
def test_file_of_others_is_compressed_as_it_is(path: str) -> None:
    """A bundle is minified already."""
    assert static_content(ROOT / path) == (ROOT / path).read_bytes()


def test_bundle_comes_by_brotli_to_clients_that_accept_it() -> None:
    """It was compressed when it was made; others get it by gzip, with the same tag."""
    address = static("vendor/tiptap.js")
    best, packed = Client(headers=GZIP).get(address), Client(headers={"Accept-Encoding": "gzip"})
    assert best["Content-Encoding"] == "br"
    assert body_of(best) == (ROOT / "static/vendor/tiptap.js.br").read_bytes()
    assert int(best["Content-Length"]) == (ROOT / "static/vendor/tiptap.js.br").stat().st_size
    other = packed.get(address)
    assert other["Content-Encoding"] == "gzip"
    assert gzip.decompress(other.content) == (ROOT / "static/vendor/tiptap.js").read_bytes()
    for response in (best, other):
        assert response["Vary"] == "Accept-Encoding"
        assert response["Content-Type"].startswith("text/javascript")
        assert response["Cache-Control"] == "max-age=31536000, public, immutable"
    assert best["ETag"] == other["ETag"]
    again = Client(headers={**GZIP, "If-None-Match": best["ETag"]}).get(address)
    assert (again.status_code, body_of(again)) == (304, b"")


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("br;q=0, gzip", "gzip"),
        ("br; q=0.000, gzip;q=0.5", "gzip"),
        ("BR;q=0,GZIP;Q=0", None),
        ("gzip;q=0, br;q=0.1", "br"),
        ("br;q=0", None),
        ("my-br, x-gzip-2", None),
        ("br;q=1.0", "br"),
        ("", None),
    ],
)
def test_bundle_comes_in_no_coding_that_the_client_refuses(
    accepted: str, coding: str | None
) -> None:
    """A coding with q=0 is refused; the whole name counts."""
    response = Client(headers={"Accept-Encoding": accepted}).get(static("vendor/tiptap.js"))
    assert response.get("Content-Encoding") == coding
    plain, body = (ROOT / "static/vendor/tiptap.js").read_bytes(), body_of(response)
    if coding == "br":
        assert body == (ROOT / "static/vendor/tiptap.js.br").read_bytes()
    else:
        assert (gzip.decompress(body) if coding else body) == plain


@pytest.mark.parametrize("accepted", ["br", "gzip", "identity"])
@pytest.mark.parametrize("path", ["vendor/tiptap.js", "js/sync/provider.js"])
def test_file_with_several_forms_is_sent_whole_with_a_weak_tag(accepted: str, path: str) -> None:
    """Parts of two forms under one tag would be joined to a file that is none of them."""
    headers = {"Accept-Encoding": accepted, "Range": "bytes=0-9"}
    response = Client(headers=headers).get(static(path))
    assert response.status_code == 200
    assert len(body_of(response)) == int(response["Content-Length"]) > 10
    assert "Content-Range" not in response
    assert response["ETag"].startswith('W/"')
    for tag in (response["ETag"], response["ETag"].removeprefix("W/")):
        again = Client(headers={**headers, "If-None-Match": tag}).get(static(path))
        assert (again.status_code, again["ETag"]) == (304, response["ETag"])
    others = Client(headers={**headers, "If-None-Match": 'W/"none"'}).get(static(path))
    assert (others.status_code, len(body_of(others))) == (200, int(response["Content-Length"]))


def test_file_with_one_form_comes_in_ranges_with_a_strong_tag() -> None:
    """A font has the same bytes for everybody."""
    path = "vendor/fonts/figtree-latin-wght-normal.woff2"
    response = Client(headers={**GZIP, "Range": "bytes=0-9"}).get(static(path))
    assert (response.status_code, len(body_of(response))) == (206, 10)
    assert response["ETag"].startswith('"')
