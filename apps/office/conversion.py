"""Whole conversions of other programs' formats, as they run in a child process.

HTML is the way between: what our own import and export of HTML can do, these formats can.
"""

import re
from collections.abc import Collection, Mapping
from html import unescape
from typing import Any, Final, NamedTuple

from apps.crdt.content.conversion import ConvertedContent, content_convert, content_convert_into
from apps.office.archive import archive_part, archive_reduced
from apps.office.html import html_for_pandoc, html_for_pdf, html_from_pandoc, html_without_languages
from apps.office.pandoc import pandoc_read, pandoc_write
from apps.office.pdf import pdf_write
from apps.office.pictures import (
    OfficePicture,
    ReadPicture,
    archive_filled,
    html_with_pictures,
    html_with_stand_ins,
    pictures_found,
    pictures_placed,
)
from apps.office.program import ProgramLimits

_ARCHIVES: Final = ("docx", "epub", "odt")
#: Formats in which a title beside the text would not be found again.
_TITLE_IN_TEXT: Final = ("rst", "rtf")
#: The title of an ODT, which pandoc does not read.
_ODT_TITLE: Final = re.compile(rb"<dc:title>([^<]{1,4000})</dc:title>")


class ReadFile(NamedTuple):
    """A file as HTML, and its pictures by their ids as attachments."""

    html: str
    pictures: dict[str, ReadPicture]


def office_read(
    data: bytes,
    kind: str,
    *,
    limits: ProgramLimits,
    unpacked_bytes: int,
    pictures_max: int,
    pictures_bytes: int,
) -> ReadFile:
    """Return a file as HTML with its first pictures; other ones have addresses that lead nowhere.

    ``pictures_max`` is their number, ``pictures_bytes`` the bytes of all of them. Those of an RTF
    are not read. Raises as ``archive_reduced`` and ``pandoc_read`` do.
    """
    if kind not in _ARCHIVES:
        return ReadFile(html_from_pandoc(pandoc_read(data, kind, limits)), {})
    archive = archive_reduced(data, max_bytes=unpacked_bytes)
    title = _odt_title(archive) if kind == "odt" else ""
    html = html_from_pandoc(pandoc_read(archive, kind, limits), title=title)
    return ReadFile(*pictures_found(html, data, max_count=pictures_max, max_bytes=pictures_bytes))


def office_convert(html: str, *, picture_ids: Collection[str], **options: Any) -> ConvertedContent:
    """Return the HTML of a file as a new document, with the ``options`` of ``content_convert``.

    ``picture_ids`` are the pictures that it may have; others become words. Raises as
    ``content_convert`` does.
    """
    return content_convert(html_with_pictures(html, picture_ids), "html", **options)


def office_convert_into(
    state: bytes, html: str, *, picture_ids: Collection[str], at_start: bool
) -> bytes | None:
    """Return the v1 update that inserts the HTML of a file into a document; None for an empty one.

    Raises as ``content_convert_into`` does.
    """
    page = html_with_pictures(html, picture_ids)
    return content_convert_into(state, page, "html", at_start=at_start)


def office_export(
    page: str,
    kind: str,
    title: str,
    *,
    pictures: Mapping[str, OfficePicture],
    limits: ProgramLimits,
    identifier: str,
    date: str,
) -> bytes:
    """Return a document, which is given as HTML without a title, in one of ``OFFICE_WRITTEN``.

    ``pictures`` are those of the page by their ids; others become words, and so do all in formats
    without pictures. ``identifier`` (a UUID) and ``date`` are those of a book: in its sandbox,
    pandoc has neither a clock nor chance, and would give all books the same ones. Raises as
    ``pandoc_write`` and ``pdf_write`` do.
    """
    html = html_for_pandoc(page, title=title, title_in_text=kind in _TITLE_IN_TEXT)
    if kind == "pdf":
        placed = pictures_placed(html_for_pdf(html), pictures)
        source = placed.places.encode() + pandoc_write(placed.html, "typst", limits)
        return pdf_write(source, limits, pictures=placed.data)
    if kind not in _ARCHIVES:
        return pandoc_write(html_with_stand_ins(html, {}), kind, limits)
    html = html_with_stand_ins(html, pictures)
    if kind == "docx":
        html = html_without_languages(html)
    book = {"identifier": f"urn:uuid:{identifier}", "date": date} if kind == "epub" else None
    return archive_filled(pandoc_write(html, kind, limits, metadata=book), pictures)


def _odt_title(archive: bytes) -> str:
    found = _ODT_TITLE.search(archive_part(archive, "meta.xml"))
    return " ".join(unescape(found[1].decode("utf-8", "replace")).split()) if found else ""
