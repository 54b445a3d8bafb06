"""Cleaned pictures, and what hostile ones get."""

import resource
from io import BytesIO

import pytest
from PIL import Image

from apps.attachments.cleaned_picture import PictureTooLargeError, PictureUnreadableError
from apps.attachments.cleaning import picture_clean_in_child
from apps.attachments.media_types import WIDTHS
from apps.attachments.pictures import picture_clean
from tests.attachments import samples

MOST = 50_000_000


def opened(data: bytes) -> Image.Image:
    """Return a decoded picture."""
    picture = Image.open(BytesIO(data))
    picture.load()
    return picture


def test_photo_loses_its_position_and_camera() -> None:
    """Nothing of the EXIF data, and no comment."""
    data = samples.photo()
    assert samples.LATITUDE in data
    cleaned = picture_clean(data, "image/jpeg", max_pixels=MOST)
    assert samples.LATITUDE not in cleaned.data
    picture = opened(cleaned.data)
    assert picture.format == "JPEG"
    assert not picture.getexif()
    assert "comment" not in picture.info
    assert (cleaned.width, cleaned.height) == (60, 40)


def test_photo_is_turned_as_it_was_held() -> None:
    """Orientation 6: the camera was held upright, so the left side is at the top."""
    cleaned = picture_clean(samples.photo(orientation=6), "image/jpeg", max_pixels=MOST)
    assert (cleaned.width, cleaned.height) == (40, 60)
    top = opened(cleaned.data).convert("RGB").getpixel((20, 5))
    assert isinstance(top, tuple)
    assert top[0] > 200


def test_bytes_after_and_inside_a_picture_are_gone() -> None:
    """A polyglot: a picture that is a page and an archive too."""
    data = samples.png(text=samples.HTML) + b"PK\x03\x04" + samples.HTML
    cleaned = picture_clean(data, "image/png", max_pixels=MOST)
    assert b"<script>" in data
    assert b"script" not in cleaned.data
    assert b"PK\x03\x04" not in cleaned.data
    assert opened(cleaned.data).convert("RGB").tobytes() == opened(data).convert("RGB").tobytes()


def test_transparency_stays() -> None:
    """Of a palette, too."""
    out = BytesIO()
    Image.new("RGBA", (8, 8), (9, 9, 9, 0)).quantize(4).save(out, "PNG")
    cleaned = picture_clean(out.getvalue(), "image/png", max_pixels=MOST)
    assert opened(cleaned.data).convert("RGBA").getpixel((1, 1))[3] == 0  # type: ignore[index]


def test_smaller_sizes_are_those_below_the_width() -> None:
    """In the same proportions."""
    cleaned = picture_clean(samples.png(1300, 650), "image/png", max_pixels=MOST)
    assert sorted(cleaned.sizes) == [width for width in WIDTHS if width < 1300]
    for width, data in cleaned.sizes.items():
        assert opened(data).size == (width, width // 2)


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_animation_stays_one(kind: str) -> None:
    """With its times."""
    cleaned = picture_clean(
        samples.animation(3, kind=kind), f"image/{kind.lower()}", max_pixels=MOST
    )
    picture = opened(cleaned.data)
    assert picture.n_frames == 3  # type: ignore[attr-defined]
    assert picture.info["duration"] == 70


def test_bomb_is_refused_before_it_is_decoded() -> None:
    """10,000 by 10,000 pixels in some kilobytes: by its header."""
    data = samples.bomb()
    assert len(data) < 20_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(PictureTooLargeError) as caught:
        picture_clean(data, "image/png", max_pixels=MOST)
    assert caught.value.extra == {"limit": "ATTACHMENT_MAX_PIXELS", "value": MOST}
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 10_000


def test_frames_of_an_animation_are_counted_together() -> None:
    """Many small pictures are a large one."""
    data = samples.animation(20, (100, 100))
    with pytest.raises(PictureTooLargeError):
        picture_clean(data, "image/gif", max_pixels=100_000)


@pytest.mark.parametrize(
    "data", [samples.png()[:60], b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0" * 9]
)
def test_damaged_picture_is_refused(data: bytes) -> None:
    """Truncated, or only the first bytes of one."""
    media_type = "image/jpeg" if data.startswith(b"\xff") else "image/png"
    with pytest.raises(PictureUnreadableError):
        picture_clean(data, media_type, max_pixels=MOST)


def test_child_cleans_and_refuses_as_the_function_does() -> None:
    """Errors and results pass the process's border."""
    cleaned = picture_clean_in_child(samples.png(400, 300), "image/png")
    assert (cleaned.width, sorted(cleaned.sizes)) == (400, [320])
    with pytest.raises(PictureTooLargeError):
        picture_clean_in_child(samples.bomb(), "image/png")
    with pytest.raises(PictureUnreadableError):
        picture_clean_in_child(b"\x89PNG\r\n\x1a\n", "image/png")
