"""Files of other programs as HTML, with their pictures stored: the first half of an import."""

from io import BytesIO
from typing import NamedTuple

from django.conf import settings

from apps.attachments.services import pictures_store
from apps.attachments.uploads import CheckedUpload, Upload
from apps.edits.import_sources import Source
from apps.history.conversions import conversion_run, program_limits
from apps.office.conversion import office_read


class ImportedFile(NamedTuple):
    """A file as HTML, and the pictures that it may show, by their ids."""

    html: str
    pictures: dict[str, CheckedUpload]


def file_read(source: Source) -> ImportedFile:
    """Return a file of another program as HTML, and store its pictures, cleaned as uploads are.

    One that cannot be shown is left out, and so are those beyond the limits of the settings. Raises
    as ``conversion_run``, ``office_read`` and ``pictures_store`` do.
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
    stored = pictures_store(uploads=uploads, timeout_s=settings.OFFICE_PICTURES_S)
    return ImportedFile(file.html, stored)
