"""Sources of an import: the bytes of a text or a file, with the format that they are in."""

from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from django.conf import settings

from apps.core.errors import InvalidInputError, LimitExceededError, UnsupportedError
from apps.core.sizes import size_text
from apps.crdt.content.readers import READ_FORMATS, format_of, text_decoded
from apps.office.formats import OFFICE_READ, office_format_in, office_format_of

#: Formats of an import, by name.
IMPORT_FORMATS: Final = (*READ_FORMATS, *OFFICE_READ)
_NAMES: Final = (
    "Markdown, HTML, plain text, Word (docx), ODT, RTF, EPUB, reStructuredText and ProseMirror's "
    "JSON"
)
#: What a file of these endings is, and what to do with it.
_ADVICE: Final = {
    ".doc": "Save it as Word (.docx) and import that.",
    ".pages": "Export it as Word (.docx) and import that.",
    ".pdf": "A PDF has no paragraphs: import the file that it was made from.",
}


class ImportTooLargeError(LimitExceededError):
    """The content to import is longer than its format may be; ``extra`` names the limit."""


class ImportSourceError(InvalidInputError):
    """There is neither content nor file, or both, or nothing to insert in it."""

    code = "import_source"


class ImportFormatError(InvalidInputError):
    """No known format is named, and the file name has none; ``extra`` has the formats."""

    code = "import_format"


class FileTypeError(UnsupportedError):
    """The file's bytes are not of the format that its name or the request claims."""

    code = "file_type_mismatch"


@dataclass(frozen=True, slots=True)
class Source:
    """The content to import: a text or bytes, its format, the name of an uploaded file."""

    content: str | bytes
    kind: str
    file_name: str = ""

    @property
    def is_office(self) -> bool:
        """Return whether another program reads this format."""
        return self.kind in OFFICE_READ


def source_of_text(text: str, *, kind: str) -> Source:
    """Return a text as a source. Raises ``ImportTooLargeError``, ``ImportFormatError``."""
    found = _kind(kind, "", b"")
    data = text.encode()
    _check_size(len(data), found)
    if found not in OFFICE_READ:
        return Source(text, found)
    if not OFFICE_READ[found].is_text:
        raise ImportFormatError(
            f"{OFFICE_READ[found].name} is no text: send it as a file.",
            extra={"formats": list(IMPORT_FORMATS)},
        )
    return Source(data, found)


def source_of_file(data: bytes, *, name: str, kind: str = "") -> Source:
    """Return a file as a source; without ``kind`` the format is that of its name or its bytes.

    Raises as ``source_of_text`` does, ``NotTextError`` and ``FileTypeError``.
    """
    found = _kind(kind, name, data)
    _check_size(len(data), found)
    if found not in OFFICE_READ:
        return Source(text_decoded(data), found, name)
    if OFFICE_READ[found].is_text:
        return Source(text_decoded(data).encode(), found, name)
    if office_format_in(data) != found:
        raise _other_type(data, found)
    return Source(data, found, name)


def _kind(kind: str, file_name: str, data: bytes) -> str:
    named = kind or format_of(file_name) or office_format_of(file_name)
    found = named or office_format_in(data)
    if found not in IMPORT_FORMATS:
        ending = PurePath(file_name).suffix[:20]
        what = f"Files that end with {ending} are not imported. " if ending else ""
        advice = _ADVICE.get(ending.lower(), "")
        raise ImportFormatError(
            f"{what}{advice or f'What can be imported is {_NAMES}: name the format.'}",
            extra={"formats": list(IMPORT_FORMATS)},
        )
    return found


def _other_type(data: bytes, claimed: str) -> FileTypeError:
    """Return the error of a file that is something else than it claims."""
    own = office_format_in(data)
    if own:
        advice = f"It is {OFFICE_READ[own].name}: give it the ending .{own} and import it again."
    elif data.startswith(b"\xd0\xcf\x11\xe0"):
        advice = (
            "It is of an older Office, or protected by a password: save it as .docx without one, "
            "and import that."
        )
    else:
        advice = "Open it in the program that wrote it, save it there once more, and import that."
    return FileTypeError(
        f"This file is not {OFFICE_READ[claimed].name}, as it claims. {advice}",
        extra={"claimed": claimed, "found": own},
    )


def _check_size(size: int, kind: str) -> None:
    is_text = kind not in OFFICE_READ or OFFICE_READ[kind].is_text
    name = "IMPORT_MAX_BYTES" if is_text else "IMPORT_OFFICE_MAX_BYTES"
    limit: int = getattr(settings, name)
    if size > limit:
        what = "A text" if is_text else "A file"
        advice = "" if is_text else " Leave out its pictures, or split it."
        raise ImportTooLargeError(
            f"{what} to import has at most {size_text(limit)}.{advice}",
            extra={"limit": name, "value": limit},
        )
