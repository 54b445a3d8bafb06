"""Files of other programs: read as HTML, converted, and their pictures stored."""

from collections.abc import Callable
from io import BytesIO
from typing import NamedTuple, TypeVar

from django.conf import settings

from apps.accounts.models import User
from apps.attachments.services import pictures_store
from apps.attachments.uploads import CheckedUpload, Upload
from apps.edits.import_sources import Source
from apps.history.conversions import conversion_run, program_limits
from apps.office.conversion import office_read

_Converted = TypeVar("_Converted")


class ImportedFile(NamedTuple):
    """A file as HTML, and the pictures in it by their ids, which nothing has checked yet."""

    html: str
    pictures: dict[str, Upload]


def file_read(source: Source) -> ImportedFile:
    """Return a file of another program, with pictures up to the limits of the settings.

    Raises as ``conversion_run`` and ``office_read`` do.
    """
    file = conversion_run(
        office_read,
        source.content,
        source.kind,
        limits=program_limits(),
        unpacked_bytes=settings.IMPORT_UNPACKED_MAX_BYTES,
        pictures_max=settings.OFFICE_PICTURES,
        pictures_bytes=settings.OFFICE_PICTURES_BYTES,
    )
    uploads = {
        file_id: Upload(BytesIO(picture.data), picture.name)
        for file_id, picture in file.pictures.items()
    }
    return ImportedFile(file.html, uploads)


def file_convert(
    file: ImportedFile, convert: Callable[[set[str]], _Converted], *, user: User
) -> tuple[_Converted, dict[str, CheckedUpload]]:
    """Return what ``convert`` makes of a file, and its stored pictures, cleaned as uploads are.

    ``convert`` gets the ids of the pictures. It runs before they are stored, so that a file that
    it refuses leaves nothing behind; and again without those that cannot be shown. Raises as
    ``convert`` and ``pictures_store`` do.
    """
    converted = convert(set(file.pictures))
    stored = pictures_store(user=user, uploads=file.pictures, timeout_s=settings.OFFICE_PICTURES_S)
    if stored.keys() != file.pictures.keys():
        converted = convert(set(stored))
    return converted, stored
