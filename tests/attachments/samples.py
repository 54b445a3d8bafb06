"""Bytes of files for tests: honest ones and hostile ones, made here."""

import itertools
import struct
import zlib
from io import BytesIO

from PIL import Image

_numbers = itertools.count(1)

#: The position in the EXIF data of ``photo``.
LATITUDE = b"SECRET-GPS-52.5200"


def png(width: int = 40, height: int = 30, *, text: bytes = b"") -> bytes:
    """Return a picture in PNG; no two are the same. ``text`` is a comment in it."""
    number = next(_numbers)
    picture = Image.new("RGB", (width, height), (number % 251, number // 251 % 251, 40))
    out = BytesIO()
    picture.save(out, "PNG")
    data = out.getvalue()
    if not text:
        return data
    end = data.rindex(b"IEND") - 4
    return data[:end] + chunk(b"tEXt", b"Comment\0" + text) + data[end:]


def photo(width: int = 60, height: int = 40, *, orientation: int = 1) -> bytes:
    """Return a JPEG with EXIF: a position, a camera, and how it was held; red at the left."""
    picture = Image.new("RGB", (width, height), "blue")
    picture.paste((255, 0, 0), (0, 0, width // 2, height))
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "A camera"
    exif[0x9286] = LATITUDE
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    out = BytesIO()
    picture.save(out, "JPEG", exif=exif, comment=LATITUDE)
    return out.getvalue()


def animation(frames: int = 3, size: tuple[int, int] = (20, 20), kind: str = "GIF") -> bytes:
    """Return an animated picture."""
    pictures = [Image.new("RGB", size, (40 * number % 256, 9, 9)) for number in range(frames)]
    out = BytesIO()
    pictures[0].save(out, kind, save_all=True, append_images=pictures[1:], duration=70, loop=0)
    return out.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(width: int = 10_000, height: int = 10_000) -> bytes:
    """Return a valid PNG of a few kilobytes with as many pixels of one bit."""
    row = b"\0" + bytes((width + 7) // 8)
    compressor = zlib.compressobj(9)
    packed = b"".join(compressor.compress(row) for _ in range(height)) + compressor.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )


PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(document.domain)</script></svg>'
HTML = b"<!doctype html><script>alert(document.domain)</script>"
