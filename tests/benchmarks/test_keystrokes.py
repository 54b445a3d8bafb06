"""The long document for typing: its length and its blocks."""

import pytest

from benchmarks.keystrokes import PLACES, markdown_of


def words_of(markdown: str) -> int:
    """Return the number of words, without the markers of headings and lists."""
    return sum(word not in {"##", "-"} for word in markdown.split())


@pytest.mark.parametrize("words", [1, 2, 100, 4_321])
def test_markdown_has_the_requested_number_of_words(words: int) -> None:
    """Also if the last block is shortened."""
    assert words_of(markdown_of(words)) == words


def test_document_has_headings_paragraphs_and_lists() -> None:
    """Mostly paragraphs."""
    blocks = markdown_of(5_000).strip().split("\n\n")
    kinds = [block.split()[0] if block[0] in "#-" else "paragraph" for block in blocks]
    assert kinds.count("##") > 5
    assert kinds.count("-") > 2
    assert kinds.count("paragraph") > len(blocks) / 2


def test_markdown_of_a_seed_is_always_the_same() -> None:
    """So that runs can be compared."""
    assert markdown_of(500) == markdown_of(500) != markdown_of(500, seed=2)


def test_short_document_has_a_paragraph() -> None:
    """The middle of the text is found by its paragraphs, and clicked."""
    assert "middle" in PLACES
    assert any(block[0] not in "#-" for block in markdown_of(100).split("\n\n"))
