"""Pictures of a document for the files of other programs: scaled, as PNG or JPEG, within limits."""

import logging
from collections.abc import Sequence
from time import monotonic
from typing import Final

from django.conf import settings

from apps.attachments.cleaning import picture_convert_in_child
from apps.attachments.media_types import UnsupportedTypeError
from apps.attachments.selectors import (
    AttachmentLostError,
    StoredAttachment,
    Variant,
    attachments_iter,
    variant_of,
    variant_open,
)
from apps.core.errors import LimitExceededError
from apps.office.pictures import OfficePicture

logger = logging.getLogger(__name__)

#: Least width of the stored size that a file has, in pixels: 200 to the inch on A4.
_WIDTH: Final = 1_280
#: Types that pandoc, typst and office programs read.
_READ: Final = ("image/png", "image/jpeg")


def pictures_read(*, document_id: str, file_ids: Sequence[str]) -> dict[str, OfficePicture]:
    """Return the pictures of a document among ``file_ids``, by their ids.

    The limits are ``OFFICE_PICTURES``, ``OFFICE_PICTURES_BYTES`` and ``OFFICE_PICTURES_S``; the
    first ones are returned, and none that is lost. The caller has checked that the document may
    be read. Raises ``FilesAwayError``.
    """
    wanted = list(file_ids)[: settings.OFFICE_PICTURES]
    if not wanted:
        return {}
    known = {one.id: one for one in attachments_iter(document_id=document_id) if one.is_picture}
    found: dict[str, OfficePicture] = {}
    left: int = settings.OFFICE_PICTURES_BYTES
    end = monotonic() + settings.OFFICE_PICTURES_S
    for file_id in wanted:
        if monotonic() > end:
            logger.warning("pictures of document %s were left out of a file", document_id)
            break
        picture = _picture(known[file_id]) if file_id in known else None
        if picture is not None and len(picture.data) <= left:
            left -= len(picture.data)
            found[file_id] = picture
    return found


def _picture(attachment: StoredAttachment) -> OfficePicture | None:
    variant = variant_of(attachment, width=_WIDTH)
    try:
        data, media_type = _bytes(attachment, variant), variant.content_type
        if media_type not in _READ:
            data, media_type = picture_convert_in_child(data, media_type)
    except (AttachmentLostError, UnsupportedTypeError, LimitExceededError) as err:
        logger.warning("picture %s is left out of a file: %s", attachment.id, err)
        return None
    return OfficePicture(data, media_type, attachment.width or 1, attachment.height or 1)


def _bytes(attachment: StoredAttachment, variant: Variant) -> bytes:
    reader = variant_open(attachment, variant)
    try:
        return reader.read(variant.size)
    finally:
        reader.close()
