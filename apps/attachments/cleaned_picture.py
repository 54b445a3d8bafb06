"""A cleaned picture, and why there is none; without the decoders, which a child imports. Pure."""

import hashlib
from dataclasses import dataclass

from apps.attachments.media_types import UnsupportedTypeError
from apps.core.errors import LimitExceededError


class PictureTooLargeError(LimitExceededError):
    """A picture has more pixels than ``ATTACHMENT_MAX_PIXELS``, all its frames together."""


class PictureUnreadableError(UnsupportedTypeError):
    """The bytes begin as a picture, and are none."""

    code = "attachment_unreadable"


@dataclass(frozen=True, slots=True)
class CleanedPicture:
    """A picture as it is served: its bytes, its smaller sizes (WebP) by width, its dimensions."""

    data: bytes
    width: int
    height: int
    sizes: dict[int, bytes]

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the bytes."""
        return hashlib.sha256(self.data).hexdigest()


def picture_clean_task(data: bytes, media_type: str, *, max_pixels: int) -> CleanedPicture:
    """Clean a picture in a child process, which alone imports the decoders.

    Raises as ``attachments.pictures.picture_clean`` does.
    """
    from apps.attachments.pictures import picture_clean

    return picture_clean(data, media_type, max_pixels=max_pixels)


def picture_convert_task(data: bytes, media_type: str, *, max_pixels: int) -> tuple[bytes, str]:
    """Convert a picture in a child process, which alone imports the decoders.

    Raises as ``attachments.pictures.picture_convert`` does.
    """
    from apps.attachments.pictures import picture_convert

    return picture_convert(data, media_type, max_pixels=max_pixels)
