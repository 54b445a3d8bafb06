"""The type of a file by its content, and by its name only to find a contradiction. Pure.

A file is served under the type of its bytes. A name or a type in the upload that claims another one
refuses the file.
"""

import re
from pathlib import PurePath
from typing import Final, NamedTuple

from apps.core.errors import UnsupportedError

#: Bytes at both ends of a file that decide its type.
EDGE_BYTES: Final = 64 * 1024

OCTETS: Final = "application/octet-stream"
PDF: Final = "application/pdf"
TEXT: Final = "text/plain"
ZIP: Final = "application/zip"

#: Pictures: the type of the bytes, Pillow's name of the format, and the type that is served.
PICTURES: Final[dict[str, tuple[str, str]]] = {
    "image/png": ("PNG", "image/png"),
    "image/jpeg": ("JPEG", "image/jpeg"),
    "image/gif": ("GIF", "image/gif"),
    "image/webp": ("WEBP", "image/webp"),
    "image/avif": ("AVIF", "image/webp"),
    "image/bmp": ("BMP", "image/png"),
}
#: Widths of the smaller sizes of a picture, in pixels; those below its own are made.
WIDTHS: Final = (320, 640, 1280, 1920)
#: Types that a browser may show; all others are downloaded.
INLINE: Final = frozenset({PDF, "image/png", "image/jpeg", "image/gif", "image/webp"})
#: Types that a browser would run, or that would run another program: never served under them.
ACTIVE: Final = frozenset(
    {"text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "text/javascript"}
)

_SIGNATURES: Final[tuple[tuple[re.Pattern[bytes], str], ...]] = tuple(
    (re.compile(pattern, re.DOTALL), media_type)
    for pattern, media_type in (
        (rb"\x89PNG\r\n\x1a\n", "image/png"),
        (rb"\xff\xd8\xff", "image/jpeg"),
        (rb"GIF8[79]a", "image/gif"),
        (rb"RIFF....WEBP", "image/webp"),
        (rb"....ftyp(?:avif|avis)", "image/avif"),
        (rb"BM.{4}\x00{4}.{4}[\x0c\x28\x34\x38\x40\x6c\x7c]\x00\x00\x00", "image/bmp"),
        (rb"%PDF-[12]\.", PDF),
        (rb"PK(?:\x03\x04|\x05\x06)", ZIP),
        (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
        (rb"\{\\rtf1", "application/rtf"),
        (rb"\x1f\x8b\x08", "application/gzip"),
        (rb"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
        (rb"RIFF....WAVE", "audio/wav"),
        (rb"ID3[\x02-\x04]|\xff[\xfb\xf3\xf2]", "audio/mpeg"),
        (rb"fLaC", "audio/flac"),
        (rb"OggS", "audio/ogg"),
        (rb"....ftyp(?:M4A|M4B)", "audio/mp4"),
        (rb"....ftyp(?:isom|iso[2-9]|mp4[12]|avc1|M4V |qt  |dash)", "video/mp4"),
        (rb"\x1aE\xdf\xa3", "video/webm"),
    )
)

_OOXML: Final = "application/vnd.openxmlformats-officedocument."
_OPEN_DOCUMENT: Final = "application/vnd.oasis.opendocument."
#: The type that the end of a name claims, and the type of the bytes that it then must have.
_CLAIMS: Final[dict[str, tuple[str, str]]] = {
    "png": ("image/png", "image/png"),
    "jpg": ("image/jpeg", "image/jpeg"),
    "jpeg": ("image/jpeg", "image/jpeg"),
    "gif": ("image/gif", "image/gif"),
    "webp": ("image/webp", "image/webp"),
    "avif": ("image/avif", "image/avif"),
    "bmp": ("image/bmp", "image/bmp"),
    "pdf": (PDF, PDF),
    "zip": (ZIP, ZIP),
    "docx": (f"{_OOXML}wordprocessingml.document", ZIP),
    "xlsx": (f"{_OOXML}spreadsheetml.sheet", ZIP),
    "pptx": (f"{_OOXML}presentationml.presentation", ZIP),
    "odt": (f"{_OPEN_DOCUMENT}text", ZIP),
    "ods": (f"{_OPEN_DOCUMENT}spreadsheet", ZIP),
    "odp": (f"{_OPEN_DOCUMENT}presentation", ZIP),
    "epub": ("application/epub+zip", ZIP),
    "doc": ("application/msword", "application/x-ole-storage"),
    "xls": ("application/vnd.ms-excel", "application/x-ole-storage"),
    "ppt": ("application/vnd.ms-powerpoint", "application/x-ole-storage"),
    "rtf": ("application/rtf", "application/rtf"),
    "gz": ("application/gzip", "application/gzip"),
    "7z": ("application/x-7z-compressed", "application/x-7z-compressed"),
    "wav": ("audio/wav", "audio/wav"),
    "mp3": ("audio/mpeg", "audio/mpeg"),
    "flac": ("audio/flac", "audio/flac"),
    "ogg": ("audio/ogg", "audio/ogg"),
    "m4a": ("audio/mp4", "audio/mp4"),
    "mp4": ("video/mp4", "video/mp4"),
    "m4v": ("video/mp4", "video/mp4"),
    "mov": ("video/mp4", "video/mp4"),
    "webm": ("video/webm", "video/webm"),
    "mkv": ("video/webm", "video/webm"),
    "txt": (TEXT, TEXT),
    "log": (TEXT, TEXT),
    "md": ("text/markdown", TEXT),
    "csv": ("text/csv", TEXT),
    "tsv": ("text/tab-separated-values", TEXT),
    "json": ("application/json", TEXT),
    "svg": ("image/svg+xml", TEXT),
    "html": ("text/html", TEXT),
    "htm": ("text/html", TEXT),
    "xml": ("text/xml", TEXT),
    "js": ("text/javascript", TEXT),
}
#: Names that a system runs by a double click. Threat: a colleague's document as a carrier.
_RUNS: Final = frozenset(
    (
        *("exe", "com", "scr", "pif", "bat", "cmd", "msi", "msp", "hta", "cpl", "jar", "vbs"),
        *("vbe", "wsf", "wsh", "ps1", "psm1", "lnk", "reg", "apk", "dmg", "app"),
    )
)
#: Containers whose types another program tells apart: these two entries name them.
_CONTAINER_MARKS: Final = {
    _OOXML: b"[Content_Types].xml",
    _OPEN_DOCUMENT: b"mimetypeapplication/vnd.oasis.opendocument.",
    "application/epub+zip": b"mimetypeapplication/epub+zip",
}
#: Control characters that no text has.
_NOT_TEXT: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
#: Types in an upload that claim nothing.
_NO_CLAIM: Final = ("", OCTETS, "binary/octet-stream")


class UnsupportedTypeError(UnsupportedError):
    """The type of a file is not allowed, or its bytes are not what the upload claims (415)."""

    code = "attachment_type"


class Edges(NamedTuple):
    """The first and the last bytes of a file, up to ``EDGE_BYTES`` each."""

    head: bytes
    tail: bytes


def media_type_check(edges: Edges, *, name: str, claimed: str) -> str:
    """Return the type of a file by its content.

    ``name`` is the file's name, ``claimed`` the type that the upload names. Raises
    ``UnsupportedTypeError`` for a type that is not allowed, and for a contradiction.
    """
    ending = PurePath(name.lower()).suffix.removeprefix(".")
    found = _type_of_bytes(edges.head)
    if ending in _RUNS or not found:
        raise UnsupportedTypeError(
            f"Files of this type cannot be attached: {name}.", code="attachment_type_not_allowed"
        )
    by_name, needed = _CLAIMS.get(ending, (found, found))
    if needed != found or not _is_container(edges, by_name):
        raise _mismatch(name, by_name, found)
    _check_claim(claimed, by_name, found, name)
    return by_name if by_name not in PICTURES else found


def served_type(media_type: str) -> str:
    """Return the ``Content-Type`` under which bytes of a type are served."""
    if media_type in ACTIVE:
        return OCTETS
    return PICTURES[media_type][1] if media_type in PICTURES else media_type


def _type_of_bytes(head: bytes) -> str:
    """Return the type that the first bytes have; "" for none that is known."""
    for pattern, media_type in _SIGNATURES:
        if pattern.match(head):
            return media_type
    return "" if _NOT_TEXT.search(head) or not head else TEXT


def _is_container(edges: Edges, media_type: str) -> bool:
    for prefix, mark in _CONTAINER_MARKS.items():
        if media_type.startswith(prefix):
            return mark in edges.head or mark in edges.tail
    return True


def _check_claim(claimed: str, by_name: str, found: str, name: str) -> None:
    """Raise unless the type in the upload, if it is one of a picture or PDF, is that of the bytes.

    Browsers take it from the name, and know few others.
    """
    kind = claimed.split(";", 1)[0].strip().lower()
    if kind in _NO_CLAIM or kind in (by_name, found):
        return
    if kind == "image/jpg":
        kind = "image/jpeg"
    is_decisive = kind.startswith("image/") or kind == PDF or found in PICTURES or found == PDF
    if is_decisive and kind != found:
        raise _mismatch(name, kind, found)


def _mismatch(name: str, claimed: str, found: str) -> UnsupportedTypeError:
    return UnsupportedTypeError(
        f"{name} is not what it claims to be: {claimed} is claimed, its content is {found}.",
        code="attachment_type_mismatch",
        extra={"claimed": claimed, "found": found},
    )
