"""Titles, cleaned and folded."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.documents.titles import pattern_escape, title_clean, title_fold


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "Untitled"),
        (" \t\n ", "Untitled"),
        ("\x00\x1f", "Untitled"),
        ("\u200b", "Untitled"),
        ("\u2060 \u3164\u2800", "Untitled"),
        ("\u200bx", "\u200bx"),
        ("  two \n words ", "two words"),
        ("a\x00b", "a b"),
        ("\ud800x", "x"),
        ("日本語 🎉", "日本語 🎉"),
    ],
)
def test_title_clean_keeps_visible_characters(text: str, expected: str) -> None:
    """One line, no control characters, nothing that a database rejects."""
    assert title_clean(text) == expected


@given(st.text(alphabet=st.characters(codec=None)))
def test_title_clean_can_always_be_stored(text: str) -> None:
    """Any input becomes UTF-8 without NUL; cleaning is idempotent."""
    title = title_clean(text)
    assert b"\x00" not in title.encode()
    assert title_clean(title) == title


@pytest.mark.parametrize(
    ("one", "other"), [("Straße", "STRASSE"), ("Ａda", "aDA"), ("É", "e\u0301")]
)
def test_title_fold_ignores_case_width_and_composition(one: str, other: str) -> None:
    """Folded titles are compared in a search."""
    assert title_fold(one) == title_fold(other)


@given(st.text())
def test_pattern_escape_matches_the_text_itself(text: str) -> None:
    """No character of a search is an operator."""
    assert re.fullmatch(pattern_escape(text), text)


@pytest.mark.parametrize("control", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_title_clean_removes_controls_of_direction(control: str) -> None:
    """An override makes ``fdp.html`` read as ``lmth.pdf`` in a list and in a file's name."""
    assert title_clean(f"report{control}fdp.html") == "reportfdp.html"


def test_title_clean_keeps_what_scripts_and_emoji_need() -> None:
    """Marks of direction in Hebrew, joiners in Persian and in a family of emoji."""
    for title in (
        "\u05d0\u200f!",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\U0001f468\u200d\U0001f469",
    ):
        assert title_clean(title) == title
