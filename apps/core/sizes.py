"""Sizes in words for people: "1 MiB", not "1048576 bytes". Pure."""

from typing import Final

_UNITS: Final = ("KiB", "MiB", "GiB")


def size_text(count: int) -> str:
    """Return a number of bytes in the largest unit in which it has at most one decimal."""
    if count < 1024:
        return "1 byte" if count == 1 else f"{count} bytes"
    size, unit = count / 1024, 0
    while size >= 1024 and unit + 1 < len(_UNITS):
        size, unit = size / 1024, unit + 1
    return f"{size:.1f}".removesuffix(".0") + f" {_UNITS[unit]}"
