"""Types of files by their content, against what they claim."""

import pytest

from apps.attachments.media_types import (
    ACTIVE,
    INLINE,
    OCTETS,
    Edges,
    UnsupportedTypeError,
    media_type_check,
    served_type,
)
from tests.attachments import samples


def check(data: bytes, name: str, claimed: str = "") -> str:
    """Return the type of a file."""
    return media_type_check(Edges(data[:65536], data[-65536:]), name=name, claimed=claimed)


@pytest.mark.parametrize(
    ("data", "name", "claimed", "expected"),
    [
        (samples.png(), "a.png", "image/png", "image/png"),
        (samples.png(), "A.PNG", "", "image/png"),
        (samples.png(), "no ending", OCTETS, "image/png"),
        (samples.photo(), "a.jpg", "image/jpg", "image/jpeg"),
        (samples.animation(), "a.gif", "image/gif", "image/gif"),
        (samples.animation(kind="WEBP"), "a.webp", "image/webp", "image/webp"),
        (samples.PDF, "a.pdf", "application/pdf", "application/pdf"),
        (samples.SVG, "a.svg", "image/svg+xml", "image/svg+xml"),
        (samples.HTML, "a.html", "text/html", "text/html"),
        (b"a;b\n1;\xe4\n", "old.csv", "application/vnd.ms-excel", "text/csv"),
        (b"print(1)\n", "a.py", "text/x-python", "text/plain"),
        (b"PK\x03\x04....[Content_Types].xml", "a.docx", "", None),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "a.doc", "", "application/msword"),
    ],
)
def test_type_is_that_of_the_content(
    data: bytes, name: str, claimed: str, expected: str | None
) -> None:
    """And among those that share a container, that of the name."""
    found = check(data, name, claimed)
    if expected is None:
        assert found.endswith("wordprocessingml.document")
    else:
        assert found == expected


@pytest.mark.parametrize(
    ("data", "name", "claimed"),
    [
        (samples.HTML, "a.png", "image/png"),
        (samples.HTML, "a.pdf", ""),
        (samples.SVG, "a", "image/png"),
        (samples.png(), "a.jpg", "image/jpeg"),
        (samples.png(), "a.png", "image/jpeg"),
        (samples.png(), "a.svg", "image/svg+xml"),
        (samples.png(), "a.txt", "text/plain"),
        (samples.png(), "a", "text/html"),
        (b"PK\x03\x04 only a zip", "a.docx", ""),
        (b"PK\x03\x04 only a zip", "a.odt", ""),
        (b"\n%PDF-1.7", "a.pdf", ""),
        (b"MZ\x90\0", "setup.txt", ""),
    ],
)
def test_file_that_lies_is_refused(data: bytes, name: str, claimed: str) -> None:
    """By its name, or by the type of the upload."""
    with pytest.raises(UnsupportedTypeError):
        check(data, name, claimed)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"MZ\x90\0\x03\0", "a.exe"),
        (b"echo off\n", "run.BAT"),
        (b"PK\x03\x04", "a.jar"),
        (b"\x7fELF\x02\x01\x01\0", "program"),
        (b"\0\0\0\0", "zeros"),
        (b"II*\0\x08\0\0\0", "a.tiff"),
    ],
)
def test_type_that_is_not_allowed_is_refused(data: bytes, name: str) -> None:
    """Programs, and what nobody knows."""
    with pytest.raises(UnsupportedTypeError) as caught:
        check(data, name)
    assert caught.value.code == "attachment_type_not_allowed"


@pytest.mark.parametrize("media_type", sorted(ACTIVE))
def test_active_types_are_served_as_bytes_and_never_inline(media_type: str) -> None:
    """A browser would run them."""
    assert served_type(media_type) == OCTETS
    assert media_type not in INLINE
