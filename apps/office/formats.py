"""Formats of other programs: names, endings, media types, and what their first bytes are."""

from pathlib import PurePath
from typing import Final, NamedTuple


class OfficeFormat(NamedTuple):
    """A format: its name for people, its media type, and whether it is text in UTF-8."""

    name: str
    media_type: str
    is_text: bool = False


#: Formats that pandoc reads.
OFFICE_READ: Final = {
    "docx": OfficeFormat(
        "Word", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    ),
    "epub": OfficeFormat("EPUB", "application/epub+zip"),
    "odt": OfficeFormat("OpenDocument", "application/vnd.oasis.opendocument.text"),
    "rst": OfficeFormat("reStructuredText", "text/x-rst; charset=utf-8", is_text=True),
    "rtf": OfficeFormat("RTF", "application/rtf"),
}
#: Formats that are written.
OFFICE_WRITTEN: Final = OFFICE_READ | {"pdf": OfficeFormat("PDF", "application/pdf")}
#: Formats whose files have pictures.
WITH_PICTURES: Final = ("docx", "epub", "odt", "pdf")
#: Text formats that have pictures where they are asked for.
TEXT_WITH_PICTURES: Final = ("html", "md")

_ENDINGS: Final = {"docm": "docx", "dotx": "docx", "ott": "odt", "rest": "rst"}
#: The first file of a zip archive, by the standards of EPUB and ODT, is its media type.
_TYPE_AT: Final = 30
_DECLARED: Final = {
    b"mimetypeapplication/epub+zip": "epub",
    b"mimetypeapplication/vnd.oasis.opendocument.text": "odt",
}


def office_format_of(file_name: str) -> str | None:
    """Return the format of a file by its name; None if it is none of ``OFFICE_READ``."""
    ending = PurePath(file_name).suffix[1:].lower()
    kind = _ENDINGS.get(ending, ending)
    return kind if kind in OFFICE_READ else None


def office_format_in(data: bytes) -> str | None:
    """Return the format of a file by its first bytes; None if they are of no known format."""
    if data.startswith(b"{\\rtf"):
        return "rtf"
    if not data.startswith(b"PK\x03\x04"):
        return None
    for declared, kind in _DECLARED.items():
        if data.startswith(declared, _TYPE_AT):
            return kind
    return "docx" if b"word/" in data else None
