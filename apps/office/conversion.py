"""Whole conversions of other programs' formats, as they run in a child process.

HTML is the way between: what our own import and export of HTML can do, these formats can.
"""

import re
from html import unescape
from typing import Any, Final

from apps.crdt.content.conversion import ConvertedContent, content_convert, content_convert_into
from apps.crdt.content.writers import WRITTEN_FORMATS
from apps.office.archive import archive_part, archive_reduced
from apps.office.html import html_for_pandoc, html_for_pdf, html_from_pandoc, html_without_languages
from apps.office.pandoc import pandoc_read, pandoc_write
from apps.office.pdf import pdf_write
from apps.office.program import ProgramLimits

_ARCHIVES: Final = ("docx", "epub", "odt")
#: Formats in which a title beside the text would not be found again.
_TITLE_IN_TEXT: Final = ("rst", "rtf")
#: The title of an ODT, which pandoc does not read.
_ODT_TITLE: Final = re.compile(rb"<dc:title>([^<]{1,4000})</dc:title>")


def office_convert(
    data: bytes, kind: str, *, limits: ProgramLimits, unpacked_bytes: int, **options: Any
) -> ConvertedContent:
    """Return a file as a new document, with the ``options`` of ``content_convert``.

    Raises as ``office_html`` and ``content_convert`` do.
    """
    html = office_html(data, kind, limits=limits, unpacked_bytes=unpacked_bytes)
    return content_convert(html, "html", **options)


def office_convert_into(
    state: bytes,
    data: bytes,
    kind: str,
    *,
    at_start: bool,
    limits: ProgramLimits,
    unpacked_bytes: int,
) -> bytes | None:
    """Return the v1 update that inserts a file into a document; None for an empty one.

    Raises as ``office_html`` and ``content_convert_into`` do.
    """
    html = office_html(data, kind, limits=limits, unpacked_bytes=unpacked_bytes)
    return content_convert_into(state, html, "html", at_start=at_start)


def office_html(data: bytes, kind: str, *, limits: ProgramLimits, unpacked_bytes: int) -> str:
    """Return a file as HTML. Raises as ``archive_reduced`` and ``pandoc_read`` do."""
    if kind not in _ARCHIVES:
        return html_from_pandoc(pandoc_read(data, kind, limits))
    archive = archive_reduced(data, max_bytes=unpacked_bytes)
    title = _odt_title(archive) if kind == "odt" else ""
    return html_from_pandoc(pandoc_read(archive, kind, limits), title=title)


def office_export(
    state: bytes, kind: str, title: str, *, limits: ProgramLimits, identifier: str, date: str
) -> bytes:
    """Return a document, whose state is a v1 update, in one of ``OFFICE_WRITTEN``.

    ``identifier`` (a UUID) and ``date`` are those of a book: in its sandbox, pandoc has neither a
    clock nor chance, and would give all books the same ones. Raises as
    ``pandoc_write`` and ``pdf_write`` do.
    """
    page = WRITTEN_FORMATS["html"].write(state, "").decode()
    html = html_for_pandoc(page, title=title, title_in_text=kind in _TITLE_IN_TEXT)
    if kind == "pdf":
        return pdf_write(pandoc_write(html_for_pdf(html), "typst", limits), limits)
    if kind == "docx":
        return pandoc_write(html_without_languages(html), kind, limits)
    book = {"identifier": f"urn:uuid:{identifier}", "date": date} if kind == "epub" else None
    return pandoc_write(html, kind, limits, metadata=book)


def _odt_title(archive: bytes) -> str:
    found = _ODT_TITLE.search(archive_part(archive, "meta.xml"))
    return " ".join(unescape(found[1].decode("utf-8", "replace")).split()) if found else ""
