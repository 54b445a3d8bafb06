"""Sizes in words."""

import pytest

from apps.core.sizes import size_text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1023 bytes"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (1 << 20, "1 MiB"),
        (5 << 19, "2.5 MiB"),
        (3 << 40, "3072 GiB"),
    ],
)
def test_size_text_has_the_largest_unit(count: int, text: str) -> None:
    """Errors of limits are read by people."""
    assert size_text(count) == text
