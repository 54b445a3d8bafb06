"""Titles, cleaned and folded."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.folding import text_fold
from apps.documents.titles import pattern_escape, search_pattern, title_clean, title_fold


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


@pytest.mark.parametrize(
    ("search", "title"),
    [
        ("resume", "Résumé"),
        ("Résumé", "resume"),
        ("istanbul", "İstanbul"),
        ("ISTANBUL", "Istanbul"),
        ("oresund", "Øresund"),
        ("strasse", "Straße"),
        ("aesop", "Æsop"),
        ("Æsop", "Aesop"),
        ("andre plan", "Plan für André"),
        ("ελλαδα", "Ελλάδα"),
        ("C++ (v.2)", "On c++ (V.2)"),
    ],
)
def test_search_pattern_ignores_accents(search: str, title: str) -> None:
    """Both ways, for letters that Unicode takes apart and for those that it does not."""
    assert re.search(search_pattern(search), title_fold(title))


@pytest.mark.parametrize(("search", "title"), [("か", "が"), ("resume", "Rezume"), ("a", "")])
def test_search_pattern_does_not_ignore_letters(search: str, title: str) -> None:
    """The marks of Japanese are letters, not accents."""
    assert not re.search(search_pattern(search), title_fold(title))


@given(st.text(max_size=100))
def test_search_pattern_finds_each_title_by_its_own_words(title: str) -> None:
    """Whatever is typed is found again."""
    assert re.search(search_pattern(title), title_fold(title), re.DOTALL)


def test_search_pattern_is_bounded() -> None:
    """MongoDB refuses patterns above 32 KiB; a longer search is compared with its accents."""
    assert len(search_pattern("o" * 100).encode()) < 16_000
    assert len(search_pattern("o" * 200).encode()) < 1_000


@given(st.text())
def test_text_fold_is_idempotent(text: str) -> None:
    """A folded text folds to itself."""
    assert text_fold(text_fold(text)) == text_fold(text)


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
