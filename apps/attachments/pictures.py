"""Cleaned pictures: decoded and encoded again, so that only pixels are left. Pure.

Metadata (the position and the camera in EXIF), comments, thumbnails and whatever follows the
picture's data are gone. Runs in a child process with limits (``attachments.cleaning``), because
decoders are the first target of hostile files.
"""

from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final

from PIL import Image, ImageCms, ImageOps, ImageSequence

from apps.attachments.cleaned_picture import (
    CleanedPicture,
    PictureTooLargeError,
    PictureUnreadableError,
)
from apps.attachments.media_types import PICTURES, WIDTHS

#: Longest side that WebP has, in pixels.
_WEBP_MAX_PIXELS: Final = 16_383
#: Longest time of one picture of an animation, in milliseconds.
_FRAME_MAX_MS: Final = 60_000
#: Longest side of a picture in the file of another program, in pixels: 250 to the inch.
_PRINTED_PX: Final = 1_600
#: Errors of Pillow's decoders.
_DAMAGE: Final = (OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError, TypeError)

# Pillow's own bound only warns; each picture is compared with ours before it is decoded.
Image.MAX_IMAGE_PIXELS = None


def picture_clean(data: bytes, media_type: str, *, max_pixels: int) -> CleanedPicture:
    """Return a picture without anything except for its pixels, turned as its EXIF says.

    An animation of GIF or WebP stays one. Raises ``PictureTooLargeError``,
    ``PictureUnreadableError``.
    """
    name, served = PICTURES[media_type]
    try:
        with Image.open(BytesIO(data), formats=[name]) as picture:
            _check_pixels(picture.width * picture.height, max_pixels)
            if name in ("GIF", "WEBP") and getattr(picture, "is_animated", False):
                return _clean_animation(picture, name, max_pixels)
            return _clean_still(picture, served)
    except _DAMAGE as err:
        raise _unreadable() from err


def picture_convert(data: bytes, media_type: str, *, max_pixels: int) -> tuple[bytes, str]:
    """Return a served picture as PNG or JPEG, which all programs read, and which of both it is.

    It is one frame, and no larger than a printed page needs. Raises as ``picture_clean`` does.
    """
    name, _ = PICTURES[media_type]
    try:
        with Image.open(BytesIO(data), formats=[name]) as picture:
            _check_pixels(picture.width * picture.height, max_pixels)
            plain = _without_info(_plain(picture))
    except _DAMAGE as err:
        raise _unreadable() from err
    plain.thumbnail((_PRINTED_PX, _PRINTED_PX))
    converted = "image/png" if plain.mode == "RGBA" else "image/jpeg"
    return _encoded(plain, converted), converted


def _unreadable() -> PictureUnreadableError:
    return PictureUnreadableError(
        "This picture cannot be read: the file is damaged, or not a picture."
    )


def _check_pixels(pixels: int, most: int) -> None:
    if pixels > most:
        raise PictureTooLargeError(
            f"A picture has at most {most:,} pixels; this one has {pixels:,}.",
            extra={"limit": "ATTACHMENT_MAX_PIXELS", "value": most},
        )


def _clean_still(picture: Image.Image, served: str) -> CleanedPicture:
    profile = picture.info.get("icc_profile")
    pixels = _without_info(_plain(ImageOps.exif_transpose(picture)))
    pixels = _in_srgb(pixels, profile)
    return CleanedPicture(
        data=_encoded(pixels, served),
        width=pixels.width,
        height=pixels.height,
        sizes=dict(_sizes(pixels)),
    )


def _clean_animation(picture: Image.Image, name: str, max_pixels: int) -> CleanedPicture:
    frames: list[Image.Image] = []
    durations: list[int] = []
    for number, frame in enumerate(ImageSequence.Iterator(picture), start=1):
        _check_pixels(number * picture.width * picture.height, max_pixels)
        pixels = frame.convert("RGBA")
        duration = frame.info.get("duration", 100)  # WebP's is known when a frame is decoded
        durations.append(min(max(int(duration), 0), _FRAME_MAX_MS))
        frames.append(_without_info(pixels))
    loop = int(picture.info.get("loop", 0 if name == "WEBP" else 1))
    first, rest = frames[0], frames[1:]
    options: dict[str, Any] = {"save_all": True, "append_images": rest, "duration": durations}
    if name == "GIF":
        options["disposal"] = 2
    if name == "WEBP" or "loop" in picture.info:
        options["loop"] = min(max(loop, 0), 65_535)
    out = BytesIO()
    first.save(out, name, **options)
    return CleanedPicture(out.getvalue(), picture.width, picture.height, {})


def _plain(picture: Image.Image) -> Image.Image:
    """Return a picture in grey, colour, or colour with transparency, of 8 bits each."""
    has_transparency = picture.has_transparency_data
    if picture.mode.startswith("I;16"):
        return picture.point(lambda value: value / 256).convert("L")
    if picture.mode in ("1", "L") and not has_transparency:
        return picture.convert("L")
    return picture.convert("RGBA" if has_transparency else "RGB")


def _without_info(picture: Image.Image) -> Image.Image:
    """Remove what encoders would write beside the pixels."""
    picture.info = {}
    return picture


def _in_srgb(picture: Image.Image, profile: object) -> Image.Image:
    """Return a picture in the colours that every screen knows; unchanged by a damaged profile."""
    if not isinstance(profile, bytes) or picture.mode == "L":
        return picture
    try:
        converted = ImageCms.profileToProfile(
            picture, ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB")
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture
    return picture if converted is None else _without_info(converted)


def _encoded(picture: Image.Image, media_type: str) -> bytes:
    out = BytesIO()
    if media_type == "image/jpeg":
        flat = picture.convert("RGB") if picture.mode == "RGBA" else picture
        flat.save(out, "JPEG", quality=90)
    elif media_type == "image/webp":
        picture.save(out, "WEBP", quality=90, method=2)
    elif media_type == "image/gif":
        picture.save(out, "GIF")
    else:
        picture.save(out, "PNG", compress_level=6)
    return out.getvalue()


def _sizes(picture: Image.Image) -> Iterator[tuple[int, bytes]]:
    source = picture
    for width in sorted(WIDTHS, reverse=True):
        height = max(1, round(picture.height * width / picture.width))
        if width >= picture.width or height > _WEBP_MAX_PIXELS:
            continue
        source = source.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
        out = BytesIO()
        source.save(out, "WEBP", quality=80, method=2)
        yield width, out.getvalue()
