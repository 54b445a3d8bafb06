"""Names of files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.attachments.names import NAME_MAX_CHARS, name_clean


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\a b.png", "a b.png"),
        ("a\r\nSet-Cookie: x.png", "a Set-Cookie x.png"),
        ("a\x00b.txt", "a b.txt"),
        ("gnp\u202eexe.png", "gnp exe.png"),
        ("..", "file"),
        ("", "file"),
        ("/", "file"),
        ('<img src="x">.png', "img src= x .png"),
        ("Übersicht 2026.pdf", "Übersicht 2026.pdf"),
        ("x" * 300 + ".png", "x" * (NAME_MAX_CHARS - 4) + ".png"),
    ],
)
def test_name_is_the_last_part_without_what_systems_refuse(text: str, expected: str) -> None:
    """Paths, control characters, and marks that turn the text round."""
    assert name_clean(text) == expected


@given(st.text())
def test_any_text_becomes_a_name(text: str) -> None:
    """Cleaning it again changes nothing."""
    name = name_clean(text)
    assert 0 < len(name) <= NAME_MAX_CHARS
    assert not set(name) & set("/\\\r\n\0")
    assert name_clean(name) == name
